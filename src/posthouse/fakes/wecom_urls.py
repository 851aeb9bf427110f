"""Which addresses WeCom takes in a message. Pure."""

from typing import Any
from urllib.parse import urlsplit

from posthouse.fakes import wecom_codes as codes
from posthouse.fakes.exchange import Refusal

URL_BYTES = 1024


def url_refusal(url: Any) -> Refusal | None:
    """Return what is wrong with an address, or None."""
    if not isinstance(url, str) or not url:
        return codes.NO_URL
    if len(url.encode("utf-8", "surrogatepass")) > URL_BYTES:
        return codes.URL_TOO_LONG
    try:
        return None if urlsplit(url).scheme in {"http", "https"} else codes.NO_SCHEME
    except ValueError:
        return codes.NO_SCHEME
