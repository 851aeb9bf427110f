"""Boards, on which teams see their issues."""

from typing import ClassVar

from posthouse import Line, Link, Reader
from posthouse.webhooks.jira.payload import name, number
from posthouse.webhooks.jira.thing import ThingNotifyEventHandler


class BoardNotifyEventHandler(ThingNotifyEventHandler):
    """Tells of boards that are made, changed, configured or deleted."""

    kind: ClassVar = "board"
    words: ClassVar = {
        "board_created": ("新建了面板", "Board created"),
        "board_updated": ("面板有更新", "Board updated"),
        "board_deleted": ("面板被删除", "Board deleted"),
        "board_configuration_changed": ("面板的配置有更改", "Board configuration changed"),
    }
    events = tuple(words)
    on_by_default: ClassVar = False

    def called(self, reader: Reader) -> str:
        """Return the board's name; a change of its configuration may have it there."""
        return name(reader, "board.name", "configuration.name")

    def identity(self, reader: Reader) -> str:
        """Return the board's id, wherever it is."""
        return number(reader, "board.id") or number(reader, "configuration.id")

    def details(self, reader: Reader) -> tuple[tuple[str, Line | str], ...]:
        """Return what kind of board it is."""
        return ((self.choose(zh="类型", en="Type"), name(reader, "board.type", "configuration.type")),)

    def link(self, reader: Reader) -> Link:
        """Return the board's page."""
        base, own = self.base(reader), self.identity(reader)
        url = f"{base}/secure/RapidBoard.jspa?rapidView={own}" if base and own else ""
        return Link(self.choose(zh="查看面板", en="Open board"), url)
