"""The forms in which Feishu can show a message, from the richest to the plainest."""

import enum


class Form(enum.IntEnum):
    """One way to show a message; the next is tried where Feishu refuses this one."""

    CARD = 0
    #: The same, but nobody is mentioned, for that is what a whole card may be refused for.
    UNMENTIONED = 1
    #: A card of version 1.0, which private deployments and old clients know.
    OLD_CARD = 2
    POST = 3
    TEXT = 4
    #: Of what users wrote only the title, for what does not pass an audit.
    MINIMAL = 5
