"""The configuration: what loads, and that every mistake is named with its file, line, key and the nearest known key."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.config import Settings, load
from posthouse.core.errors import ConfigError, Problem
from posthouse.core.message import Mention
from posthouse.notifiers.dingtalk import DingTalkNotifier
from posthouse.notifiers.dingtalk.settings import DingTalkSettings
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler, GitlabWebhookSettings

REPOSITORY = Path(__file__).parents[2]
#: As the product was specified with.
SHORT = """\
config:
  webhooks:
    - webhook_id: finance
      type: GITLAB
      conf:
        gitlab:
          host: http://192.168.10.1:8080/
          private_token: xxxxxxx
      notify:
        ding_talk:
          access_token: "e887b22ce23xxxxxx9a97999xxxxxxee27109dc31c3583bexxx21550c8"
          sign_key: "SEC082117cdxx6be0exxxxxx44c602aa761410bxxxxxxxeb217"
"""
WEBHOOK = """\
  webhooks:
    - webhook_id: demo
      type: GITLAB
"""


Loaded = Callable[[str], Settings]
Problems = Callable[[str], list[tuple[int | None, str, str]]]


def test_the_short_configuration_loads_unchanged(loaded: Loaded) -> None:
    found = loaded(SHORT)
    webhook = found.webhooks["finance"]
    robot = found.robots["finance.ding_talk"]
    assert list(found.webhooks) == ["finance"]
    assert list(found.robots) == ["finance.ding_talk"]
    assert webhook.handler is GitlabWebhookHandler
    assert webhook.robots == ("finance.ding_talk",)
    assert robot.notifier is DingTalkNotifier
    assert isinstance(webhook.settings, GitlabWebhookSettings)
    assert webhook.settings.conf.gitlab.host == "http://192.168.10.1:8080/"
    assert webhook.settings.conf.gitlab.private_token is not None
    assert webhook.settings.conf.gitlab.private_token.get_secret_value() == "xxxxxxx"
    assert isinstance(robot.settings, DingTalkSettings)
    assert robot.settings.token.startswith("e887b22ce23")
    assert robot.settings.sign_key is not None
    assert robot.settings.sign_key.get_secret_value().startswith("SEC0821")


def test_what_is_not_configured_has_its_default(loaded: Loaded) -> None:
    server = loaded(SHORT).server
    assert server.database_url == "sqlite:///posthouse.db"
    assert (server.host, server.port, server.base_url) == ("0.0.0.0", 5000, None)
    assert (server.language, server.time_zone) == ("zh", "Asia/Shanghai")


def test_the_example_of_every_key_loads() -> None:
    found = load(REPOSITORY / "posthouse.example.yml")
    assert found.webhooks["finance"].robots == ("finance.ding_talk",)
    assert found.webhooks["alerts"].robots == ("ops", "admins")
    assert found.pools == {"ops": ("ops_1", "ops_2")}
    lilei = found.people.find(Mention("", ("gitlab:lilei",)))
    assert lilei is not None
    assert lilei.name == "Li Lei"


def test_the_plugins_hear_of_the_site(loaded: Loaded) -> None:
    server = "  server: {language: en, time_zone: Europe/Berlin, base_url: 'https://hooks.example.com/a/'}\n"
    site = loaded("config:\n" + server + WEBHOOK).site
    assert (site.language, site.time_zone, site.base_url) == ("en", "Europe/Berlin", "https://hooks.example.com/a")


def test_a_webhook_without_robots_is_right(loaded: Loaded) -> None:
    for notify in ("", "      notify:\n", "      notify: {}\n"):
        found = loaded("config:\n" + WEBHOOK + notify)
        assert found.webhooks["demo"].robots == ()


def test_webhooks_may_share_what_an_anchor_names(loaded: Loaded) -> None:
    found = loaded(
        """\
config:
  webhooks:
    - &first
      webhook_id: one
      type: GITLAB
      notify: &robots
        ding_talk: {access_token: a-token-of-two}
    - <<: *first
      webhook_id: two
    - {webhook_id: three, type: GITLAB, notify: *robots}
"""
    )
    assert list(found.webhooks) == ["one", "two", "three"]
    assert {robot.settings.secrets() for robot in found.robots.values()} == {("a-token-of-two",)}


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "notepad.yml"
    path.write_bytes(b"\xef\xbb\xbf" + SHORT.replace("\n", "\r\n").encode())
    assert list(load(path).webhooks) == ["finance"]


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("confg:\n  webhooks: []\n", 1, "confg", "one key, 'config'"),
        ("config:\n  webhooks: []\nserver: {}\n", 3, "server", "one key, 'config'"),
        ("config:\n  webhok: []\n" + WEBHOOK, 2, "config.webhok", "unknown key; did you mean 'webhooks'?"),
        (
            "config:\n  qqqq: 1\n" + WEBHOOK,
            2,
            "config.qqqq",
            "unknown key; there are people, plugins, robots, server, webhooks",
        ),
        (
            "config:\n  server:\n    prot: 5000\n" + WEBHOOK,
            3,
            "config.server.prot",
            "unknown key; did you mean 'port'?",
        ),
        (
            "config:\n" + WEBHOOK + "      secret_tokn: x\n",
            5,
            "config.webhooks[0].secret_tokn",
            "unknown key; did you mean 'secret_token'?",
        ),
        (
            "config:\n" + WEBHOOK + "      notfy: {}\n",
            5,
            "config.webhooks[0].notfy",
            "unknown key; did you mean 'notify'?",
        ),
        (
            "config:\n" + WEBHOOK + "      conf:\n        gitlab:\n          hots: x\n",
            7,
            "config.webhooks[0].conf.gitlab.hots",
            "unknown key; did you mean 'host'?",
        ),
        (
            "config:\n" + WEBHOOK + "      notify:\n        dingtalk:\n          access_token: x\n",
            6,
            "config.webhooks[0].notify.dingtalk",
            "unknown kind of robot; did you mean 'ding_talk'?",
        ),
        (
            "config:\n"
            + WEBHOOK
            + "      notify:\n        ding_talk:\n          acces_token: x\n          url: http://h\n",
            7,
            "config.webhooks[0].notify.ding_talk.acces_token",
            "unknown key; did you mean 'access_token'?",
        ),
        (
            "config:\n  webhooks:\n    - webhook_id: demo\n      type: gitlab\n",
            4,
            "config.webhooks[0].type",
            "no webhook type is called 'gitlab'; did you mean 'GITLAB'?",
        ),
        ("config:\n  webhooks:\n    - type: GITLAB\n", 3, "config.webhooks[0].webhook_id", "is missing"),
        ("config:\n  webhooks:\n    - webhook_id: demo\n", 3, "config.webhooks[0].type", "is missing"),
        (
            "config:\n  webhooks:\n    - webhook_id: 7\n      type: GITLAB\n",
            3,
            "config.webhooks[0].webhook_id",
            "must be text; a number needs quotes",
        ),
        (
            "config:\n  webhooks:\n    - webhook_id: a/b\n      type: GITLAB\n",
            3,
            "config.webhooks[0].webhook_id",
            "pattern",
        ),
        (
            "config:\n  webhooks:\n    - webhook_id: demo\n      type: [GITLAB]\n",
            4,
            "config.webhooks[0].type",
            "must be text",
        ),
        ("config:\n" + WEBHOOK + "      secret_token: ''\n", 5, "config.webhooks[0].secret_token", "not be empty"),
        ("config:\n" + WEBHOOK + "      secret_token: 1\n", 5, "config.webhooks[0].secret_token", "must be text"),
        ("config:\n" + WEBHOOK + "      signing_token: whsec\n", 5, "config.webhooks[0].signing_token", "whsec_"),
        ("config:\n" + WEBHOOK + "      notify: [ding_talk]\n", 5, "config.webhooks[0].notify", "must have keys below"),
        (
            "config:\n" + WEBHOOK + "      notify:\n        ding_talk:\n",
            6,
            "config.webhooks[0].notify.ding_talk",
            "must have keys below it",
        ),
        (
            "config:\n" + WEBHOOK + "      notify:\n        ding_talk: {sign_key: SECx}\n",
            6,
            "config.webhooks[0].notify.ding_talk",
            "needs access_token",
        ),
        (
            "config:\n" + WEBHOOK + "      notify:\n        ding_talk: {access_token: x, per_minute: fast}\n",
            6,
            "config.webhooks[0].notify.ding_talk.per_minute",
            "integer",
        ),
        ("config:\n  server: {port: 65536}\n" + WEBHOOK, 2, "config.server.port", "65535"),
        ("config:\n  server: {port: .nan}\n" + WEBHOOK, 2, "config.server.port", "finite"),
        ("config:\n  server: {language: de}\n" + WEBHOOK, 2, "config.server.language", "'zh' or 'en'"),
        ("config:\n  server: {time_zone: Asia/Beijing}\n" + WEBHOOK, 2, "config.server.time_zone", "IANA"),
        ("config:\n  server: {time_zone: ../../etc}\n" + WEBHOOK, 2, "config.server.time_zone", "IANA"),
        ("config:\n  server: {time_zone: ''}\n" + WEBHOOK, 2, "config.server.time_zone", "IANA"),
        ("config:\n  server: {time_zone: Asia}\n" + WEBHOOK, 2, "config.server.time_zone", "IANA"),
        ("config:\n  server: {base_url: ftp://example.com}\n" + WEBHOOK, 2, "config.server.base_url", "http://"),
        ("config:\n  server: {base_url: 'http://'}\n" + WEBHOOK, 2, "config.server.base_url", "http://"),
        ("config:\n  server: {base_url: 'http:///hooks'}\n" + WEBHOOK, 2, "config.server.base_url", "http://"),
        ("config:\n  server: {base_url: 'http://a b'}\n" + WEBHOOK, 2, "config.server.base_url", "http://"),
        ("config:\n  server: {base_url: 'http://a/?b'}\n" + WEBHOOK, 2, "config.server.base_url", "http://"),
        ("config:\n  server: {database: 'sqlite://'}\n" + WEBHOOK, 2, "config.server.database", "must be a file"),
        ("config:\n  server: {database: 'sqlite:///'}\n" + WEBHOOK, 2, "config.server.database", "must be a file"),
        ("config:\n  server: {database: 'sqlite:///:memory:'}\n" + WEBHOOK, 2, "config.server.database", "a file"),
        ("config:\n  server: {database: 'sqlite:///x.db?a=1'}\n" + WEBHOOK, 2, "config.server.database", "a file"),
        ("config:\n  server: {database: posthouse.db}\n" + WEBHOOK, 2, "config.server.database", "must be a file"),
        ("config:\n  server: [x]\n" + WEBHOOK, 2, "config.server", "must have keys below it"),
        ("config:\n  plugins: mine.py\n" + WEBHOOK, 2, "config.plugins", "must be a list"),
        ("config:\n  plugins: [1]\n" + WEBHOOK, 2, "config.plugins[0]", "must be text"),
        ("config:\n", 1, "config", "must have keys below it"),
        ("config: text\n", 1, "config", "must have keys below it"),
        ("config: {}\n", 1, "config.webhooks", "is missing"),
        ("config:\n  webhooks:\n", 2, "config.webhooks", "must be a list"),
        ("config:\n  webhooks: []\n", 2, "config.webhooks", "must not be empty"),
        ("config:\n  webhooks: {demo: {type: GITLAB}}\n", 2, "config.webhooks", "must be a list"),
        ("config:\n  webhooks:\n    - demo\n", 3, "config.webhooks[0]", "must have keys below it"),
        ("config:\n  webhooks:\n    -\n", 3, "config.webhooks[0]", "must have keys below it"),
        ("", None, "", "one key, 'config'"),
        ("# nothing\n", None, "", "one key, 'config'"),
        ("- config\n", None, "", "one key, 'config'"),
        ("config: [\n", 2, "", "is not YAML"),
        ("config:\n\twebhooks: []\n", 2, "", "is not YAML"),
        ("config:\n  a: *b\n", 2, "", "is not YAML"),
        ("config: \0\n", None, "", "is not YAML"),
        ("config: {}\n---\nconfig: {}\n", 2, "", "is not YAML"),
        ("config: &all\n  <<: *all\n", None, "", "is not YAML"),
        ("config: !!int five\n", None, "", "is not YAML"),
        ("config: 2024-99-99\n", None, "", "is not YAML"),
        ("config: " + "9" * 5000 + "\n", None, "", "is not YAML"),
        ("config: " + "[" * 5000 + "\n", None, "", "nested too deeply"),
        ("config:\n  webhooks: []\n  webhooks: []\n", 3, "", "the key 'webhooks' is there twice"),
        ("config:\n  server: {host: '${NO_SUCH_NAME}'}\n", 2, "config.server.host", "no variable NO_SUCH_NAME"),
        ("config:\n  server: {host: '${}'}\n", 2, "config.server.host", "no variable"),
        ('config:\n  server: {host: "${\\ud800}"}\n', 2, "config.server.host", "cannot be the name"),
        ("config:\n  server:\n    host: ${file:nope}\n", 3, "config.server.host", "nope cannot be read: No such file"),
        ("config:\n  server:\n    host: ${file:.}\n", 3, "config.server.host", "cannot be read"),
        ('config:\n  server: {host: "${file:\\0}"}\n', 2, "config.server.host", "cannot be the name"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_key(
    problems: Problems, text: str, line: int | None, key: str, words: str
) -> None:
    found = problems(text)
    assert any(problem[:2] == (line, key) and words in problem[2] for problem in found), found


EVENTS = """
from posthouse import EventHandler
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler


class RingHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Door Ring Hook",)
    happenings = {"once": True, "twice": False}

    def handle(self, event):
        return ()


class KnockHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Door Knock Hook",)

    def handle(self, event):
        return ()
"""


def with_events(folder: Path, events: str) -> str:
    (folder / "door.py").write_text(EVENTS, encoding="utf-8")
    return f"config:\n  plugins: [door.py]\n{WEBHOOK}      events: {events}\n"


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ("{Door Ring Hook: on}", True),
        ("{Door Ring Hook: off}", False),
        ("{Door Ring Hook: true}", True),
        ("{door ring: off}", False),
        ("{door_ring: [twice, once]}", ("twice", "once")),
        ("{Door Ring Hook: []}", ()),
        ("{Door Knock Hook: off}", None),
        ("{}", None),
    ],
)
def test_an_event_is_switched_by_any_spelling_of_its_name(
    tmp_path: Path, loaded: Loaded, events: str, told: object
) -> None:
    webhook = loaded(with_events(tmp_path, events)).webhooks["demo"]
    assert webhook.settings.told("Door Ring Hook") == told


@pytest.mark.parametrize(
    ("events", "key", "text"),
    [
        ("{Door Rin Hook: on}", "Door Rin Hook", "no event of GITLAB is called 'Door Rin Hook'; did you mean 'Door Ri"),
        ("{Door Ring Hook: sometimes}", "Door Ring Hook", "must be on, off or a list of what may happen"),
        ("{Door Ring Hook: }", "Door Ring Hook", "must be on, off or a list of what may happen"),
        ("{Door Ring Hook: [5]}", "Door Ring Hook", "must be on, off or a list of what may happen"),
        ("{door ring: [thrice]}", "door ring[0]", "nothing that may happen here is called 'thrice'; did you mean 'twi"),
        ("{door ring: on, Door Ring Hook: off}", "Door Ring Hook", "the same event is set as 'door ring' above"),
        ("{door knock: [once]}", "door knock", "can only be on or off"),
    ],
)
def test_a_switch_without_an_effect_is_named(
    tmp_path: Path, problems: Problems, events: str, key: str, text: str
) -> None:
    ((line, place, words),) = problems(with_events(tmp_path, events))
    assert (line, place) == (6, f"config.webhooks[0].events.{key}")
    assert words.startswith(text)


def test_a_mistake_reads_as_file_line_key_and_words(write: Callable[[str], Path]) -> None:
    path = write("config:\n  server:\n    prot: 1\n" + WEBHOOK)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value) == f"{path}:3: config.server.prot: unknown key; did you mean 'port'?"


def test_all_mistakes_are_named_at_once(problems: Problems) -> None:
    found = problems(
        """\
config:
  server:
    port: high
    langage: en
  webhooks:
    - webhook_id: demo
      type: GITLAB
      secret_tokn: x
    - webhook_id: demo
      type: JIRRA
      notify:
        ding_talk: {}
        ding_talks: {}
    - nonsense
"""
    )
    assert [(line, key) for line, key, _ in found] == [
        (3, "config.server.port"),
        (4, "config.server.langage"),
        (8, "config.webhooks[0].secret_tokn"),
        (9, "config.webhooks[1].webhook_id"),
        (10, "config.webhooks[1].type"),
        (12, "config.webhooks[1].notify.ding_talk"),
        (13, "config.webhooks[1].notify.ding_talks"),
        (14, "config.webhooks[2]"),
    ]


def test_a_webhook_id_may_be_there_once(problems: Problems) -> None:
    found = problems("config:\n" + WEBHOOK + "    - webhook_id: demo\n      type: GITLAB\n")
    assert found == [(5, "config.webhooks[1].webhook_id", "there is another webhook 'demo' above")]


def test_missing_webhook_ids_are_not_called_alike(problems: Problems) -> None:
    found = problems("config:\n  webhooks:\n    - type: GITLAB\n    - type: GITLAB\n")
    assert [text for _, _, text in found] == ["is missing", "is missing"]


def test_a_value_may_come_from_the_environment(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8443")
    monkeypatch.setenv("NAME", "hooks")
    monkeypatch.setenv("DOLLARS", "${NAME}")
    found = loaded(
        "config:\n  server: {port: '${PORT}', host: '${NAME}.${NAME}', base_url: 'https://h/$${NAME}/${DOLLARS}'}\n"
        + WEBHOOK
    )
    assert found.server.port == 8443
    assert found.server.host == "hooks.hooks"
    # What is filled in is not looked at again.
    assert found.server.base_url == "https://h/${NAME}/${NAME}"


def test_a_number_from_the_environment_needs_no_quotes(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8443")
    assert loaded("config:\n  server:\n    port: ${PORT}\n" + WEBHOOK).server.port == 8443


def test_a_wrong_value_from_the_environment_is_named_but_not_shown(
    problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "hunter2")
    ((line, key, text),) = problems("config:\n  server:\n    port: ${PORT}\n" + WEBHOOK)
    assert (line, key) == (3, "config.server.port")
    assert "hunter2" not in text


def test_a_value_may_come_from_a_file_beside_the_configuration(tmp_path: Path, loaded: Loaded) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "token").write_text("from-a-file\r\n\n", encoding="utf-8")
    absolute = tmp_path / "absolute"
    absolute.write_text(" kept as it is ", encoding="utf-8")
    text = (
        f"      secret_token: ${{file:run/token}}\n      conf: {{gitlab: {{private_token: '${{file:{absolute}}}'}}}}\n"
    )
    settings = loaded("config:\n" + WEBHOOK + text).webhooks["demo"].settings
    assert isinstance(settings, GitlabWebhookSettings)
    assert settings.secret_token is not None
    assert settings.secret_token.get_secret_value() == "from-a-file"
    assert settings.conf.gitlab.private_token is not None
    assert settings.conf.gitlab.private_token.get_secret_value() == " kept as it is "


def test_a_file_that_is_no_text_is_named(tmp_path: Path, problems: Problems) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    found = problems("config:\n  server:\n    host: ${file:key}\n" + WEBHOOK)
    assert found == [(3, "config.server.host", "the file key is not UTF-8 text")]


def test_missing_references_are_named_at_once(problems: Problems) -> None:
    found = problems("config:\n  server:\n    host: ${NO_A}${NO_B}\n    base_url: ${file:no}\n    prot: 1\n")
    assert [(line, key) for line, key, _ in found] == [
        (1, "config.webhooks"),
        (3, "config.server.host"),
        (3, "config.server.host"),
        (4, "config.server.base_url"),
        (5, "config.server.prot"),
    ]


def test_a_configuration_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yml", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read"):
            load(path)


def test_a_configuration_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "latin.yml"
    path.write_bytes("config: ü".encode("latin-1"))
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load(path)


@pytest.mark.parametrize("start", ["*", "!", "%", "@", "'", '"'])
def test_a_secret_that_yaml_misreads_is_not_quoted(tmp_path: Path, start: str) -> None:
    path = tmp_path / "posthouse.yml"
    path.write_text(
        f"config:\n  webhooks:\n    - webhook_id: a\n      type: GITLAB\n      secret_token: {start}hunter2secret\n"
    )
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert "hunter2secret" not in str(caught.value)


def test_no_secret_shows_in_a_mistake(problems: Problems) -> None:
    texts = (
        SHORT + "          sign_key: SECtwice-the-secret\n",
        SHORT.replace("sign_key", "sing_key"),
        SHORT.replace("sign_key:", "sign_key: [") + "]",
        SHORT.replace("private_token", "private_tokn"),
        SHORT.replace('"SEC', "'SEC"),
        SHORT.replace("ding_talk:", "dingtalk:"),
        SHORT + "          url: nonsense-secret\n",
        SHORT + "          per_minute: 1000\n",
    )
    for text in texts:
        words = str(problems(text))
        assert not any(secret in words for secret in ("e887b22", "SEC", "xxxxxxx", "secret"))


def test_no_secret_shows_when_settings_are_printed(loaded: Loaded) -> None:
    found = loaded(SHORT.replace("      conf:", "      secret_token: opensesame\n      conf:"))
    webhook, robot = found.webhooks["finance"], found.robots["finance.ding_talk"]
    for value in (found, webhook, webhook.settings, robot, robot.settings, found.registry, found.server, found.site):
        for text in (repr(value), str(value)):
            assert not any(secret in text for secret in ("e887b22", "SEC0821", "xxxxxxx", "opensesame"))


PLUGIN = """
from posthouse import No, NotifyEventHandler, Message
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler

class {name}(NotifyEventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("{event}",)

    def message(self, event):
        return Message("mine")
"""


def test_a_plugin_beside_the_configuration_is_found_and_replaces_a_built_in_one(tmp_path: Path, loaded: Loaded) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN.format(name="Mine", event="Push Hook"), encoding="utf-8")
    events = loaded("config:\n  plugins: [mine.py, mine.py]\n" + WEBHOOK).registry.events
    assert events["GITLAB", "Push Hook"].__name__ == "Mine"
    assert events["GITLAB", "Tag Push Hook"].__name__ == "TagPushHookNotifyEventHandler"


def test_a_plugin_can_bring_settings_of_its_own(tmp_path: Path, loaded: Loaded, problems: Problems) -> None:
    (tmp_path / "gitea.py").write_text(
        """
from posthouse import Event, WebhookHandler, WebhookSettings

class GiteaSettings(WebhookSettings):
    branch: str

class GiteaWebhookHandler(WebhookHandler):
    type = "GITEA"
    settings_model = GiteaSettings

    def verify(self, inbound):
        return "by faith"

    def parse(self, inbound):
        return Event("push", inbound.json_object())
""",
        encoding="utf-8",
    )
    text = "config:\n  plugins: [gitea.py]\n  webhooks:\n    - webhook_id: demo\n      type: GITEA\n"
    assert loaded(text + "      branch: main\n").webhooks["demo"].handler.type == "GITEA"
    found = problems(text + "      brunch: main\n")
    assert found == [
        (4, "config.webhooks[0].branch", "is missing"),
        (6, "config.webhooks[0].brunch", "unknown key; did you mean 'branch'?"),
    ]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "does not exist"),
        ("raise ValueError('no luck')", "ValueError: no luck"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("this is no Python", "SyntaxError"),
        ("import no_such_module_of_ours", "No module named"),
        (PLUGIN.format(name="A", event="X") + PLUGIN.format(name="B", event="X"), "both want to be event GITLAB X"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_named(
    tmp_path: Path, problems: Problems, code: str | None, words: str
) -> None:
    if code is not None:
        (tmp_path / "bad.py").write_text(code, encoding="utf-8")
    ((line, key, text),) = problems("config:\n  plugins:\n    - bad.py\n" + WEBHOOK)
    assert (line, key) == (2, "config.plugins")
    assert words in text


def test_a_plugin_module_that_cannot_be_imported_is_named(problems: Problems) -> None:
    for name in ("no_such_module_of_ours", "", ".relative"):
        ((line, key, text),) = problems(f"config:\n  plugins: ['{name}']\n" + WEBHOOK)
        assert (line, key) == (2, "config.plugins")
        assert f"the plugin {name!r} cannot be imported" in text


def test_without_the_plugins_webhooks_are_not_judged(problems: Problems) -> None:
    found = problems("config:\n  plugins: {}\n  webhooks:\n    - {webhook_id: demo, type: MINE}\n")
    assert [key for _, key, _ in found] == ["config.plugins"]


LINES = (REPOSITORY / "posthouse.example.yml").read_text(encoding="utf-8").splitlines()
SCRAPS = st.sampled_from([
    "", "null", "[]", "{}", "- x", "5", "-1", "1e999", "yes", "~", "x: y", "*a", "&a", "<<: *a", "!!int x", "!t x", "'",
    '"', "|", ">", "%", "@", "`", "\t", "\0", "\ud7ff", "\ufeff", "\u2028", '"\\ud800"', "${", "${X}", "$${X}", "? [a]",
    "? {a: b}", ": c", "---", "...", "# c", "2024-99-99", "!!set {a, b}", "!!omap [a: 1]", "config:", "9" * 5000,
    "0x1F", "0o7", ".nan", "webhooks:", "notify:", "ding_talk:", "robots:", "pool:", "people:",
    "${file:/}", "[" * 200, "{" * 200,
])  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return the example with a few lines dropped, moved, doubled, or changed before or after their colon."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        number = draw(st.integers(0, len(lines) - 1))
        key, colon, value = lines[number].partition(":")
        change = draw(st.integers(0, 6))
        if change == 0 and len(lines) > 1:
            del lines[number]
        elif change == 1:
            lines.insert(draw(st.integers(0, len(lines))), lines[number])
        elif change == 2:
            lines[number] = key + colon + " " + draw(SCRAPS)
        elif change == 3:
            lines[number] = " " * (len(key) - len(key.lstrip())) + draw(SCRAPS) + colon + value
        elif change == 4:
            lines[number] = " " * draw(st.integers(0, 8)) + lines[number].lstrip()
        elif change == 5:
            lines[number] = lines[number] + draw(SCRAPS)
        else:
            lines[number] = draw(st.text(max_size=12))
    return "\n".join(lines) + "\n"


def outcome(path: Path) -> tuple[Problem, ...]:
    try:
        load(path)
    except ConfigError as error:
        return error.problems
    return ()


@settings(max_examples=150, deadline=None)
@given(text=mutated())
def test_any_file_is_settings_or_problems_with_lines_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_text(text, encoding="utf-8")
    lines = text.count("\n") + text.count("\u2028") + text.count("\x85") + text.count("\r") + 2
    for problem in outcome(path):
        assert problem.text
        assert problem.file == str(path)
        assert problem.line is None or 1 <= problem.line <= lines


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=60) | st.text(alphabet="[]{}:-&*!|>'\"%?, \n\tab<1.~", max_size=40).map(str.encode))
def test_any_bytes_are_settings_or_problems(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.yml"
    path.write_bytes(raw)
    assert outcome(path)
