"""Each sender's requests over the whole way: refused without a proof, stored with one, and never an error to try."""

import base64
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from making import NEEDED, payload_files
from posthouse.cli import cli
from posthouse.discovery import discover
from posthouse.relay import Relay
from posthouse.web import create_app
from test_every_webhook import SAMPLES

KINDS = sorted(discover().webhooks)
KEY = bytes(range(32))

each_kind = pytest.mark.parametrize("kind", KINDS)
Opened = Callable[..., tuple[FlaskClient, Relay]]


def configured(folder: Path, kind: str, **settings: Any) -> Path:
    """Write a configuration with one webhook of this type and a robot that hears of it."""
    robot = {"ding_talk": {"access_token": "a-token-of-nobody"}}
    webhook = {"webhook_id": "demo", "type": kind, "notify": robot} | NEEDED.get(kind, {}) | settings
    server = {"database": f"sqlite:///{folder}/posthouse.db", "language": "en"}
    path = folder / "posthouse.yml"
    path.write_text(json.dumps({"config": {"server": server, "webhooks": [webhook]}}), encoding="utf-8")
    return path


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    relays: list[Relay] = []

    def open_with(kind: str, **settings: Any) -> tuple[FlaskClient, Relay]:
        relays.append(Relay.open(configured(tmp_path, kind, **settings)))
        return create_app(relays[-1]).test_client(), relays[-1]

    yield open_with
    for relay in relays:
        relay.close()


def sendable(headers: Any) -> bool:
    """Tell whether a header can be sent at all; half characters and the like only reach a handler by hand."""
    return all(value.isascii() for value in headers.values())


@each_kind
def test_a_request_without_a_proof_or_with_a_wrong_one_is_401_and_stores_nothing(kind: str, opened: Opened) -> None:
    sample = SAMPLES[kind]
    client, relay = opened(kind, **sample.settings)
    for headers in ({}, *filter(sendable, sample.forged)):
        answer = client.post("/webhook/demo", data=b"{}", headers=dict(headers))
        assert answer.status_code == 401, headers
    assert relay.outbox.history.events(10) == []
    assert client.post("/webhook/demo", data=b"{}", headers=dict(sample.genuine)).status_code == 202
    assert len(relay.outbox.history.events(10)) == 1


@each_kind
def test_a_wrong_token_in_the_address_is_401_and_stores_nothing(kind: str, opened: Opened) -> None:
    sample = SAMPLES[kind]
    if not sample.tokens:
        pytest.skip(f"{kind} takes no token in the address")
    right, *wrong = sample.tokens
    client, relay = opened(kind, **sample.token_settings)
    for token in ("", *(token for token in wrong if token.isascii())):
        assert client.post(f"/webhook/demo?token={token}", data=b"{}").status_code == 401
    assert relay.outbox.history.events(10) == []
    assert client.post(f"/webhook/demo?token={right}", data=b"{}").status_code == 202


def test_a_stale_signature_of_gitlab_is_401_and_stores_nothing(opened: Opened) -> None:
    client, relay = opened("GITLAB", signing_token=f"whsec_{base64.b64encode(KEY).decode()}")
    now = int(relay.clock())
    assert client.post("/webhook/demo", data=b"{}", headers=signed(now - 301 - 60)).status_code == 401
    assert client.post("/webhook/demo", data=b"{}", headers=signed(now + 301 + 60)).status_code == 401
    assert relay.outbox.history.events(10) == []
    assert client.post("/webhook/demo", data=b"{}", headers=signed(now)).status_code == 202


def signed(stamp: int) -> dict[str, str]:
    signature = base64.b64encode(hmac.digest(KEY, f"an-id.{stamp}.{{}}".encode(), "sha256")).decode()
    return {"webhook-id": "an-id", "webhook-timestamp": str(stamp), "webhook-signature": f"v1,{signature}"}


@each_kind
def test_no_payload_file_is_an_error_to_try(kind: str, tmp_path: Path) -> None:
    files = [str(path) for path in payload_files(kind)]
    config = str(configured(tmp_path, kind))
    result = CliRunner().invoke(cli, ["try", "demo", *files, "--json", "--config", config])
    assert result.exit_code == 0, result.output[-2000:]
    trials = [json.loads(line) for line in result.output.splitlines()]
    assert len(trials) == len(files)
    assert {trial["outcome"] for trial in trials} <= {"told", "silent"}
    assert any(trial["outcome"] == "told" for trial in trials)
    assert all(trial["reason"] or trial["outcome"] == "told" for trial in trials)
