"""How a request proves that it is genuine, for senders that use what everybody uses: a token or an HMAC."""

import hmac

from posthouse.core.errors import NotGenuine


def require_token(given: str | None, secret: str, *, where: str) -> None:
    """Raise `NotGenuine` unless ``given`` is the secret; ``where`` names the header or the query value it came in."""
    if given is None:
        raise NotGenuine(f"{where} is missing")
    if not hmac.compare_digest(header_bytes(given), header_bytes(secret)):
        raise NotGenuine(f"{where} is wrong")


def require_signature(given: str | None, body: bytes, secret: str, *, where: str) -> None:
    """Raise `NotGenuine` unless ``given`` is ``sha256=`` and the HMAC of the raw body in hexadecimal digits.

    That is what `X-Hub-Signature` holds in Jira and Confluence, and `X-Hub-Signature-256` in GitHub. Another digest in
    front of the ``=`` is refused: the sender's choice must not weaken the proof.
    """
    if given is None:
        raise NotGenuine(f"{where} is missing")
    digest, _, signature = given.strip().partition("=")
    if digest != "sha256":
        raise NotGenuine(f"{where} does not begin with sha256=")
    expected = hmac.digest(header_bytes(secret), body, "sha256").hex()
    if not hmac.compare_digest(header_bytes(signature.lower()), expected.encode()):
        raise NotGenuine(f"{where} is wrong")


def proved_by(*, signature: bool, token: bool) -> str:
    """Return in words what a request was checked by, where both were required if both are configured."""
    if signature and token:
        return "the signature and the token in the address are right"
    if signature or token:
        return "the signature is right" if signature else "the token in the address is right"
    return "not checked: neither secret nor token is configured"


def header_bytes(header: str) -> bytes:
    """Return a header as bytes to compare; half characters, which no genuine header has, must not raise."""
    return header.encode(errors="backslashreplace")
