"""Every code that the vendors are known for can be ordered, with its words."""

import json
from typing import Any

import pytest

from fakes.asking import ask
from posthouse.fakes import FakeDingTalk, FakeFeishu, FakeVendor, FakeWeCom, Fault

PLACES: dict[str, tuple[str, str, str]] = {
    "dingtalk": ("/robot/send", "access_token=demo", "errcode"),
    "feishu": ("/open-apis/bot/v2/hook/demo", "", "code"),
    "wecom": ("/cgi-bin/webhook/send", "key=demo", "errcode"),
}
CODES = {
    FakeDingTalk: (
        *(-1, 88, 40035, 43002, 43004, 90002, 90018, 90030, 101002, 130101, 300001, 300005, 400013, 400101, 400102),
        *(400105, 400106, 400401, 400403, 410100, 430101, 430102, 430103, 430104, 450101, 460101, 660026),
    ),
    FakeFeishu: (
        *(1500, 9499, 10002, 10500, 11232, 11233, 11235, 11237, 11242, 11246, 11247, 11248, 11312, 18121, 19001, 19002),
        *(19007, 19021, 19022, 19024, 19036, 230020, 230028, 232009, 99991400),
    ),
    FakeWeCom: (
        *(-1, 40007, 40008, 40009, 40039, 40058, 40063, 41010, 41016, 44001, 44004, 45001, 45002, 45008, 45009),
        *(45033, 45034, 49008, 93000, 93004, 93008),
    ),
}


@pytest.mark.parametrize(
    ("kind", "code"), [pytest.param(kind, code, id=f"{kind.name}-{code}") for kind in CODES for code in CODES[kind]]
)
def test_a_code_that_is_known_comes_with_words(kind: type[FakeVendor[Any]], code: int) -> None:
    fake = kind(any_token=True)
    fake.misbehave("demo", Fault(errcode=code))
    path, query, name = PLACES[fake.name]
    answer = json.loads(ask(fake, {}, path, query).body)
    assert answer[name] == code
    assert not any(str(text).startswith("on demand") for text in answer.values())
    assert fake.shown("demo") == ()
