"""No credential leaves the configuration: not into the database, a log, an error, a command's output or a repr."""

import base64
import json
import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from posthouse.cli import cli
from posthouse.cli._logs import JsonLine, start_logging
from posthouse.config import load
from posthouse.core.errors import ConfigError, PosthouseError
from posthouse.core.message import Message
from posthouse.desk import Desk
from posthouse.fakes import (
    FakeDingTalk,
    FakeFeishu,
    FakeFeishuRobot,
    FakeRobot,
    FakeRobots,
    FakeWeCom,
    FakeWeComRobot,
    Fault,
    running,
)
from posthouse.meters import Page
from posthouse.outbox import Outbox
from posthouse.pacing import CROWDED, HALF_HOUR
from posthouse.relay import Relay
from posthouse.transport import Transport
from posthouse.web import create_app

#: Each is recognisable in any surroundings, and has characters that addresses write in another way.
ACCESS_TOKEN = "access+token/4f1c"
SIGN_KEY = "SECsign+key/77a0"
URL_TOKEN = "url-token-90d2"
SECRET_TOKEN = "secret+token 5b3e"
SIGNING_KEY = b"signing key e6aa"
SIGNING_TOKEN = "whsec_" + base64.b64encode(SIGNING_KEY).decode()
PRIVATE_TOKEN = "private-token-c81d"
FEISHU_TOKEN = "feishu-token-1b7e"
FEISHU_URL_TOKEN = "feishu-url-token-92aa"
FEISHU_KEY = "feishu+key/03c5"
WECOM_KEY = "wecom-key-6d1f"
APPRISE_PASSWORD = "apprise-password-e409"
METRICS_TOKEN = "metrics+token/2fd0"
SECRETS = (
    *(ACCESS_TOKEN, SIGN_KEY, URL_TOKEN, SECRET_TOKEN, SIGNING_TOKEN, PRIVATE_TOKEN, SIGNING_KEY.decode()),
    *(FEISHU_TOKEN, FEISHU_URL_TOKEN, FEISHU_KEY, WECOM_KEY, APPRISE_PASSWORD, METRICS_TOKEN),
)
CONFIG = """\
config:
  server: {{database: "sqlite:///{folder}/posthouse.db", language: en, metrics_token: "{METRICS_TOKEN}"}}
  plugins: [plugin.py]
  robots:
    feishu:
      fei_shu: {{url: "{robots}/open-apis/bot/v2/hook/{FEISHU_TOKEN}", sign_key: "{FEISHU_KEY}", fallback: wecom}}
    lark:
      fei_shu: {{url: "{robots}/open-apis/bot/v2/hook/{FEISHU_URL_TOKEN}", keyword: posthouse}}
    both: {{pool: [feishu, lark]}}
    wecom: {{wechat: {{url: "{robots}/cgi-bin/webhook/send?key={WECOM_KEY}", monthly_quota: 100}}}}
    dead: {{wechat: {{url: "http://127.0.0.1:1/cgi-bin/webhook/send?key={WECOM_KEY}2"}}}}
    anywhere: {{apprise: {{url: "json://me:{APPRISE_PASSWORD}@{host}/nowhere"}}}}
  webhooks:
    - webhook_id: everywhere
      type: GITLAB
      secret_token: "{SECRET_TOKEN}"
      notify: {{robots: [both, wecom, dead, anywhere]}}
    - webhook_id: demo
      type: GITLAB
      secret_token: "{SECRET_TOKEN}"
      signing_token: "{SIGNING_TOKEN}"
      conf: {{gitlab: {{private_token: "{PRIVATE_TOKEN}"}}}}
      notify:
        ding_talk:
          url: "{robots}/robot/send"
          access_token: "{ACCESS_TOKEN}"
          sign_key: "{SIGN_KEY}"
    - webhook_id: by_url
      type: GITLAB
      secret_token: "{SECRET_TOKEN}"
      notify: {{ding_talk: {{url: "{robots}/robot/send?access_token={URL_TOKEN}", keyword: posthouse}}}}
    - webhook_id: unheard
      type: GITLAB
      secret_token: "{SECRET_TOKEN}"
      notify: {{ding_talk: {{url: "http://127.0.0.1:1/robot/send?access_token={URL_TOKEN}2", sign_key: "{SIGN_KEY}"}}}}
"""
PLUGIN = """
from posthouse import EventHandler, Message
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler

class Says(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Says Hook",)

    def handle(self, event):
        return [Message(event.reader.text("title"))]

class Raises(GitlabWebhookHandler):
    def parse(self, inbound):
        event = super().parse(inbound)
        if event.name == "Raises Hook":
            raise ValueError(f"{self.settings} {self.settings!r} {vars(self)} {inbound} {event}")
        return event
"""


def spellings(secret: str) -> Iterator[bytes]:
    """Yield a secret as it may stand in a text, an address, JSON, or a header's base64."""
    for text in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
        yield text.encode()
    yield base64.b64encode(secret.encode())


ALL = tuple({spelling for secret in SECRETS for spelling in spellings(secret)})


def assert_clean(what: str, content: str | bytes) -> None:
    raw = content.encode() if isinstance(content, str) else content
    for spelling in ALL:
        place = raw.find(spelling)
        assert place < 0, f"{what}: …{raw[max(place - 100, 0) : place + 60]!r}…"


@dataclass
class Flow:
    """A relay that has met all kinds of trouble, what was logged meanwhile, and what senders were answered."""

    config: Path
    wecom: FakeWeCom
    relay: Relay
    log: str
    json_log: str
    metrics: bytes
    answers: list[str]


def posted(client: FlaskClient) -> Iterator[str]:
    """Post what is right and what is wrong in every way."""
    right = {"X-Gitlab-Token": SECRET_TOKEN}
    for kind in ("says", "raises", "push", "odd"):
        body = json.dumps({"object_kind": kind, "title": kind}).encode()
        for webhook in ("demo", "by_url", "unheard", "everywhere"):
            yield client.post(f"/webhook/{webhook}", data=body, headers=right | {"webhook-id": kind}).text
    wrong = (
        {},
        {"X-Gitlab-Token": SECRET_TOKEN + "x"},
        {"X-Gitlab-Token": SIGNING_TOKEN},
        {"webhook-signature": f"v1,{SIGNING_TOKEN}", "webhook-timestamp": "1", **right},
        {"webhook-signature": SECRET_TOKEN, "webhook-timestamp": SECRET_TOKEN, **right},
    )
    for headers in wrong:
        yield client.post("/webhook/demo", data=b"{}", headers=headers).text
    yield client.post("/webhook/demo", data=SECRET_TOKEN.encode(), headers=right).text
    yield client.post(f"/webhook/nobody?private_token={PRIVATE_TOKEN}", data=b"{}", headers=right).text
    yield client.post(
        f"/webhook/demo?private_token={PRIVATE_TOKEN}", data=b'{"object_kind": "says"}', headers=right
    ).text


@pytest.fixture
def flow(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Flow]:
    caplog.set_level(logging.DEBUG)
    dingtalk = FakeDingTalk({ACCESS_TOKEN: FakeRobot(secret=SIGN_KEY), URL_TOKEN: FakeRobot()})
    echo = f"token {ACCESS_TOKEN} is not exist, sign_key {SIGN_KEY}, {quote_plus(ACCESS_TOKEN)}"
    dingtalk.misbehave(ACCESS_TOKEN, Fault(errcode=40035, errmsg=echo), Fault(drop="before"))
    dingtalk.misbehave(URL_TOKEN, Fault(body=f"<html>{URL_TOKEN}</html>", status=404))
    feishu = FakeFeishu(
        {FEISHU_TOKEN: FakeFeishuRobot(secret=FEISHU_KEY), FEISHU_URL_TOKEN: FakeFeishuRobot(keyword="posthouse")}
    )
    feishu.misbehave(FEISHU_TOKEN, Fault(errcode=19001, errmsg=f"no {FEISHU_TOKEN}, no {quote_plus(FEISHU_KEY)}"))
    feishu.misbehave(FEISHU_URL_TOKEN, Fault(body=f"<html>/open-apis/bot/v2/hook/{FEISHU_URL_TOKEN}</html>"))
    wecom = FakeWeCom({WECOM_KEY: FakeWeComRobot()})
    wecom.misbehave(WECOM_KEY, Fault(errcode=40063, errmsg=f"key={WECOM_KEY} {WECOM_KEY}, from ip: 192.0.2.1"))
    config = tmp_path / "posthouse.yml"
    (tmp_path / "plugin.py").write_text(PLUGIN, encoding="utf-8")
    with running(FakeRobots(dingtalk, feishu, wecom)) as robots:
        values = {name: value for name, value in globals().items() if isinstance(value, str)}
        host = robots.removeprefix("http://")
        config.write_text(CONFIG.format(folder=tmp_path, robots=robots, host=host, **values), encoding="utf-8")
        # Feishu's robots wait for some seconds after each half hour, and this flow for nothing.
        ahead = 2 * CROWDED if time.time() % HALF_HOUR < 2 * CROWDED else 0.0
        desk = Desk(load(config))
        outbox = Outbox.open(desk.settings.server.database_url)
        relay = Relay(desk, outbox=outbox, transport=Transport(language="en"), clock=lambda: time.time() + ahead)
        relay.prepare()
        client = create_app(relay).test_client()
        answers = list(posted(client))
        while relay.handle_next("me"):
            pass
        while relay.deliver_next("me"):
            pass
        metrics = client.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}).data
        metrics += Page(relay.meters.registry, token=METRICS_TOKEN).text()
        answers.append(client.get("/metrics").text)
        json_log = "\n".join(map(JsonLine().format, caplog.records))
        yield Flow(config, wecom, relay, caplog.text, json_log, metrics, answers)
        relay.close()


def test_the_flow_met_the_trouble_it_was_made_for(flow: Flow) -> None:
    events = flow.relay.outbox.history.events(100)
    states = {(event.name, event.state) for event in events}
    assert {("Says Hook", "handled"), ("?", "failed"), ("Odd Hook", "handled")} <= states
    attempts = [
        attempt
        for event in events
        for delivery in event.deliveries
        for attempt in flow.relay.outbox.history.attempts(delivery.id)
    ]
    assert {"config", "ambiguous", "transient"} <= {attempt.verdict for attempt in attempts}
    assert any("***" in attempt.answer for attempt in attempts)
    stopped = [budget for budget in flow.relay.outbox.history.budgets().values() if budget.circuit]
    assert {budget.token.partition(":")[0] for budget in stopped} >= {"ding_talk", "fei_shu"}
    assert any("set up wrongly" in message for message in map(json.dumps, flow.wecom.shown(WECOM_KEY)))
    assert "401" in flow.log
    assert "Traceback" in flow.log


def test_no_secret_is_in_the_database(flow: Flow) -> None:
    files = sorted(flow.config.parent.glob("posthouse.db*"))
    assert [file.suffix for file in files][:1] == [".db"]
    assert len(files) > 1
    for file in files:
        assert_clean(file.name, file.read_bytes())


def test_no_secret_is_in_the_log(flow: Flow) -> None:
    assert_clean("the log", flow.log)


def test_no_secret_is_in_the_log_in_json(flow: Flow) -> None:
    assert '"exception": "Traceback' in flow.json_log
    assert_clean("the log in JSON", flow.json_log)


def test_no_secret_is_in_the_metrics(flow: Flow) -> None:
    for part in (b'verdict="config"', b'state="wrong"} 1.0', b'status="401"', b'outcome="error"'):
        assert part in flow.metrics
    assert_clean("the metrics", flow.metrics)


def test_no_secret_is_in_an_answer(flow: Flow) -> None:
    for answer in flow.answers:
        assert_clean("an answer", answer)


def test_no_secret_is_in_what_commands_print(flow: Flow) -> None:
    payload = flow.config.parent / "payload.json"
    payload.write_text('{"object_kind": "says", "title": "hello"}', encoding="utf-8")
    raises = flow.config.parent / "raises.json"
    raises.write_text('{"object_kind": "raises"}', encoding="utf-8")
    numbers = [str(event.id) for event in flow.relay.outbox.history.events(100)]
    commands = [["check"], ["events"], ["events", "--json"]]
    commands += [["explain", number, *how] for number in numbers for how in ([], ["--json"])]
    commands += [["try", "demo", str(file), *how] for file in (payload, raises) for how in ([], ["--json"])]
    for command in commands:
        result = CliRunner().invoke(cli, [*command, "--config", str(flow.config)])
        assert result.output
        assert_clean(" ".join(command), result.output)


def test_no_secret_is_in_a_repr(flow: Flow) -> None:
    desk = flow.relay.desk
    plugins = (*desk.webhooks.values(), *desk.robots.notifiers.values())
    settings = (desk.settings, desk.settings.server, *desk.settings.webhooks.values(), *desk.settings.robots.values())
    values = (flow.relay, desk, *plugins, *settings, *(plugin.settings for plugin in plugins), desk.robots.lanes)
    for value in values:
        for text in (repr(value), str(value), repr(getattr(value, "__dict__", None))):
            assert_clean(type(value).__name__, text)


def test_no_secret_is_in_an_error_of_the_configuration(flow: Flow) -> None:
    right = flow.config.read_text(encoding="utf-8")
    for old, new in (
        ("access_token:", "acces_token:"),
        ("secret_token:", "secret_token: x\n      secret_token:"),
        ("sign_key:", "per_minute:"),
        ("private_token:", "host: 1, private_tokn:"),
        ('signing_token: "whsec_', 'signing_token: "'),
        ('url: "http', 'url: "ftp'),
        ('"}', '"'),
        ("notify:", "nofity:"),
        ("type: GITLAB", "type: GITLUB"),
        ("webhook_id: by_url", "webhook_id: demo"),
    ):
        wrong = flow.config.parent / "wrong.yml"
        wrong.write_text(right.replace(old, new), encoding="utf-8")
        try:
            load(wrong)
        except ConfigError as error:
            assert_clean(f"{old} → {new}", str(error) + repr(error) + repr(error.problems))
            assert_clean(f"the traceback of {old} → {new}", "".join(traceback.format_exception(error)))
        else:
            pytest.fail(f"{old} → {new} is no mistake")


def test_no_secret_is_in_an_exception_of_a_delivery(flow: Flow) -> None:
    """A robot that cannot be reached, asked again outside of the relay, which would blot out what it knows."""
    for name, robot in flow.relay.desk.robots.notifiers.items():
        request = robot.request(robot.render(Message("hello")), now=0.0, idempotency_key="k")
        assert_clean(name, repr(request))
        try:
            robot.judge(flow.relay._transport.send(request))
        except PosthouseError as error:
            assert_clean(name, "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error)))


def test_the_loggers_of_libraries_stay_quiet(flow: Flow) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        start_logging()
        for handler in root.handlers:
            if handler not in before:
                handler.close()
        assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.WARNING)
        assert not logging.getLogger("sqlalchemy.engine").isEnabledFor(logging.INFO)
        assert logging.getLogger("posthouse.relay").isEnabledFor(logging.INFO)
    finally:
        with suppress(ValueError):
            root.handlers[:] = before
        root.setLevel(level)
        logging.getLogger("posthouse").setLevel(logging.NOTSET)
