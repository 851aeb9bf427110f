"""What runs posthouse elsewhere: what cannot be run here is read closely, and linted where its linter is installed."""

import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple
from wsgiref.simple_server import make_server

import click
import jsonschema
import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML
from sqlalchemy import make_url

import posthouse
from posthouse.cli import cli
from posthouse.cli._parent import STOP_SECONDS
from posthouse.cli.web import STOP_SECONDS as WEB_STOP_SECONDS
from posthouse.config import load
from posthouse.outbox.postgresql import CONNECTIONS
from posthouse.relay import Relay
from posthouse.transport import TOTAL_SECONDS
from posthouse.web import create_app

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "posthouse"
TEMPLATES = sorted((CHART / "templates").iterdir())
MANIFESTS = [path for path in TEMPLATES if path.suffix == ".yaml"]
PAGE = ROOT / "docs" / "deployment.md"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PLAIN_YAML = [DEPLOY / "compose.yml", DEPLOY / "posthouse.yml", CHART / "Chart.yaml", CHART / "values.yaml"]
LINT_RULES = "line-length: {max: 120}, document-start: disable, comments: {min-spaces-from-content: 1}"
#: How exposed a unit may be, in tenths of what systemd-analyze shows; what is left is the network.
EXPOSURE = 16
CONFIG = """\
config:
  server: {{database: "sqlite:///{folder}/posthouse.db"}}
  webhooks:
    - {{webhook_id: demo, type: GITLAB}}
"""

each_template = pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
each_manifest = pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.name)
each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def yaml(text: str) -> Any:
    return YAML(typ="safe").load(text)


def program(name: str) -> str:
    """Return where a program is, beside Python too; the test that asks is skipped where it is not installed."""
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip(f"there is no {name} here")
    return found


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60)


def understood(arguments: list[str]) -> bool:
    """Tell whether the command line knows a command with these options; raises what click says of it otherwise."""
    name, *options = arguments
    context = click.Context(cli)
    command = cli.get_command(context, name)
    return command is not None and bool(command.make_context(name, ["--config", "posthouse.yml", *options]))


# The image


class Instruction(NamedTuple):
    word: str
    rest: str


def instructions() -> list[Instruction]:
    lines = [line for line in read(ROOT / "Dockerfile").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line]


def said(word: str) -> list[str]:
    return [instruction.rest for instruction in instructions() if instruction.word == word]


def last_stage() -> list[Instruction]:
    found = instructions()
    return found[max(index for index, each in enumerate(found) if each.word == "FROM") :]


def image_user() -> tuple[int, int]:
    users = [each.rest for each in last_stage() if each.word == "USER"]
    user, group = users[-1].split(":")
    return int(user), int(group)


def ignored(path: str) -> bool:
    """Tell whether .dockerignore keeps a path out of the build: the last pattern that matches it or a parent wins."""
    parts = path.split("/")
    parents = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    out = False
    for pattern in read(ROOT / ".dockerignore").splitlines():
        if pattern.startswith("#") or not pattern:
            continue
        bare = pattern.removeprefix("!")
        if any(fnmatch(parent, bare) or fnmatch(f"/{parent}", bare.replace("**", "*", 1)) for parent in parents):
            out = not pattern.startswith("!")
    return out


def test_both_stages_start_from_one_tagged_image() -> None:
    (base,) = [rest for rest in said("ARG") if rest.startswith("BASE=")]
    assert re.fullmatch(r"BASE=python:3\.\d+-slim-\w+", base)
    assert [rest.split(" AS ")[0] for rest in said("FROM")] == ["${BASE}", "${BASE}"]


def test_the_python_of_the_image_is_one_that_is_supported() -> None:
    (version,) = re.findall(r"BASE=python:([\d.]+)", read(ROOT / "Dockerfile"))[:1]
    assert f"Programming Language :: Python :: {version}" in read(ROOT / "pyproject.toml")


def test_the_image_runs_as_a_user_of_its_own() -> None:
    user, group = image_user()
    assert user >= 10_000, "may be a user of the machine, too"
    made = next(each.rest for each in last_stage() if each.word == "RUN")
    assert f"groupadd --gid {group} " in made
    assert f"useradd --uid {user} --gid {group} " in made
    assert f"install --directory --owner {user} --group {group} --mode 0700 /data" in made


def test_what_others_wrote_is_installed_by_hash() -> None:
    steps = [step for rest in said("RUN") for step in rest.split("&&") if "pip" in step and "venv" not in step]
    assert len(steps) == 4
    for step in steps:
        assert ("--require-hashes --only-binary :all:" in step) == (" -r " in step)
        assert ("--no-index --no-deps" in step) == (" -r " not in step)
    for name in re.findall(r"-r (\S+)", " ".join(steps)):
        lock = read(ROOT / name)
        packages = re.findall(r"^\S+==\S+", lock, re.MULTILINE)
        assert packages
        for entry in re.split(r"^(?=\S+==)", lock, flags=re.MULTILINE)[1:]:
            assert "--hash=sha256:" in entry, f"{name}: {entry}"


def test_what_is_installed_together_is_locked_to_the_same_versions() -> None:
    pinned: dict[str, str] = {}
    for name in dict.fromkeys(re.findall(r"-r requirements/(\S+)", read(ROOT / "Dockerfile"))):
        lock = read(ROOT / "requirements" / name)
        for package, version in re.findall(r"^([\w.-]+(?:\[\w+\])?)==(\S+)", lock, re.MULTILINE):
            assert pinned.setdefault(package, version) == version, f"{name}: {package}"
    assert {"flask", "granian", "psycopg[binary]"} <= set(pinned)


def test_every_lock_of_the_image_is_one_that_make_lock_writes() -> None:
    (names,) = re.findall(r"for name in (.+); do", read(ROOT / "Makefile"))
    for name in re.findall(r"-r requirements/(\w+)\.txt", read(ROOT / "Dockerfile")):
        assert name in names.split()
        assert (ROOT / f"requirements/{name}.in").is_file()


def test_what_is_copied_exists_and_gets_into_the_build() -> None:
    copied = [rest for rest in said("COPY") if not rest.startswith("--from=build ")]
    assert copied
    for rest in copied:
        *sources, _target = rest.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert not ignored(source), source
    assert not ignored("src/posthouse/relay.py")


@pytest.mark.parametrize(
    "path",
    [".git/config", ".venv/bin/python", "posthouse.db", "my.yml", "deploy/secrets/database_password", "tests/house.py",
     "requirements/runtime.in", "src/posthouse/__pycache__/relay.cpython-313.pyc"],
)  # fmt: skip
def test_nothing_else_gets_into_the_build(path: str) -> None:
    assert ignored(path)


def test_the_image_holds_no_secret_and_fetches_nothing_by_address() -> None:
    assert not said("ADD")
    assert "curl" not in read(ROOT / "Dockerfile")
    assert "://" not in read(ROOT / "Dockerfile")
    for rest in [*said("ARG"), *said("ENV")]:
        assert not re.search(r"TOKEN|SECRET|PASSWORD|KEY", rest, re.IGNORECASE)


def test_the_image_serves_unless_it_is_told_otherwise() -> None:
    assert json.loads(said("ENTRYPOINT")[0]) == ["posthouse"]
    assert understood(json.loads(said("CMD")[0]))
    assert said("STOPSIGNAL") == ["SIGTERM"]
    assert said("EXPOSE") == ["5000"]
    assert "POSTHOUSE_CONFIG=/etc/posthouse/posthouse.yml" in said("ENV")[0]
    assert any("org.opencontainers.image.licenses" in rest for rest in said("LABEL"))


@contextmanager
def answering(relay: Relay) -> Iterator[int]:
    """Serve the application as under ``posthouse serve``; yields its port."""
    with make_server("127.0.0.1", 0, create_app(relay, with_worker=True)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_the_image_is_healthy_when_posthouse_is_ready(tmp_path: Path) -> None:
    (tmp_path / "posthouse.yml").write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    interpreter, *check = json.loads(said("HEALTHCHECK")[0].partition("CMD ")[2])
    assert interpreter == "python"
    relay = Relay.open(tmp_path / "posthouse.yml")
    with answering(relay) as port:
        command = [sys.executable, *(part.replace("5000", str(port)) for part in check)]
        assert run(*command).returncode == 1, "no worker has been seen"
        relay.outbox.beat("one", started_at=relay.clock(), now=relay.clock())
        assert run(*command).returncode == 0
    relay.close()
    assert run(*command).returncode == 1, "nobody listens"


def test_hadolint_finds_nothing() -> None:
    found = run(program("hadolint"), "--failure-threshold", "style", ROOT / "Dockerfile")
    assert found.returncode == 0, found.stdout


# YAML


@pytest.mark.parametrize("path", PLAIN_YAML, ids=lambda path: path.name)
def test_yamllint_finds_nothing(path: Path) -> None:
    found = run(
        sys.executable, "-m", "yamllint", "--strict", "-d", f"{{extends: default, rules: {{{LINT_RULES}}}}}", path
    )
    assert found.returncode == 0, found.stdout


def test_everything_names_the_version_that_it_runs() -> None:
    assert yaml(read(CHART / "Chart.yaml"))["appVersion"] == posthouse.__version__
    images = {service["image"] for service in compose()["services"].values() if "build" in service}
    assert images == {f"posthouse:{posthouse.__version__}"}
    assert set(re.findall(r"posthouse:(\d[\w.]*\w)", read(PAGE))) == {posthouse.__version__}


# Compose


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml(read(DEPLOY / "compose.yml"))
    return found


def own_services() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in compose()["services"].items() if "build" in service}


def named_in_the_configuration() -> set[str]:
    return set(re.findall(r"\$\{file:/run/secrets/(\w+)\}", read(DEPLOY / "posthouse.yml")))


def test_there_are_two_of_each_role() -> None:
    roles = [
        service["command"][0]
        for service in own_services().values()
        for _ in range(service.get("deploy", {}).get("replicas", 1))
    ]
    assert sorted(roles) == ["web", "web", "worker", "worker"]


def test_every_command_is_one_that_the_command_line_knows() -> None:
    assert all(understood(service["command"]) for service in own_services().values())


@pytest.mark.parametrize("name", compose()["services"])
def test_every_service_is_confined(name: str) -> None:
    service = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert not {"privileged", "cap_add", "network_mode", "pid"} & set(service)
    user = service.get("user", ":".join(map(str, image_user())))
    assert not user.startswith("0")


@pytest.mark.parametrize("name", own_services())
def test_every_service_waits_for_the_database_and_has_the_configuration(name: str) -> None:
    service = own_services()[name]
    assert service["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert service["configs"] == [{"source": "posthouse", "target": "/etc/posthouse/posthouse.yml"}]
    assert set(service["secrets"]) >= named_in_the_configuration()
    assert int(service["stop_grace_period"].removesuffix("s")) > max(STOP_SECONDS, WEB_STOP_SECONDS)
    assert (ROOT / "deploy" / service["build"]["context"]).resolve() == ROOT


def test_only_this_machine_reaches_the_ports() -> None:
    ports = [port for service in compose()["services"].values() for port in service.get("ports", ())]
    assert len(ports) == 2
    assert len(set(ports)) == 2
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:5000", port) for port in ports)


def test_the_database_is_ready_by_tcp_and_keeps_its_files() -> None:
    database = compose()["services"]["db"]
    assert database["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert "--host=127.0.0.1" in database["healthcheck"]["test"]
    assert database["volumes"] == ["database:/var/lib/postgresql/data"]
    assert "database" in compose()["volumes"]
    assert compose()["networks"]["database"] == {"internal": True}
    assert database["networks"] == ["database"]
    assert "ports" not in database


def test_every_secret_is_a_file_that_git_leaves_alone() -> None:
    secrets = compose()["secrets"]
    assert set(secrets) == {name for service in compose()["services"].values() for name in service["secrets"]}
    assert all(secret == {"file": f"secrets/{name}"} for name, secret in secrets.items())
    assert "/secrets/" in read(DEPLOY / ".gitignore").splitlines()
    environments = [service.get("environment", {}) for service in compose()["services"].values()]
    assert all("PASSWORD" not in name or name.endswith("_FILE") for each in environments for name in each)


def with_secrets(folder: Path) -> Path:
    """Write the configuration with its secrets in place, somewhere else than /run."""
    for name in named_in_the_configuration():
        (folder / name).write_text(f"demo{name.replace('_', '')}\n", encoding="utf-8")
    path = folder / "posthouse.yml"
    path.write_text(read(DEPLOY / "posthouse.yml").replace("/run/secrets", str(folder)), encoding="utf-8")
    return path


def test_the_configuration_is_right(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["check", "--config", str(with_secrets(tmp_path))])
    assert result.exit_code == 0, result.output
    assert "warning" not in result.output


def test_the_configuration_names_the_database_that_compose_starts(tmp_path: Path) -> None:
    url = make_url(load(with_secrets(tmp_path)).server.database_url)
    environment = compose()["services"]["db"]["environment"]
    assert (url.host, url.username, url.database) == (
        "db", environment["POSTGRES_USER"], environment["POSTGRES_DB"]
    )  # fmt: skip
    assert url.password == "demodatabasepassword"
    assert environment["POSTGRES_PASSWORD_FILE"] == "/run/secrets/database_password"


def test_docker_understands_compose_yml(tmp_path: Path) -> None:
    docker = program("docker")
    if run(docker, "compose", "version").returncode != 0:
        pytest.skip("docker has no compose here")
    found = run(docker, "compose", "--file", DEPLOY / "compose.yml", "config", "--quiet")
    assert found.returncode == 0, found.stderr


# The worker's file


def probe() -> list[str]:
    """Return how compose.yml asks a worker whether it goes on."""
    kind, command = own_services()["worker"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    return ["sh", "-c", command]


def test_a_worker_is_alive_as_long_as_it_touches_its_file(tmp_path: Path) -> None:
    (tmp_path / "posthouse.yml").write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    alive = tmp_path / "alive"
    shell, option, command = probe()
    command = command.replace("/tmp/alive", str(alive))  # noqa: S108 - what is replaced
    assert str(alive) in command
    assert run(shell, option, command).returncode != 0, "it has not begun"
    arguments = ["worker", "--config", str(tmp_path / "posthouse.yml"), "--alive-file", str(alive)]
    with subprocess.Popen([sys.executable, "-m", "posthouse.cli", *arguments], stderr=subprocess.DEVNULL) as worker:
        try:
            until(alive.is_file)
            assert run(shell, option, command).returncode == 0
        finally:
            worker.send_signal(signal.SIGTERM)
        assert worker.wait(15) == 0
    run("touch", "-d", "2 minutes ago", alive)
    assert run(shell, option, command).returncode != 0, "it has stopped"


def until(condition: Any) -> None:
    """Wait for a condition, looking often; fail when it takes too long."""
    never = threading.Event()
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        never.wait(0.01)


def test_a_worker_takes_no_earlier_one_for_itself(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    alive.touch()
    result = CliRunner().invoke(cli, ["worker", "--config", str(tmp_path / "none.yml"), "--alive-file", str(alive)])
    assert result.exception is not None
    assert not alive.exists()


def test_a_worker_whose_file_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "posthouse.yml").write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    nowhere = tmp_path / "nowhere" / "alive"
    found = run(
        sys.executable, "-m", "posthouse.cli", "worker", "--config", tmp_path / "posthouse.yml", "--alive-file", nowhere
    )
    assert found.returncode == 1
    assert found.stderr == f"posthouse: cannot write {nowhere}\n"


# The chart

ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)


def actions(path: Path) -> list[str]:
    return [action for action in ACTION.findall(read(path)) if not action.startswith("/*")]


def values() -> dict[str, Any]:
    found: dict[str, Any] = yaml(read(CHART / "values.yaml"))
    return found


def leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        yield from leaves(value, f"{prefix}{name}.") if isinstance(value, dict) and value else (f"{prefix}{name}",)


def used() -> set[str]:
    found = {path for template in TEMPLATES for path in re.findall(r"\.Values\.([\w.]+)", read(template))}
    assert found
    return found


def skeleton(text: str) -> Any:
    """Return what stands in a template whatever the values are; each value in a line is a word."""
    lines = [line for line in text.splitlines() if not re.fullmatch(r"\s*\{\{.*\}\}\s*", line)]
    return yaml(ACTION.sub("word", "\n".join(lines)))


def manifest_of(name: str) -> Any:
    return skeleton(read(CHART / "templates" / name))


def named(definition: str) -> Any:
    """Return the skeleton of one named template."""
    text = read(CHART / "templates" / "_pod.tpl")
    (body,) = re.findall(rf'\{{\{{- define "{re.escape(definition)}" -\}}\}}\n(.*?)(?=\{{\{{/\*|\Z)', text, re.DOTALL)
    return skeleton(body)


@each_template
def test_what_a_template_opens_it_closes(template: Path) -> None:
    text = read(template)
    assert text.count("{{") == text.count("}}") == len(ACTION.findall(text))
    opened: list[str] = []
    for action in actions(template):
        word = action.split()[0]
        if word in {"if", "range", "with", "define"}:
            opened.append(action)
        elif word == "else":
            assert opened
            assert opened[-1].split()[0] in {"if", "range", "with"}
        elif word == "end":
            assert opened, f"{template.name} ends what it has not begun"
            opened.pop()
    assert not opened


def test_every_value_that_is_used_exists() -> None:
    known = set(leaves(values()))
    whole = {leaf.rsplit(".", depth)[0] for leaf in known for depth in range(1, leaf.count(".") + 1)}
    assert used() <= known | whole


def test_every_value_is_used() -> None:
    paths = used()
    assert [leaf for leaf in leaves(values()) if not any(f"{leaf}.".startswith(f"{path}.") for path in paths)] == []


def test_every_named_template_is_defined_once_and_used() -> None:
    text = "\n".join(map(read, TEMPLATES))
    defined = re.findall(r'define "([^"]+)"', text)
    assert len(defined) == len(set(defined))
    assert set(re.findall(r'include "([^"]+)"', text)) == set(defined)


def test_the_schema_knows_the_values_and_nothing_else() -> None:
    schema = json.loads(read(CHART / "values.schema.json"))
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(values(), schema)
    assert set(schema["properties"]) - {"global"} == set(values())
    for name, part in schema["properties"].items():
        if "properties" in part:
            assert set(part["properties"]) == set(values()[name]), name
            assert part["additionalProperties"] is False, name


@pytest.mark.parametrize(
    "wrong", [{"wbe": {}}, {"web": {"replicas": "two"}}, {"image": {"digest": "latest"}}, {"config": {"server": {}}}]
)
def test_the_schema_refuses_what_is_wrong(wrong: dict[str, Any]) -> None:
    schema = json.loads(read(CHART / "values.schema.json"))
    given = values() | {
        name: values().get(name, {}) | part if isinstance(values().get(name, {}), dict) else part
        for name, part in wrong.items()
    }
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(given, schema)


def test_the_chart_says_what_helm_asks_for() -> None:
    chart = yaml(read(CHART / "Chart.yaml"))
    assert (chart["apiVersion"], chart["name"], chart["type"]) == ("v2", CHART.name, "application")
    assert re.fullmatch(r"\d+\.\d+\.\d+", chart["version"])


@each_manifest
def test_every_manifest_says_what_it_is(manifest: Path) -> None:
    found = manifest_of(manifest.name)
    assert found["apiVersion"]
    assert found["kind"]
    assert "word" in found["metadata"]["name"], "two releases would share it"
    assert 'include "posthouse.labels"' in read(manifest)


def test_pods_may_do_nothing() -> None:
    pod, container = named("posthouse.pod"), named("posthouse.container")
    assert pod["automountServiceAccountToken"] is False
    assert manifest_of("serviceaccount.yaml")["automountServiceAccountToken"] is False
    user, group = image_user()
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": group,
        "fsGroup": group,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_every_volume_is_mounted() -> None:
    volumes = {volume["name"] for volume in named("posthouse.pod")["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in named("posthouse.container")["volumeMounts"]}
    assert set(mounts) == volumes
    assert f"POSTHOUSE_CONFIG={mounts['config']}/posthouse.yml" in said("ENV")[0]
    assert list(manifest_of("configmap.yaml")["data"]) == ["posthouse.yml"]


@pytest.mark.parametrize("role", ["web", "worker"])
def test_the_pods_of_a_role_run_it_and_are_spread_and_counted(role: str) -> None:
    spec = manifest_of(f"{role}.yaml")["spec"]
    component = {"app.kubernetes.io/component": role}
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"][0] == role
    assert understood(container["args"])
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"] == component
    (spread,) = pod["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == component
    assert spread["topologyKey"] == "kubernetes.io/hostname"
    assert {"startupProbe", "livenessProbe"} <= set(container)
    assert values()[role]["replicas"] >= 2
    assert {"requests", "limits"} <= set(values()[role]["resources"])
    text = read(CHART / "templates" / f"{role}.yaml")
    for part in ("pod", "container", "annotations"):
        assert f'include "posthouse.{part}"' in text
    budgets = read(CHART / "templates" / "poddisruptionbudget.yaml")
    assert role in re.findall(r'"(\w+)"', re.findall(r":= list (.+) }}", budgets)[0])


def test_kubernetes_waits_for_the_end() -> None:
    web = manifest_of("web.yaml")["spec"]["template"]["spec"]
    pause = int(web["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert web["terminationGracePeriodSeconds"] > pause + WEB_STOP_SECONDS
    assert manifest_of("worker.yaml")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > STOP_SECONDS


def test_every_page_that_is_asked_for_exists(tmp_path: Path) -> None:
    (tmp_path / "posthouse.yml").write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    (container,) = manifest_of("web.yaml")["spec"]["template"]["spec"]["containers"]
    (port,) = container["ports"]
    assert port["containerPort"] == int(container["args"][-1]) == int(said("EXPOSE")[0])
    probes = [container[probe]["httpGet"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert [probe["path"] for probe in probes] == ["/healthz", "/readyz", "/healthz"]
    assert {probe["port"] for probe in probes} == {port["name"]}
    relay = Relay.open(tmp_path / "posthouse.yml")
    client = create_app(relay).test_client()
    assert [client.get(probe["path"]).status_code for probe in probes] == [200, 200, 200]
    relay.close()
    assert manifest_of("service.yaml")["spec"]["ports"][0]["targetPort"] == port["name"]


def test_the_chart_and_compose_ask_a_worker_alike() -> None:
    (container,) = manifest_of("worker.yaml")["spec"]["template"]["spec"]["containers"]
    assert container["livenessProbe"]["exec"]["command"] == probe()
    arguments = own_services()["worker"]["command"]
    assert container["args"][: len(arguments)] == arguments


def test_prometheus_finds_the_ports_of_both_roles() -> None:
    ports = [manifest_of(f"{role}.yaml")["spec"]["template"]["spec"]["containers"][0] for role in ("web", "worker")]
    named_ports = [(port["name"], str(port["containerPort"])) for container in ports for port in container["ports"]]
    (scraped,) = re.findall(r":= list (.+) }}", read(CHART / "templates" / "podmonitor.yaml"))
    assert [name for name, _ in named_ports] == re.findall(r'"(\w+)"', scraped)
    assert [container["args"][-1] for container in ports] == [number for _, number in named_ports]


FULL: dict[str, Any] = {
    "config": read(DEPLOY / "posthouse.yml"),
    "secret": "posthouse",
    "image": {"digest": f"sha256:{'0' * 64}", "pullSecrets": [{"name": "registry"}]},
    "env": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}],
    "podAnnotations": {"example.com/team": "finance"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "ingress": {"enabled": True, "className": "nginx", "annotations": {"example.com/a": "b"}, "tlsSecret": "tls"},
    "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}, "tokenKey": "metrics_token"},
}


def rendered(given: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "values.json").write_text(json.dumps(given), encoding="utf-8")
    return run(program("helm"), "template", "demo", CHART, "--values", folder / "values.json")


@pytest.mark.parametrize("given", [{"config": FULL["config"], "secret": "posthouse"}, FULL], ids=["least", "full"])
def test_helm_renders_pods_that_are_found(given: dict[str, Any], tmp_path: Path) -> None:
    found = rendered(given, tmp_path)
    assert found.returncode == 0, found.stderr
    documents = [document for document in YAML(typ="safe").load_all(found.stdout) if document]
    kinds = sorted(document["kind"] for document in documents)
    more = ["Ingress", "PodMonitor"] if given is FULL else []
    least = ["ConfigMap", *["Deployment"] * 2, *["PodDisruptionBudget"] * 2, "Service", "ServiceAccount"]
    assert kinds == sorted([*least, *more])
    pods = [each["spec"]["template"]["metadata"]["labels"] for each in documents if each["kind"] == "Deployment"]
    for document in documents:
        if document["kind"] in {"PodDisruptionBudget", "Deployment"}:
            wanted = document["spec"]["selector"]["matchLabels"].items()
            assert sum(wanted <= pod.items() for pod in pods) == 1
    (config,) = [document["data"]["posthouse.yml"] for document in documents if document["kind"] == "ConfigMap"]
    assert config.strip() == FULL["config"].strip()


@pytest.mark.parametrize("missing", ["config", "secret"])
def test_helm_says_what_is_missing(missing: str, tmp_path: Path) -> None:
    found = rendered({"config": "config: {}", "secret": "posthouse"} | {missing: ""}, tmp_path)
    assert found.returncode != 0
    assert re.search(rf"\b{missing} (is|names)\b", found.stderr)


def test_helm_lint_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "values.json").write_text(json.dumps(FULL), encoding="utf-8")
    found = run(program("helm"), "lint", "--strict", CHART, "--values", tmp_path / "values.json")
    assert found.returncode == 0, found.stdout


# Units


def settings_of(unit: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in read(unit).splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_there_is_a_unit_for_everything_at_once_and_one_for_each_role() -> None:
    assert [unit.name for unit in UNITS] == ["posthouse-web@.service", "posthouse-worker@.service", "posthouse.service"]


@each_unit
def test_a_unit_starts_a_command_with_what_systemd_hands_it(unit: Path) -> None:
    (start,) = settings_of(unit)["ExecStart"]
    program_, *arguments = start.replace("%i", "5001").split()
    assert program_ == "/opt/posthouse/bin/posthouse"
    assert arguments[1:3] == ["--config", "%d/posthouse.yml"]
    assert understood([arguments[0], *arguments[3:]])
    assert settings_of(unit)["LoadCredential"] == ["posthouse.yml:/etc/posthouse/posthouse.yml"]
    assert "Environment" not in settings_of(unit)


@each_unit
def test_a_unit_gives_up_on_a_wrong_configuration_alone_and_waits_for_the_end(unit: Path) -> None:
    found = settings_of(unit)
    assert found["Restart"] == ["on-failure"]
    assert found["RestartPreventExitStatus"] == ["2"]
    assert int(found["TimeoutStopSec"][0]) > max(STOP_SECONDS, WEB_STOP_SECONDS)


@each_unit
def test_a_worker_sees_the_other_workers_of_its_machine(unit: Path) -> None:
    """With both settings, processes of another unit are invisible, and a live worker's lanes would be taken."""
    assert not {"PrivateUsers", "ProtectProc"} <= set(settings_of(unit))
    assert "PrivatePIDs" not in settings_of(unit)


def test_the_units_are_hardened_alike() -> None:
    def hardening(unit: Path) -> set[tuple[str, str]]:
        section = read(unit).partition("NoNewPrivileges")[2].partition("[Install]")[0]
        lines = [line for line in section.splitlines() if line and not line.startswith("#")]
        return {(name, value) for name, _, value in (line.partition("=") for line in lines)}

    web, worker, serve = map(hardening, UNITS)
    assert web == worker
    assert {name for name, _ in web ^ serve} == {"RestrictAddressFamilies"}


@each_unit
def test_systemd_understands_the_unit(unit: Path, tmp_path: Path) -> None:
    here = tmp_path / unit.name.replace("@", "@5001")
    here.write_text(read(unit).replace("/opt/posthouse/bin/posthouse", sys.executable), encoding="utf-8")
    found = run(program("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", here)
    assert found.returncode == 0, found.stderr
    assert unit.stem.rstrip("@") not in found.stderr


@each_unit
def test_systemd_finds_the_unit_hardly_exposed(unit: Path) -> None:
    analyze = program("systemd-analyze")
    found = run(analyze, "security", "--offline=true", f"--threshold={EXPOSURE}", unit)
    if "unrecognized option" in found.stderr:
        pytest.skip("this systemd-analyze cannot judge a file")
    assert found.returncode == 0, found.stdout


# The page about it


def test_every_file_that_the_page_names_exists() -> None:
    names = set(re.findall(r"\bdeploy/[\w./@-]*\w", read(PAGE)))
    made = {name for name in names if name.startswith("deploy/secrets")}
    assert len(names) > 5
    assert [name for name in names - made if not (ROOT / name).exists()] == []


def test_the_pages_count_the_connections_that_a_process_makes() -> None:
    operations = read(PAGE.with_name("operations.md"))
    assert f"a process has {CONNECTIONS} at most for its work, and two more" in operations
    assert f"Count {CONNECTIONS + 2} for each process" in operations
    assert f"[count {CONNECTIONS + 2}](operations.md#postgresql) for each process" in read(PAGE)


def test_the_page_knows_how_long_processes_take_to_end() -> None:
    rows = dict(re.findall(r"^\| (?:`posthouse )?(\w+)`? \| (\d+) seconds", read(PAGE), re.MULTILINE))
    assert rows == {"web": str(WEB_STOP_SECONDS), "worker": f"{TOTAL_SECONDS:.0f}", "serve": f"{STOP_SECONDS:.0f}"}
