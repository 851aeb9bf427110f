"""What was looked up is told, and what could not be is no reason to be silent: from the relay's side."""

import json
from pathlib import Path

import pytest
from confluence_server import LILEI, PAGE, PERSON, TOKEN, Said, answer, confluence, found

from house import House, open_house

CONFIG = """\
config:
  server: {{language: en}}
  webhooks:
    - webhook_id: finance
      type: CONFLUENCE
      burst_window: 0
      conf: {{confluence: {{host: "http://{address}", private_token: {token}}}}}
      notify:
        ding_talk: {{access_token: token-one}}
"""
UPDATE = {"timestamp": 1_700_000_000_000, "event": "page_updated", "userKey": LILEI, "page": {"id": 65601}}


def told(folder: Path, answers: dict[str, Said]) -> tuple[House, str, dict[str, str]]:
    """Let Confluence report an update; return the house, the text that was sent and the step of the look-up."""
    with confluence(answers) as server:
        house = open_house(folder, config=CONFIG.format(address=server.address, token=TOKEN), plugin="")
        event_id = house.post(UPDATE)
        house.work()
        house.relay.close()
    (payload,) = house.robots.payloads
    (step,) = (step for step in house.event(event_id).trace if step["step"] == "looked up")
    return house, json.dumps(payload, ensure_ascii=False), dict(step)


def test_what_was_looked_up_is_told(tmp_path: Path) -> None:
    _, text, step = told(tmp_path, {"/rest/api/content/65601": found(PAGE), "/rest/api/user": found(PERSON)})
    assert "退款流程" in text
    assert step["outcome"] == "ok"


@pytest.mark.parametrize(
    "said", [answer(b"", 500), answer(b"<html>", 200), answer(b"{}", 404)], ids=["500", "html", "404"]
)
def test_what_cannot_be_looked_up_is_told_without_it(tmp_path: Path, said: Said) -> None:
    _, text, step = told(tmp_path, {"/rest/api/": said})
    assert "65601" in text
    assert step["outcome"] == "failed"
    assert TOKEN not in text + step["reason"]
