"""Looking after the database, and carrying a running installation over from SQLite to PostgreSQL."""

import gzip
import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from click.testing import CliRunner, Result

from house import House, open_house
from postgres import Server
from posthouse.cli import cli
from posthouse.core.errors import PosthouseError, StoreUnavailable
from posthouse.fakes import FakeDingTalk, FakeRobot, FakeRobots, Fault, running
from posthouse.outbox import Outbox
from posthouse.outbox.engine import HEAD
from test_flow import CONFIG, SECRET, TOKEN, Installation, free_port, wait_until

SMALL = """\
config:
  server: {database: "URL", language: en, time_zone: UTC}
  webhooks:
    - webhook_id: finance
      type: GITLAB
      secret_token: let-me-in
      notify: {ding_talk: {access_token: token-one}}
"""
POSTHOUSE = (sys.executable, "-m", "posthouse.cli")
KINDS = ("sqlite", "postgresql")


def config_of(folder: Path, url: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "posthouse.yml"
    path.write_text(SMALL.replace("URL", url))
    return path


@pytest.fixture(params=KINDS)
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A configuration whose database has no tables yet, of each kind in turn."""
    if request.param == "sqlite":
        return config_of(tmp_path, f"sqlite:///{tmp_path}/posthouse.db")
    return config_of(tmp_path, request.getfixturevalue("server").new_database())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An installation on SQLite."""
    made = open_house(tmp_path, config=SMALL.replace("URL", f"sqlite:///{tmp_path}/posthouse.db"), plugin="")
    yield made
    made.relay.close()


def config_path(house: House) -> Path:
    return house.relay.desk.settings.path


def invoke(config: Path, *arguments: str, **how: Any) -> Result:
    result = CliRunner().invoke(cli, ["db", *arguments, "--config", str(config)], **how)
    if isinstance(result.exception, Exception):
        raise result.exception
    return result


# upgrade and current


def test_upgrade_says_from_which_migration_to_which(config: Path) -> None:
    assert f": tables made, at migration {HEAD}\n" in invoke(config, "upgrade").stdout
    assert f": at migration {HEAD}, as it was\n" in invoke(config, "upgrade").stdout


def test_upgrade_goes_on_from_an_older_migration(tmp_path: Path) -> None:
    older = config_of(tmp_path, f"sqlite:///{tmp_path}/posthouse.db")
    alembic = Config()
    alembic.set_main_option("script_location", "posthouse.outbox:migrations")
    outbox = Outbox(f"sqlite:///{tmp_path}/posthouse.db")
    with outbox._engine.begin() as connection:
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "0002")
    outbox.close()
    assert f"migration   0002, and {HEAD} is the newest: posthouse db upgrade\n" in invoke(older, "current").stdout
    assert f": upgraded from migration 0002 to {HEAD}\n" in invoke(older, "upgrade").stdout


def test_current_shows_what_is_there_and_changes_nothing(config: Path) -> None:
    is_file = "sqlite" in config.read_text()
    if is_file:
        with pytest.raises(StoreUnavailable, match="there is no database"):
            invoke(config, "current")
    else:
        assert "migration   none: posthouse db upgrade makes the tables\n" in invoke(config, "current").stdout
        assert "migration   none" in invoke(config, "current").stdout
    invoke(config, "upgrade")
    empty = invoke(config, "current").stdout
    assert f"migration   {HEAD}, the newest\n" in empty
    assert "event       0 rows\n" in empty
    assert "received" not in empty
    assert f"software    {'SQLite 3.' if is_file else 'PostgreSQL '}" in empty


def test_current_shows_rows_times_and_what_waits(house: House) -> None:
    house.now = 1_800_000_000.0
    house.push("one")
    house.work()
    house.now += 60
    house.push("two")
    shown = invoke(config_path(house), "current").stdout.splitlines()
    assert "event       2 rows" in shown
    assert "received    2027-01-15 08:00:00+00:00 to 2027-01-15 08:01:00+00:00" in shown
    assert "waiting     1 events, 0 deliveries" in shown
    (plain,) = invoke(config_path(house), "current", "--json").stdout.splitlines()
    found = json.loads(plain)
    assert found["rows"]["delivery"] == 1
    assert (found["oldest_event_at"], found["newest_event_at"]) == (1_800_000_000.0, 1_800_000_060.0)
    assert found["bytes"] > 100_000


def test_current_takes_the_servers_word_for_large_tables(server: Server, tmp_path: Path) -> None:
    url = server.new_database()
    config = config_of(tmp_path, url)
    invoke(config, "upgrade")
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE pg_class SET reltuples = 5000000 WHERE relname = 'event'")
    assert "event       about 5000000 rows\n" in invoke(config, "current").stdout
    assert "delivery    0 rows\n" in invoke(config, "current").stdout
    assert json.loads(invoke(config, "current", "--json").stdout)["estimated"] == ["event"]


def test_current_shows_no_password(server: Server, tmp_path: Path) -> None:
    url = server.new_database().replace("posthouse@", "posthouse:very-secret@")
    shown = invoke(config_of(tmp_path, url), "current").stdout
    assert "database    postgresql://***@127.0.0.1" in shown
    assert "very-secret" not in shown


@pytest.mark.parametrize("name", ["current", "upgrade", "vacuum", "export", "import"])
def test_a_database_that_is_away_is_said_in_a_sentence(tmp_path: Path, name: str) -> None:
    config = config_of(tmp_path, f"postgresql://me:very-secret@127.0.0.1:{free_port()}/nowhere")
    export = tmp_path / "export.gz"
    export.write_bytes(exported(house_config(tmp_path / "other")))
    files = {"export": [str(tmp_path / "new.gz")], "import": [str(export)]}
    with pytest.raises(StoreUnavailable, match=r"refused|failed") as caught:
        invoke(config, name, *files.get(name, []))
    assert "very-secret" not in str(caught.value)
    assert not (tmp_path / "new.gz").exists()


def house_config(folder: Path) -> Path:
    config = config_of(folder, f"sqlite:///{folder}/posthouse.db")
    invoke(config, "upgrade")
    return config


def exported(config: Path) -> bytes:
    return invoke(config, "export", "-").stdout_bytes


# vacuum


def test_vacuum_says_how_large_the_database_was_and_is(house: House) -> None:
    outbox = house.relay.outbox
    for number in range(40):
        house.post({"object_kind": "unknown", "text": "x" * 50_000}, key=str(number))
    with outbox._engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM event")
    name, _, sizes = invoke(config_path(house), "vacuum").stdout.strip().rpartition(": ")
    before, _, after = sizes.partition(" MB before, ")
    assert name == f"sqlite:///{config_path(house).parent}/posthouse.db"
    assert float(before) > 2 > float(after.removesuffix(" MB now"))


def test_vacuum_leaves_everything_where_it_is(config: Path) -> None:
    invoke(config, "upgrade")
    assert invoke(config, "vacuum").exit_code == 0
    assert "event       0 rows" in invoke(config, "current").stdout


# export and import


def test_an_export_is_for_nobody_else_to_read_and_overwrites_nothing(house: House, tmp_path: Path) -> None:
    house.push("one")
    file = tmp_path / "export.gz"
    result = invoke(config_path(house), "export", str(file))
    assert result.stderr.startswith("exported 1 events, 0 deliveries, 0 attempts, as of 20")
    assert result.stdout == ""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    with pytest.raises(PosthouseError, match=r"export.gz exists already"):
        invoke(config_path(house), "export", str(file))
    assert file.read_bytes() == before
    with pytest.raises(PosthouseError, match=r"cannot write .*: No such file or directory"):
        invoke(config_path(house), "export", str(tmp_path / "nowhere" / "export.gz"))


def test_an_export_that_fails_leaves_no_file(tmp_path: Path) -> None:
    Outbox(f"sqlite:///{tmp_path}/posthouse.db")._engine.connect().close()
    with pytest.raises(PosthouseError, match="migration none instead of"):
        invoke(config_of(tmp_path, f"sqlite:///{tmp_path}/posthouse.db"), "export", str(tmp_path / "export.gz"))
    assert not (tmp_path / "export.gz").exists()


def test_a_full_disk_is_said_in_a_sentence(house: House) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    export = [*POSTHOUSE, "db", "export", "-", "--config", str(config_path(house))]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(export, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "posthouse: cannot write -: No space left on device\n"


def test_no_export_holds_a_secret_of_the_configuration(house: House) -> None:
    house.push("one")
    house.work()
    text = gzip.decompress(exported(config_path(house))).decode()
    assert "Push Hook" in text
    assert "token-one" not in text
    assert "let-me-in" not in text


def test_a_new_database_is_for_nobody_else_to_read(house: House, tmp_path: Path) -> None:
    house.push("one")
    new = config_of(tmp_path / "new", f"sqlite:///{tmp_path}/new/posthouse.db")
    result = invoke(new, "import", "-", input=exported(config_path(house)))
    assert result.stderr.startswith(f"imported 1 events, 0 deliveries, 0 attempts into sqlite:///{tmp_path}/new/")
    assert stat.S_IMODE((tmp_path / "new/posthouse.db").stat().st_mode) == 0o600


def test_what_is_no_export_makes_no_database(tmp_path: Path) -> None:
    new = config_of(tmp_path, f"sqlite:///{tmp_path}/posthouse.db")
    with pytest.raises(PosthouseError, match="this is no export of posthouse"):
        invoke(new, "import", str(new))
    assert not (tmp_path / "posthouse.db").exists()


def test_the_way_from_one_database_to_another_is_in_the_help() -> None:
    text = CliRunner().invoke(cli, ["db", "--help"]).stdout
    assert "3. posthouse db export - --config old.yml | posthouse db import - --config new.yml\n" in text


# A running installation


class Move:
    """An installation on SQLite and one on PostgreSQL, with one port and one robot, of which one runs at a time."""

    def __init__(self, folder: Path, server: Server, robots: str, dingtalk: FakeDingTalk, per_minute: int) -> None:
        self.dingtalk = dingtalk
        self.port = free_port()
        self.old, self.new = (Installation(folder / name, dingtalk, self.port) for name in ("old", "new"))
        self.roles: list[subprocess.Popen[bytes]] = []
        values = {"port": self.port, "robots": robots, "per_minute": per_minute, "token": TOKEN, "secret": SECRET}
        databases = (f"sqlite:///{self.old.folder}/posthouse.db", server.new_database())
        for one, database in zip((self.old, self.new), databases, strict=True):
            one.folder.mkdir()
            Path(one.config).write_text(CONFIG.format(database=database, **values))

    def start(self, role: str) -> None:
        with (self.new.folder / "log.txt").open("ab") as log:
            arguments = [*POSTHOUSE, role, "--config", self.new.config]
            self.roles.append(subprocess.Popen(arguments, stdout=log, stderr=log))

    def carry_over(self) -> None:
        export = [*POSTHOUSE, "db", "export", "-", "--config", self.old.config]
        with subprocess.Popen(export, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as exporting:
            importing = [*POSTHOUSE, "db", "import", "-", "--config", self.new.config]
            done = subprocess.run(importing, stdin=exporting.stdout, stderr=subprocess.PIPE, text=True)
            assert exporting.wait() == 0
        assert done.returncode == 0, done.stderr
        assert "come behind them; those from before have numbers that are higher by" in done.stderr

    def end(self) -> None:
        if self.old.process is not None:
            self.old.kill()
        for role in self.roles:
            role.terminate()
        for role in self.roles:
            role.wait(30)
        for one in (self.old, self.new):
            one.http.clear()


@pytest.fixture
def move(tmp_path: Path, server: Server, request: pytest.FixtureRequest) -> Iterator[Move]:
    dingtalk = FakeDingTalk({TOKEN: FakeRobot(secret=SECRET, per_minute=0)})
    with running(FakeRobots(dingtalk)) as robots:
        made = Move(tmp_path, server, robots, dingtalk, request.param)
        yield made
        made.end()


@pytest.mark.parametrize(("move", "told"), [(0, 40), (12, 12)], indirect=["move"])
def test_a_running_installation_moves_to_postgresql(move: Move, told: int, server: Server, tmp_path: Path) -> None:
    """Every event is stored once and told once, in order, and no minute has more messages than it may."""
    before, while_moving, pushes = 15, 10, 40
    move.old.start()
    # The robot is slow, so that much waits.
    move.dingtalk.misbehave(TOKEN, *[Fault(delay=0.2)] * 10)
    with ThreadPoolExecutor(1) as sender:
        first = sender.submit(lambda: [move.old.push(number) for number in range(before)])
        wait_until(lambda: len(move.dingtalk.requests(TOKEN)) >= 2)
        running_export = exported(Path(move.old.config))
        first.result(30)
        wait_until(lambda: len(move.dingtalk.shown(TOKEN)) >= 4)
        assert move.old.stop() == 0
        already = len(move.dingtalk.shown(TOKEN))
        assert already < min(told, before)
        move.start("web")
        assert [move.new.push(number) for number in range(before, before + while_moving)]
        rest = sender.submit(lambda: [move.new.push(number) for number in range(before + while_moving, pushes)])
        move.carry_over()
        rest.result(30)
    move.start("worker")
    wait_until(lambda: len(move.dingtalk.shown(TOKEN)) >= told, seconds=30)
    states = ["sent"] * told + ["waiting"] * (pushes - told)
    wait_until(lambda: [one["state"] for one in reversed(move.new.deliveries())] == states)
    assert move.new.told() == [f"branch-{number}" for number in range(told)]
    assert len(move.dingtalk.requests(TOKEN)) == told
    (robot,) = move.new.posthouse("robots")
    assert robot["month_messages"] == told
    if told < pushes:
        assert "12 of 12 messages a minute are used" in robot["reason"]
    is_consistent(running_export, config_of(tmp_path / "copy", server.new_database()))


def is_consistent(export: bytes, config: Path) -> None:
    """Check that an export that was made of a running installation is the beginning of what happened."""
    invoke(config, "import", "-", input=BytesIO(export))
    (found,) = (json.loads(line) for line in invoke(config, "current", "--json").stdout.splitlines())
    assert found["rows"]["event"] > 0
    assert found["rows"]["attempt"] >= 1
    assert found["waiting_events"] + found["rows"]["delivery"] == found["rows"]["event"]
