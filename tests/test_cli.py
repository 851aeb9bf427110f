"""The command line: as functions where that is enough, and as processes where exit codes and signals count."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil
import pytest
from click.testing import CliRunner, Result

import posthouse
from making import REGISTRY, payload_files, webhook_settings
from posthouse import Inbound
from posthouse.cli import cli
from posthouse.core.errors import ConfigError, PosthouseError
from posthouse.fakes import FakeDingTalk, FakeRobot, FakeRobots, Fault, running
from posthouse.relay import Relay

PAYLOADS = Path(__file__).parent / "webhooks" / "gitlab" / "payloads"
PUSH = PAYLOADS / "push_hook__two_commits.json"
#: Where that push leads to; with another commit it is another push.
LAST_COMMIT = b"103820133c6f0fde323f6e68105151b63b1d8d75"
TOKEN = "a-robot-of-the-tests"
CONFIG = """\
config:
  server: {{database: "sqlite:///{folder}/posthouse.db", host: 127.0.0.1, port: {port}, language: en}}
  webhooks:
    - webhook_id: finance
      type: GITLAB
      notify: {{ding_talk: {{url: "{robots}/robot/send", access_token: {token}, per_minute: 0}}}}
    - {{webhook_id: nobody, type: GITLAB, secret_token: opensesame}}
"""
#: What steers a terminal: a window title, and clearing the screen in two spellings.
STEERING = "\x1b]0;owned\x07 \x1b[2J \x9b2J \x08 \x7f"
PATIENCE = 15.0
EVENT_KEYS = ["event_id", "webhook_id", "name", "state", "outcome", "received_at", "deliveries"]


def written(folder: Path, *, port: int = 5000, robots: str = "http://127.0.0.1:9") -> Path:
    path = folder / "posthouse.yml"
    path.write_text(CONFIG.format(folder=folder, port=port, robots=robots, token=TOKEN), encoding="utf-8")
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return written(tmp_path)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.yml"
    path.write_text("config:\n  webhooks:\n    - {webhook_id: a, type: GITLUB}\n", encoding="utf-8")
    return path


def invoke(*arguments: str | Path, **how: Any) -> Result:
    """Run a command in this process; what `main` turns into exit codes is raised."""
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], **how)
    if isinstance(result.exception, Exception):
        raise result.exception
    return result


def run(*arguments: str | Path, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run a command as a process."""
    command = [sys.executable, "-m", "posthouse.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=PATIENCE, **how)


def lines(result: Result) -> list[Any]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def push(title: str, *, kind: str = "push") -> bytes:
    commit = {"id": "a" * 40, "message": title, "url": "https://h/c", "author": {"name": title}}
    about = {"object_kind": kind, "ref": "refs/heads/main", "before": "b" * 40, "after": "a" * 40}
    project = {"id": 1, "path_with_namespace": "a/b", "web_url": "https://h"}
    return json.dumps(
        {**about, "user_name": title, "project": project, "commits": [commit], "total_commits_count": 1}
    ).encode()


@pytest.fixture
def relay(config: Path) -> Iterator[Relay]:
    opened = Relay.open(config)
    yield opened
    opened.close()


def take_in(relay: Relay, body: bytes, webhook_id: str = "finance") -> int:
    headers = {"x-gitlab-token": "opensesame"}
    return relay.accept(webhook_id, Inbound(headers, {}, body, relay.clock())).event_id


# Help and exit codes


def test_every_command_explains_itself() -> None:
    names = re.findall(r"^  ([a-z]+)  ", invoke("--help").stdout, re.MULTILINE)
    assert {"check", "events", "explain", "fakes", "people", "robots", "serve", "try", "web", "worker"} <= set(names)
    for name in (*names, "people lint"):
        result = invoke(*name.split(), "--help")
        assert result.exit_code == 0
        assert len(result.stdout.splitlines()) > 3
        assert "child" not in result.stdout


def test_the_version_is_told() -> None:
    assert posthouse.__version__ in invoke("--version").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["check"],
        ["check", "--config"],
        ["check", "--config", "."],
        ["try", "finance", "--config", "x"],
        ["explain", "--config", "x"],
        ["explain", "one", "--config", "x"],
        ["explain", "0", "--config", "x"],
        ["explain", "99999999999999999999", "--config", "x"],
        ["events", "--limit", "0", "--config", "x"],
        ["people", "nonsense"],
        ["people", "lint", "--limit", "0", "--config", "x"],
        ["robots"],
        ["events", "--limit", "99999999999999999999", "--config", "x"],
        ["serve", "--port", "65536", "--config", "x"],
        ["serve", "--port", "http", "--config", "x"],
    ],
)
def test_a_wrong_command_line_exits_with_2(arguments: list[str]) -> None:
    assert invoke(*arguments).exit_code == 2


@pytest.mark.parametrize(
    "command",
    [
        ["check"],
        ["serve"],
        ["web"],
        ["worker"],
        ["events"],
        ["explain", "1"],
        ["people", "lint"],
        ["replay", "--all"],
        ["robots"],
        ["try", "a", "b"],
    ],
)
def test_a_wrong_configuration_is_told_by_every_command(broken: Path, tmp_path: Path, command: list[str]) -> None:
    with pytest.raises(ConfigError, match=rf"^{broken}:3: config.webhooks\[0\].type: .*'GITLAB'\?$"):
        invoke(*command, "--config", broken)
    with pytest.raises(ConfigError, match=r"none\.yml: cannot be read: No such file"):
        invoke(*command, "--config", tmp_path / "none.yml")


@pytest.mark.parametrize("command", [["check"], ["serve"], ["web", "--host", "127.0.0.1", "--port", "0"], ["worker"]])
def test_a_wrong_configuration_exits_with_2_and_its_problems_alone(broken: Path, command: list[str]) -> None:
    result = run(*command, "--config", broken)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{broken}:3: ")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["web", "worker", "events"])
def test_a_broken_database_exits_with_1_and_a_sentence(tmp_path: Path, config: Path, command: str) -> None:
    (tmp_path / "posthouse.db").write_bytes(b"this is no database" * 100)
    port = ["--port", str(free_port())] if command == "web" else []
    result = run(command, "--config", config, *port)
    assert result.returncode == 1
    assert "posthouse: the database failed: file is not a database" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_configuration_may_be_named_by_the_environment(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOUSE_CONFIG", str(config))
    assert invoke("check").exit_code == 0


def test_a_terminal_that_knows_no_chinese_is_no_obstacle(config: Path) -> None:
    result = run("try", "finance", PUSH, "--config", config, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert result.returncode == 0
    assert "told" in result.stdout


# check


def test_check_counts_what_is_right_and_warns(config: Path) -> None:
    result = invoke("check", "--config", config)
    assert result.stdout == f"{config}: right; 2 webhooks, 1 robots\n"
    warnings = result.stderr.splitlines()
    assert any(line.startswith("warning: finance: no secret_token") for line in warnings)
    assert any(line.startswith("warning: finance.ding_talk: ") for line in warnings)
    assert not any("nobody" in line for line in warnings)


def test_check_touches_nothing_else(config: Path) -> None:
    invoke("check", "--config", config)
    assert [path.name for path in config.parent.iterdir()] == ["posthouse.yml"]


# try


def test_try_shows_every_payload_in_the_documented_shape(config: Path) -> None:
    files, kind = payload_files("GITLAB"), REGISTRY.webhooks["GITLAB"]
    gitlab = kind(webhook_settings(kind), posthouse.Site())
    result = invoke("try", "finance", *files, "--json", "--config", config)
    trials = lines(result)
    assert result.exit_code == 0
    assert [trial["file"] for trial in trials] == [str(file) for file in files]
    assert {trial["outcome"] for trial in trials} == {"told", "silent"}
    for file, trial in zip(files, trials, strict=True):
        assert list(trial) == ["file", "event", "outcome", "reason", "messages", "payloads"]
        assert trial["event"] == gitlab.parse(Inbound({}, {}, file.read_bytes())).name
        assert (trial["outcome"] == "told") == bool(trial["payloads"]) == (not trial["reason"])
        for message in trial["messages"]:
            assert list(message) == ["title", "text", "level", "facts"]
            assert message["level"] in {"info", "success", "warning", "failure"}
            assert message["text"].startswith(message["title"])
        for robot, payloads in trial["payloads"].items():
            assert robot == "finance.ding_talk"
            assert len(payloads) == len(trial["messages"])
            assert all(payload["msgtype"] in {"markdown", "actionCard"} for payload in payloads)
    assert TOKEN not in result.stdout


def test_try_stores_and_sends_nothing(config: Path) -> None:
    invoke("try", "finance", PUSH, "--config", config)
    assert not (config.parent / "posthouse.db").exists()


def test_try_draws_a_picture(config: Path) -> None:
    result = invoke("try", "finance", PUSH, "--config", config)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{PUSH}: Push Hook: told\n")
    assert "  │ " in result.stdout
    assert '  to finance.ding_talk: {"msgtype": "actionCard"' in result.stdout


def test_try_says_why_nothing_is_told(config: Path) -> None:
    (trial,) = lines(invoke("try", "nobody", PUSH, "--json", "--config", config))
    assert (trial["outcome"], trial["reason"]) == ("silent", "the webhook has no robots under notify")
    assert trial["messages"]
    assert trial["payloads"] == {}


def test_try_reads_standard_input(config: Path) -> None:
    result = invoke("try", "finance", "-", "--json", "--config", config, input=PUSH.read_bytes())
    assert [(trial["file"], trial["event"], trial["outcome"]) for trial in lines(result)] == [
        ("-", "Push Hook", "told")
    ]


def test_try_takes_the_events_name(config: Path) -> None:
    result = invoke("try", "finance", PUSH, "--event", "Design Hook", "--json", "--config", config)
    ((event, outcome, reason),) = [(trial["event"], trial["outcome"], trial["reason"]) for trial in lines(result)]
    assert (event, outcome, reason) == ("Design Hook", "silent", "no handler")


def test_try_shows_an_error_and_goes_on(config: Path, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\xff\x00garbage")
    result = invoke("try", "finance", tmp_path / "none", garbage, tmp_path, PUSH, "--json", "--config", config)
    trials = lines(result)
    assert result.exit_code == 1
    assert [trial["outcome"] for trial in trials] == ["error", "error", "error", "told"]
    assert [trial["event"] for trial in trials] == [None, None, None, "Push Hook"]
    assert "No such file" in trials[0]["reason"]
    assert trials[1]["reason"].startswith("BadPayload: the body is not JSON")
    assert all(trial["messages"] == [] and trial["payloads"] == {} for trial in trials[:3])


def test_try_refuses_an_unknown_webhook(config: Path) -> None:
    with pytest.raises(PosthouseError, match="no webhook 'sales' is configured; there are finance, nobody"):
        invoke("try", "sales", PUSH, "--config", config)


# events and explain


def test_a_database_that_is_not_there_is_not_made_by_looking(config: Path, tmp_path: Path) -> None:
    for command in (["events"], ["explain", "1"], ["people", "lint"], ["replay", "--all"], ["robots"]):
        with pytest.raises(PosthouseError, match=r"there is no database /.*\.db; posthouse serve makes it"):
            invoke(*command, "--config", config)
    assert list(tmp_path.glob("*.db")) == []


def test_events_of_an_empty_database_are_none(config: Path, relay: Relay) -> None:
    assert invoke("events", "--json", "--config", config).stdout == ""
    assert invoke("events", "--config", config).stdout.split() == [
        "event",
        "received",
        "webhook",
        "name",
        "outcome",
        "deliveries",
    ]


def test_events_are_listed_newest_first_in_the_documented_shape(config: Path, relay: Relay) -> None:
    for title in ("one", "two"):
        take_in(relay, push(title))
    relay.handle_next("me")
    take_in(relay, push("three"), "nobody")
    take_in(relay, b'{"object_kind": "odd"}', "nobody")
    found = lines(invoke("events", "--json", "--config", config))
    assert [event["event_id"] for event in found] == [4, 3, 2, 1]
    assert [(event["state"], event["outcome"]) for event in found] == [("waiting", None)] * 2 + [
        ("handled", "told")
    ] * 2
    for event in found:
        assert list(event) == EVENT_KEYS
    assert found[3]["deliveries"] == [
        {"delivery_id": 1, "robot": "finance.ding_talk", "state": "waiting", "attempts": 0, "digest_of": 0}
    ]
    assert found[0]["deliveries"] == []
    assert [event["event_id"] for event in lines(invoke("events", "--json", "--limit", "1", "--config", config))] == [4]
    table = invoke("events", "--config", config).stdout.splitlines()
    assert [line.split()[0] for line in table] == ["event", "4", "3", "2", "1"]
    assert "finance.ding_talk waiting" in table[-1]


def test_explain_tells_the_whole_way(tmp_path: Path) -> None:
    dingtalk = FakeDingTalk({TOKEN: FakeRobot()})
    dingtalk.misbehave(TOKEN, Fault(errcode=430101, errmsg="unsafe"))
    with running(FakeRobots(dingtalk)) as robots:
        config = written(tmp_path, robots=robots)
        relay = Relay.open(config)
        take_in(relay, push("hello"))
        waiting = lines(invoke("explain", "1", "--json", "--config", config))[0]["trace"]
        relay.handle_next("me")
        while relay.deliver_next("me"):
            pass
        relay.close()
    result = invoke("explain", "1", "--json", "--config", config)
    (found,) = lines(result)
    assert list(found) == ["event_id", "webhook_id", "name", "state", "outcome", "trace"]
    assert (found["event_id"], found["webhook_id"], found["name"]) == (1, "finance", "Push Hook")
    assert (found["state"], found["outcome"]) == ("handled", "told")
    assert [(step["step"], step["outcome"]) for step in found["trace"]] == [
        ("received", "ok"),
        ("verified", "unchecked"),
        ("handled", "ok"),
        ("said", "info"),
        ("routed", "told"),
        ("attempt", "message"),
        ("attempt", "ok"),
        ("delivery", "sent"),
    ]
    for step in found["trace"]:
        assert {"step", "outcome", "reason"} <= set(step) <= {"step", "outcome", "reason", "robot", "remedy"}
    assert "PushHookNotifyEventHandler" in found["trace"][2]["reason"]
    assert "errcode 430101: unsafe" in found["trace"][5]["reason"]
    assert found["trace"][5]["remedy"]
    assert [step["step"] for step in waiting] == ["received", "verified", "handled"]
    text = invoke("explain", "1", "--config", config).stdout
    assert len(text.splitlines()) == 8 + 1
    assert f" → {found['trace'][5]['remedy']}" in text
    assert TOKEN not in result.stdout + text


def test_explain_shows_the_traceback_of_a_bug(config: Path, relay: Relay) -> None:
    (config.parent / "bug.py").write_text(
        "from posthouse.webhooks.gitlab.push import PushHookNotifyEventHandler as Push\n"
        "class Bug(Push):\n    def message(self, event):\n        raise LookupError('a bug')\n",
        encoding="utf-8",
    )
    config.write_text(config.read_text(encoding="utf-8").replace("config:", "config:\n  plugins: [bug.py]", 1), "utf-8")
    buggy = Relay.open(config)
    take_in(buggy, push("hello"))
    buggy.handle_next("me")
    buggy.close()
    text = invoke("explain", "1", "--config", config).stdout
    assert "LookupError: a bug" in text
    assert "bug.py" in text
    assert lines(invoke("events", "--json", "--config", config))[0]["state"] == "failed"


def test_an_unknown_event_is_told_so(config: Path, relay: Relay) -> None:
    for number in ("1", str(2**63 - 1)):
        with pytest.raises(PosthouseError, match=f"there is no event {number} in sqlite"):
            invoke("explain", number, "--config", config)
    result = run("explain", "1", "--config", config)
    assert result.returncode == 1
    assert result.stderr.startswith("posthouse: there is no event 1")


def test_nothing_that_users_write_steers_the_terminal(config: Path, relay: Relay, tmp_path: Path) -> None:
    body = push(STEERING)
    odd = json.dumps({"object_kind": STEERING}).encode()
    files = []
    for name, content in (("push", body), ("odd", odd)):
        take_in(relay, content)
        files.append(tmp_path / name)
        files[-1].write_bytes(content)
    relay.handle_next("me")
    for command in (["events"], ["explain", "1"], ["explain", "2"], ["try", "finance", *files]):
        text = invoke(*command, "--config", config, color=True).stdout
        assert "owned" in text.casefold() or command[0] == "explain"
        own = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert all(char.isprintable() or char == "\n" for char in own), own


# serve, web and worker as processes


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for a condition, looking often; fail when it takes too long."""
    never = threading.Event()
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        never.wait(0.02)


@dataclass
class Serving:
    """A process of posthouse in the background, and where it listens."""

    process: "subprocess.Popen[bytes]"
    port: int
    config: Path
    output: Path

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named, encode_chunked=named.get("Transfer-Encoding") == "chunked")
            response = connection.getresponse()
            return response.status, json.loads(response.read() or "{}")
        finally:
            connection.close()

    def status(self, path: str) -> int | None:
        try:
            return self.ask("GET", path)[0]
        except OSError:
            return None

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, name: str) -> psutil.Process | None:
        """Return the process of one role that was started last."""
        for child in reversed(psutil.Process(self.process.pid).children()):
            with contextlib.suppress(psutil.Error):  # it has just ended
                if name in child.cmdline():
                    return child
        return None

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def end(self, by: signal.Signals, *, everybody: bool = False) -> int:
        """Send a signal to the process, or to all below it as well; return the exit code, which came within seconds."""
        started = time.monotonic()
        for process in [psutil.Process(self.process.pid), *(self.family() if everybody else ())]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(by)
        code = self.process.wait(PATIENCE)
        assert time.monotonic() - started < 5
        return code


@contextmanager
def started(command: str, config: Path, port: int, *options: str) -> Iterator[Serving]:
    """Run a command in the background for the length of a ``with`` statement; nothing of it is left over."""
    output = config.parent / "output"
    output.write_bytes(b"")
    line = [sys.executable, "-m", "posthouse.cli", command, "--config", str(config), *options]
    stream: IO[bytes]
    with (
        output.open("ab") as stream,
        subprocess.Popen(line, stdout=stream, stderr=stream, start_new_session=True, cwd=config.parent) as process,
    ):
        try:
            yield Serving(process, port, config, output)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def dingtalk() -> FakeDingTalk:
    return FakeDingTalk({TOKEN: FakeRobot(per_minute=0)})


@pytest.fixture
def serving(tmp_path: Path, dingtalk: FakeDingTalk) -> Iterator[Serving]:
    """Posthouse, ready."""
    port = free_port()
    with (
        running(FakeRobots(dingtalk)) as robots,
        started("serve", written(tmp_path, port=port, robots=robots), port) as found,
    ):
        until(lambda: found.status("/readyz") == 200)
        yield found


def test_serve_tells_where_to_post_and_warns(serving: Serving) -> None:
    said = serving.said()
    assert f"posthouse {posthouse.__version__} with {serving.config}, storing in sqlite:///" in said
    assert "webhook finance (GITLAB) tells finance.ding_talk; enter there one of\n" in said
    assert f"  http://127.0.0.1:{serving.port}/webhook/finance\n  warning: no secret_token or signing_token" in said
    assert "webhook nobody (GITLAB) tells nobody" in said
    assert "  warning: no robot is configured under notify" in said
    assert "robot finance.ding_talk: warning: " in said
    assert TOKEN not in said
    assert "opensesame" not in said


def test_serve_takes_in_and_tells_over_http(serving: Serving, dingtalk: FakeDingTalk) -> None:
    # What one push says twice is told once, so that each of these is a push of its own.
    body, second, third = (PUSH.read_bytes().replace(LAST_COMMIT, digit * 40) for digit in (b"1", b"2", b"3"))
    assert serving.ask("POST", "/webhook/finance", body) == (202, {"event_id": 1})
    assert len(dingtalk.wait_for_shown(TOKEN, 1, timeout=PATIENCE)) == 1
    assert serving.ask("POST", "/webhook/%66inance/", second, webhook_id="k") == (202, {"event_id": 2})
    assert serving.ask("POST", "/webhook/finance", second, webhook_id="k") == (200, {"event_id": 2, "repeat": True})
    chunked = {"Transfer_Encoding": "chunked"}
    assert serving.ask("POST", "/webhook/finance", iter([third[:10], third[10:]]), **chunked)[0] == 202
    assert serving.ask("POST", "/webhook/nobody", body)[0] == 401
    assert serving.ask("POST", "/webhook/nobody", body, X_Gitlab_Token="opensesame")[0] == 202
    assert serving.ask("POST", "/webhook/%E8%B4%A2%2F%0A%00", body)[0] == 404
    assert serving.ask("POST", "/webhook/finance", b"[]")[0] == 400
    assert serving.ask("POST", "/webhook/finance")[0] == 400
    assert serving.ask("GET", "/webhook/finance")[0] == 405
    assert serving.ask("GET", "/healthz") == (200, {"status": "ok"})
    assert len(dingtalk.wait_for_shown(TOKEN, 3, timeout=PATIENCE)) == 3
    assert serving.end(signal.SIGTERM) == 0


def test_serve_refuses_what_is_too_large(serving: Serving) -> None:
    limit = 25 * 1024 * 1024
    with socket.create_connection(("127.0.0.1", serving.port), timeout=PATIENCE) as connection:
        head = f"POST /webhook/finance HTTP/1.1\r\nHost: h\r\nContent-Length: {limit + 1}\r\n\r\n"
        connection.sendall(head.encode() + b"x")
        answer = connection.recv(100)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert serving.ask("POST", "/webhook/finance", b'{"x": "' + b"x" * (limit - 9) + b'"}')[0] == 202


@pytest.mark.parametrize(
    ("by", "everybody"),
    [(signal.SIGTERM, False), (signal.SIGINT, False), (signal.SIGTERM, True), (signal.SIGINT, True)],
    ids=["as docker", "as Ctrl-C", "as systemd", "all at once"],
)
def test_serve_stops_cleanly_and_finishes_the_attempt_in_flight(
    serving: Serving, dingtalk: FakeDingTalk, by: signal.Signals, everybody: bool
) -> None:
    dingtalk.misbehave(TOKEN, Fault(delay=0.5))
    serving.ask("POST", "/webhook/finance", PUSH.read_bytes())
    dingtalk.wait_for_shown(TOKEN, 1, timeout=PATIENCE)
    family = serving.family()
    assert serving.end(by, everybody=everybody) == 0
    assert not any(process.is_running() for process in family)
    assert "Traceback" not in serving.said()
    (event,) = lines(invoke("events", "--json", "--config", serving.config))
    assert [(delivery["state"], delivery["attempts"]) for delivery in event["deliveries"]] == [("sent", 1)]


def test_a_role_that_dies_is_started_again(serving: Serving, dingtalk: FakeDingTalk) -> None:
    for name in ("web", "worker"):
        child = serving.child(name)
        assert child is not None
        child.kill()
        until(lambda gone=child, name=name: serving.child(name) not in {gone, None})
    until(lambda: serving.status("/readyz") == 200)
    serving.ask("POST", "/webhook/finance", PUSH.read_bytes())
    assert len(dingtalk.wait_for_shown(TOKEN, 1, timeout=PATIENCE)) == 1
    assert "the web process ended with -9" in serving.said()
    assert serving.end(signal.SIGTERM) == 0


def test_the_server_under_the_web_process_is_started_again(serving: Serving) -> None:
    web = serving.child("web")
    assert web is not None
    for server in web.children():
        server.kill()
    until(lambda: serving.status("/healthz") is None)
    until(lambda: serving.status("/healthz") == 200)
    assert serving.end(signal.SIGTERM) == 0


def test_a_killed_parent_takes_all_down(serving: Serving) -> None:
    family = serving.family()
    assert len(family) >= 2
    assert serving.end(signal.SIGKILL) == -signal.SIGKILL
    until(lambda: not any(process.is_running() for process in family))
    with socket.socket() as again:
        again.bind(("127.0.0.1", serving.port))


def test_serve_refuses_a_port_that_is_taken(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for command in ("serve", "web"):
            result = run(command, "--config", config, "--port", port)
            assert result.returncode == 1
            assert result.stderr == f"posthouse: cannot listen on 127.0.0.1:{port}: Address already in use\n"
            assert result.stdout == ""


@pytest.mark.parametrize("host", ["a..b", "x" * 64, "256.256.256.256"])
def test_serve_refuses_a_host_that_is_none(config: Path, host: str) -> None:
    with pytest.raises(PosthouseError, match=f"cannot listen on {host}:5000: "):
        invoke("serve", "--config", config, "--host", host)


@pytest.mark.parametrize("everybody", [False, True], ids=["told alone", "told all at once"])
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_web_and_worker_stop_cleanly_and_alone(tmp_path: Path, by: signal.Signals, everybody: bool) -> None:
    port = free_port()
    config = written(tmp_path, port=port)
    with started("web", config, port) as web:
        until(lambda: web.status("/healthz") == 200)
        assert web.ask("POST", "/webhook/nobody", PUSH.read_bytes(), X_Gitlab_Token="opensesame")[0] == 202
        assert web.status("/readyz") == 200
        with started("worker", config, port) as worker:
            until(lambda: lines(invoke("events", "--json", "--config", config))[0]["state"] == "handled")
            assert worker.end(by, everybody=everybody) == 0
            assert "Traceback" not in worker.said()
        assert web.end(by, everybody=everybody) == 0
        assert "Traceback" not in web.said()
