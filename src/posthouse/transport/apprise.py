"""Sends through the Apprise library: once, bounded in time, and without a word of it in anybody's log.

The library is optional and slow to import, so that is done when something is to be sent with it.

A service gets the seconds below to connect and for each of its answers, unless the URL has ``cto`` and ``rto``; mail
servers get the former for everything. Several requests to one service, a slow name server and an answer that drips may
take longer: then the library stops waiting, but not its thread. That is one of a few (four more than there are
processors), ends when the service does, may still show the message, and keeps a process that is to stop from ending so
long.
"""

import json
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from posthouse.core.http import AppriseRequest, HttpReply
from posthouse.transport.connections import CONNECT_SECONDS

if TYPE_CHECKING:
    from apprise import AppriseAsset, NotifyBase

READ_SECONDS = 7.0
#: Lines that people should see, and what others begin with that say more of a failure. The rest shows payloads.
LEVELS = frozenset({"WARNING", "ERROR", "CRITICAL"})
REASONS = ("Socket Exception", "Notification Exception", "Response Details")
LINES = 20
LINE_CHARACTERS = 2000


def notify(request: AppriseRequest, *, seconds: float) -> HttpReply | None:
    """Let the library send the request, and return within ``seconds`` what came of it; see `AppriseRequest`.

    None stands for a URL that the library does not understand. There is one attempt, and redirects are not followed
    unless the URL says so. Proxies are those that the environment names, as for every program that uses ``requests``.
    """
    _keep_quiet()
    from apprise import Apprise, AppriseResultStatus

    asset = _asset()
    service = _service(request.url, asset)
    if service is None:
        return None
    with Apprise(service, asset=asset).notify(
        title=request.title,
        body=request.body,
        notify_type=request.level,
        body_format=request.format,
        timeout=seconds,
        log_level=logging.DEBUG,
    ) as result:
        status = result.status
        said = [line.message for line in result.logs() if line.level in LEVELS or line.message.startswith(REASONS)]
    return _reply(notified=status == AppriseResultStatus.SUCCESS, late=status == AppriseResultStatus.TIMEOUT, said=said)


def _keep_quiet() -> None:
    """Keep what the library writes down to ourselves: it shows addresses and payloads."""
    log = logging.getLogger("apprise")
    log.propagate = False
    # Why a connection failed is said on this level only.
    log.setLevel(logging.DEBUG)


def _asset() -> "AppriseAsset":
    from apprise import AppriseAsset

    return AppriseAsset(
        app_id="posthouse",
        app_desc="posthouse",
        # These images are on a server that a group may not reach, and are Apprise's own.
        image_url_mask="",
        image_url_logo="",
        # A ":smile:" that somebody typed is text.
        interpret_emojis=False,
        http_redirects=False,
        async_mode=False,
        # No file is written, no key is made.
        storage_mode="memory",
        pgp_autogen=False,
        pem_autogen=False,
    )


def _service(url: str, asset: "AppriseAsset") -> "NotifyBase | None":
    """Return the service of a URL, made anew for each request: it remembers its last one, and would sleep."""
    from apprise import Apprise
    from apprise.plugins import url_to_dict

    parts: dict[str, Any] | None = url_to_dict(url)  # type: ignore[no-untyped-call]
    if parts is None:
        return None
    own = {"cto": CONNECT_SECONDS, "rto": READ_SECONDS}
    # When to try again is the lane's business, and a failure is one.
    return Apprise.instantiate({**own, **parts, "retry": 0, "optional": False}, asset=asset)


def _reply(*, notified: bool, late: bool, said: Iterable[str]) -> HttpReply:
    lines = [line[:LINE_CHARACTERS] for line in said][:LINES]
    answer = {"notified": notified, "late": late, "said": lines}
    return HttpReply(200, {}, json.dumps(answer).encode())
