"""The HTTP side: webhooks come in, and a few addresses tell how posthouse is. The only package that uses Flask."""

from posthouse.web.app import create_app

__all__ = ["create_app"]
