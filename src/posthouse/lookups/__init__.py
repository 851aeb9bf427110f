"""Calls back to the senders, for what their events do not say: titles, names, links. Never in the way of a message."""

from posthouse.lookups.lookups import Lookups

__all__ = ["Lookups"]
