"""Asks the Apprise library what a URL leads to; the only module here that imports it, and only when it is asked."""

import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from apprise import NotifyBase

#: Apprise takes HTTP 200 from these for success, which proves nothing; ours read the code in the body.
OWN = {"dingtalk": "ding_talk", "feishu": "fei_shu", "lark": "fei_shu", "wecombot": "wechat"}
#: What only whoever sits at this machine can see.
LOCAL = frozenset({"blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"})
#: A second URL after the first.
SEVERAL = re.compile(r"[\s,;][a-z][a-z0-9]*://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Service:
    """What is to be known of a service, without its credentials.

    ``format`` is what to give it: text where it takes text, and Markdown where it shows that, or what the library makes
    of that. ``plain_format`` is text too, unless it shows nothing but Markdown: the library would put a backslash into
    every address. A text has room for ``body_characters``, a title for ``title_characters``; 0 means that the title
    is put in front of the text. The title ``counts`` as a part of the text then, and with some services that show one
    too. It has several ``targets`` where the URL names them.
    """

    format: Literal["text", "markdown"]
    plain_format: Literal["text", "markdown"]
    title_characters: int
    body_characters: int
    counts: bool
    targets: int
    plugin: "NotifyBase" = field(repr=False)

    def converted(self, text: str, form: Literal["text", "markdown"]) -> str:
        """Return what the library makes of a text in this ``form``, which is what the service counts."""
        from apprise import NotifyFormat
        from apprise.conversion import convert_between

        given = NotifyFormat(form)
        taken = self.plugin.resolve_format(given)
        return str(self.plugin.dialect_convert(convert_between(given, taken, text), taken))  # type: ignore[no-untyped-call]


def service_of(url: str) -> Service:
    """Return the service that a URL leads to. Raises `ValueError` with words that do not quote the URL."""
    # What the library writes down about a URL that it does not understand shows all of it.
    logging.getLogger("apprise").propagate = False
    try:
        from apprise import Apprise
        from apprise.manager_plugins import NotificationManager
        from apprise.plugins import url_to_dict
    except ImportError:
        raise ValueError('needs the Apprise library: pip install "posthouse[apprise]"') from None
    if SEVERAL.search(url):
        raise ValueError("url must be one Apprise URL; a robot is one group, and others are robots of their own")
    parts: dict[str, Any] | None = url_to_dict(url)  # type: ignore[no-untyped-call]
    if parts is None:
        raise ValueError(
            "Apprise knows no service for this url; addresses of DingTalk, Feishu and WeCom are for ding_talk, fei_shu "
            "and wechat"
        )
    kind = parts["schema"]
    _require_another_place(kind)
    known = NotificationManager()[kind]  # type: ignore[no-untyped-call]
    if not known.enabled:
        raise ValueError(f"Apprise needs a further package for {kind}://, see {known.setup_url}")
    plugin = Apprise.instantiate({**parts, "retry": 0})
    if plugin is None:
        raise ValueError(f"Apprise does not understand what stands behind {kind}://, see {known.setup_url}")
    return _described(plugin)


def _require_another_place(kind: str) -> None:
    if kind in OWN:
        raise ValueError(f"robots of {kind}:// are served better without Apprise: use {OWN[kind]}")
    if kind in LOCAL:
        raise ValueError(f"{kind}:// reaches nobody but this machine; a robot is a group elsewhere")


def _described(plugin: "NotifyBase") -> Service:
    title = max(plugin.title_maxlen, 0)
    return Service(
        format="text" if plugin.resolve_format().value == "text" else "markdown",
        plain_format="markdown" if plugin.resolve_format("text").value == "markdown" else "text",
        title_characters=title,
        body_characters=plugin.body_maxlen,
        counts=title == 0 or plugin.overflow_amalgamate_title,
        targets=len(plugin),
        plugin=plugin,
    )
