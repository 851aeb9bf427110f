"""What a Feishu robot's answers mean: the code in the body decides, and each has a remedy."""

import json
from typing import Any

import pytest

from notifiers.feishu_payloads import CARD, MINIMAL, OLD_CARD, POST, SECRET, TOKEN, UNMENTIONED, notifier
from posthouse import HttpReply, Rejected, Site, TryLater
from posthouse.core.errors import DeliveryError
from posthouse.fate import fate
from posthouse.notifiers.feishu import FeiShuNotifier, FeiShuSettings

ZH = Site(language="zh")


def answer(code: Any, msg: Any = "", status: int = 200, headers: dict[str, str] | None = None) -> HttpReply:
    return HttpReply(status, headers or {}, json.dumps({"code": code, "data": {}, "msg": msg}).encode())


def judged(reply: HttpReply, site: Site = ZH, **settings: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        notifier(site, **settings).judge(reply)
    return caught.value


def card_error(inner: int, message: str = "x", value: str = "y") -> str:
    return f"Failed to create card content, ext=ErrCode: {inner}; ErrMsg: {message}; ErrorValue: {value}; "


@pytest.mark.parametrize(
    "body",
    [
        b'{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}',
        b'{"code":0,"data":{},"msg":"success"}',
        b'{"Extra":null,"StatusCode":0,"StatusMessage":"success"}',
        b'{"code":"0"}',
        b'\xef\xbb\xbf{"code":0}',
    ],
)
def test_only_a_code_of_zero_is_success(body: bytes) -> None:
    notifier().judge(HttpReply(200, {}, body))


#: Code, words, verdict, and the form that is tried next, if one is.
REFUSED = [
    (19001, "param invalid: incoming webhook access token invalid", "config", None),
    (19007, "Bot Not Enabled", "config", None),
    (19022, "Ip Not Allowed", "config", None),
    (19024, "Key Words Not Found", "config", None),
    (11237, "", "config", None),
    (232009, "", "config", None),
    (11242, "", "config", None),
    (19002, "params error, msg_type need", "message", None),
    (19002, "params error, unknown card value", "message", OLD_CARD),
    (9499, "Bad Request", "message", None),
    (9499, "fail to parse content", "message", None),
    (10002, "text is nil", "message", None),
    (19036, "body is too large, exceed 30 KB", "message", MINIMAL),
    (11246, card_error(200621, "parse card json err"), "message", OLD_CARD),
    (11246, card_error(200410), "message", OLD_CARD),
    (11246, card_error(200800, "create failed"), "message", OLD_CARD),
    (11246, card_error(200861, "cards of schema V2 no longer support this capability"), "message", OLD_CARD),
    (11246, card_error(11310, "element exceeds the limit"), "message", OLD_CARD),
    (11246, card_error(100290, "There is an invalid user resource(at/person) in your card"), "message", UNMENTIONED),
    (11246, card_error(11235), "message", UNMENTIONED),
    (11246, card_error(11248), "message", MINIMAL),
    (11246, card_error(200621, value="Service Internal Error; ErrCode: 19001"), "message", OLD_CARD),
    (11246, "", "message", OLD_CARD),
    (230099, card_error(200621), "message", OLD_CARD),
    (200621, "", "message", OLD_CARD),
    (200410, "", "message", OLD_CARD),
    (200800, "", "message", OLD_CARD),
    (11310, "card table number over limit", "message", OLD_CARD),
    (11248, "", "message", MINIMAL),
    (11312, "", "message", MINIMAL),
    (230028, "The messages do NOT pass the audit", "message", MINIMAL),
    (11235, "", "message", UNMENTIONED),
]
#: Code, words, verdict, seconds until the next attempt, and how many attempts there are.
LATER = [
    (19021, "sign match fail or timestamp is not within one hour from current time", "config", 5.0, 2),
    (9499, "too many request", "throttled", 60.0, None),
    (9499, "request trigger frequency limit", "throttled", 60.0, None),
    (11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]", "throttled", 30.0, None),
    (11233, "", "throttled", 3.0, None),
    (230020, "", "throttled", 3.0, None),
    (11247, "", "quota", 6 * 3600.0, None),
    (99991400, "request trigger frequency limit", "throttled", 60.0, None),
    (18121, "", "transient", 60.0, 3),
    (10500, "", "transient", None, None),
    (1500, "", "transient", None, None),
    (11246, "Failed to create card content, ext=Service Internal Error", "transient", None, 5),
    (99999, "something new", "transient", None, 3),
    (99999, "too many requests", "throttled", 60.0, None),
    (99999, "调用频率过高", "throttled", 60.0, None),
]


@pytest.mark.parametrize("status", [200, 400, 429, 500])
@pytest.mark.parametrize("spelling", [int, str])
@pytest.mark.parametrize(("code", "msg", "verdict", "form"), REFUSED)
def test_what_will_never_pass_is_rejected_with_a_remedy(
    spelling: type, code: int, msg: str, verdict: str, form: int | None, status: int
) -> None:
    error = judged(answer(spelling(code), msg, status))
    assert isinstance(error, Rejected)
    assert (error.verdict, error.simpler_may_pass, error.form) == (verdict, form is not None, form or 0)
    assert error.remedy
    assert error.answer.startswith(f"code {code}: {msg[:40].strip()}")


@pytest.mark.parametrize("status", [200, 400, 429, 500])
@pytest.mark.parametrize("spelling", [int, str])
@pytest.mark.parametrize(("code", "msg", "verdict", "after", "attempts"), LATER)
def test_what_will_pass_is_tried_later_with_a_remedy(
    spelling: type, code: int, msg: str, verdict: str, after: float | None, attempts: int | None, status: int
) -> None:
    error = judged(answer(spelling(code), msg, status))
    assert isinstance(error, TryLater)
    assert (error.verdict, error.after, error.attempts) == (verdict, after, attempts)
    assert not error.whole_vendor
    assert error.remedy


def test_an_old_answer_without_a_code_is_read_by_its_status_code() -> None:
    body = json.dumps({"StatusCode": 19024, "StatusMessage": "Key Words Not Found"}).encode()
    error = judged(HttpReply(200, {}, body))
    assert (error.verdict, error.answer) == ("config", "code 19024: Key Words Not Found")


def test_a_code_decides_over_a_status_code() -> None:
    assert judged(HttpReply(200, {}, b'{"StatusCode":0,"code":19001}')).verdict == "config"
    assert judged(HttpReply(200, {}, b'{"StatusCode":0,"code":null}')).verdict == "ambiguous"
    notifier().judge(HttpReply(200, {}, b'{"StatusCode":19001,"code":0}'))


def test_digits_elsewhere_in_an_answer_are_no_code() -> None:
    body = json.dumps({"code": 11233, "msg": "x", "error": {"log_id": "20261124190011900119021"}, "data": {"code": 0}})
    assert judged(HttpReply(200, {}, body.encode())).verdict == "throttled"
    assert judged(HttpReply(200, {}, b'{"log_id":"20261124190010","error":{"code":0}}')).verdict == "ambiguous"


@pytest.mark.parametrize(
    ("header", "after"),
    [("7", 7.0), ("0", 1.0), ("-5", 1.0), ("99999", 600.0), ("soon", 60.0), ("", 60.0), ("9" * 30, 60.0)],
)
def test_the_gateway_says_how_long_it_wants_to_be_left_alone(header: str, after: float) -> None:
    headers = {"x-ogw-ratelimit-reset": header}
    for reply in (answer(99991400, "x", 429, headers), HttpReply(429, headers, b"slow down")):
        error = judged(reply)
        assert isinstance(error, TryLater)
        assert (error.verdict, error.after) == ("throttled", after)


def test_only_the_gateway_s_own_answer_is_timed_by_its_header() -> None:
    error = judged(answer(11232, "", 200, {"x-ogw-ratelimit-reset": "1"}))
    assert isinstance(error, TryLater)
    assert error.after == 30.0


PAGE = b"<!doctype html><html><body>nginx</body></html>"
WITHOUT_CODE = [
    (500, PAGE, "transient", None, None),
    (502, b"", "transient", None, None),
    (503, b'{"message":"x"}', "transient", None, None),
    (500, b'{"code":0,"msg":"success"}', "transient", None, None),
    (429, PAGE, "throttled", 60.0, None),
    (200, PAGE, "ambiguous", None, 2),
    (403, PAGE, "ambiguous", None, 2),
    (400, b"", "ambiguous", None, 2),
    (400, b'{"code":0}', "ambiguous", None, 2),
    (200, b"", "ambiguous", None, 2),
    (200, b"{}", "ambiguous", None, 2),
    (200, b"[]", "ambiguous", None, 2),
    (200, b'[{"code":0}]', "ambiguous", None, 2),
    (200, b"null", "ambiguous", None, 2),
    (200, b"0", "ambiguous", None, 2),
    (200, b"ok", "ambiguous", None, 2),
    (200, b"\xff\xfe\x00", "ambiguous", None, 2),
    (200, b"[" * 65536, "ambiguous", None, 2),
    (200, b'{"msg":"success"}', "ambiguous", None, 2),
    (200, b'{"code":true}', "ambiguous", None, 2),
    (200, b'{"code":false}', "ambiguous", None, 2),
    (200, b'{"code":0.0}', "ambiguous", None, 2),
    (200, b'{"code":""}', "ambiguous", None, 2),
    (200, '{"code":"０"}'.encode(), "ambiguous", None, 2),
    (200, b'{"code":[0]}', "ambiguous", None, 2),
    (200, b'{"StatusCode":false}', "ambiguous", None, 2),
    (200, b'{"errcode":0}', "ambiguous", None, 2),
]


@pytest.mark.parametrize(("status", "body", "verdict", "after", "attempts"), WITHOUT_CODE)
def test_an_answer_without_a_code_is_no_success(
    site: Site, status: int, body: bytes, verdict: str, after: float | None, attempts: int | None
) -> None:
    error = judged(HttpReply(status, {}, body), site)
    assert isinstance(error, TryLater)
    assert (error.verdict, error.after, error.attempts) == (verdict, after, attempts)
    assert error.remedy
    assert error.answer.startswith(f"HTTP {status}: ")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 404, 405, 410])
def test_an_address_without_a_robot_is_the_configuration_s_fault(site: Site, status: int) -> None:
    for body in (b"", PAGE, b'{"code":0}'):
        error = judged(HttpReply(status, {}, body), site)
        assert isinstance(error, Rejected)
        assert error.verdict == "config"
        assert "url" in error.remedy


def test_a_refused_old_card_is_not_sent_again_as_one() -> None:
    error = judged(answer(11246, card_error(200621)), card_version=1)
    assert isinstance(error, Rejected)
    assert error.form == POST
    unknown = judged(answer(11246, card_error(100290)), card_version=1)
    assert isinstance(unknown, Rejected)
    assert unknown.form == UNMENTIONED


def forms_tried(reply: HttpReply, **settings: Any) -> list[int]:
    """Return the forms that a message is sent in while every one of them gets the same answer."""
    tried, form = [CARD], CARD
    while True:
        decided = fate(judged(reply, **settings), form=form, forms=FeiShuNotifier.forms, failures=0, earlier=0)
        if decided.state != "waiting" or decided.form == form:
            return tried
        form = decided.form
        tried.append(form)


@pytest.mark.parametrize(
    ("code", "msg", "forms"),
    [
        (11246, card_error(200621), [0, 2, 3, 4, 5]),
        (11246, card_error(100290), [0, 1, 2, 3, 4, 5]),
        (11235, "", [0, 1, 2, 3, 4, 5]),
        (11248, "", [0, 5]),
        (19036, "", [0, 5]),
        (19002, "msg_type need", [0]),
        (19001, "", [0]),
    ],
)
def test_each_form_is_tried_once_at_most(code: int, msg: str, forms: list[int]) -> None:
    assert forms_tried(answer(code, msg)) == forms


def test_what_to_do_about_a_signature_names_both_causes(site: Site) -> None:
    for part in {"zh": ("sign_key", "校准本机时钟"), "en": ("sign_key", "check this machine's clock")}[site.language]:
        assert part in judged(answer(19021), site).remedy


def test_an_answer_is_told_without_the_credentials_it_repeats() -> None:
    url = f"https://open.example.com/open-apis/bot/v2/hook/{TOKEN}?key=SECRETinTHEurl"
    robot = FeiShuNotifier(FeiShuSettings(url=url, sign_key=SECRET), ZH)
    echo = f"denied {url} {TOKEN} {SECRET} https://h/open-apis/bot/v2/hook/0000-other end"
    for reply in (answer(19001, echo), HttpReply(200, {}, f"<p>{echo}</p>".encode()), answer(1, echo * 1000)):
        with pytest.raises(DeliveryError) as caught:
            robot.judge(reply)
        for secret in (TOKEN, SECRET, "SECRETinTHEurl", "0000-other"):
            assert secret not in caught.value.answer
        assert "denied" in caught.value.answer
        assert len(caught.value.answer) <= 501


@pytest.mark.parametrize("msg", [None, 7, ["x"], {"a": "b"}])
def test_words_of_any_type_are_survived(msg: Any) -> None:
    assert judged(answer(19001, msg)).verdict == "config"
    assert judged(answer(11246, msg)).verdict == "message"


def test_remedies_are_in_the_site_s_language() -> None:
    for code in {row[0] for row in (*REFUSED, *LATER)}:
        chinese, english = (judged(answer(code), Site(language=language)).remedy for language in ("zh", "en"))
        assert not chinese.isascii()
        assert english.isascii()
