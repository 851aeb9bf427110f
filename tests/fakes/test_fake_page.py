"""The page draws what each vendor's groups see, and nothing in a message becomes more than a drawing of it."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fakes.asking import NOW, ask
from notifiers.messages import HOSTILE
from notifiers.strategies import ANY_TEXT, MARKUP
from posthouse.fakes import FakeDingTalk, FakeFeishu, FakeFeishuRobot, FakeRobot, FakeVendor, FakeWeCom, Fault
from posthouse.fakes.exchange import Shown
from posthouse.fakes.page import dingtalk, feishu, feishu_cards, page, wecom
from posthouse.fakes.page.inline import Dialect
from posthouse.fakes.page.markdown import markdown

SAFE = 'rel="noreferrer noopener"'
#: Everything that may be in a bubble, besides links to http(s).
HARMLESS = re.compile(
    r"</?(?:p|h[1-6]|blockquote|ul|ol|li|em|strong|s|b|small|code|pre|table|tr|th|td|hr|br|div|span|details|summary)>"
    r'|<(?:p|div|span) class="[a-z -]+">|<details open>|</a>'
    rf'|<a href="https?://[^"<>]+" {SAFE}>'
)


def send(fake: FakeVendor[Any], payload: Any) -> None:
    places = {"feishu": ("/open-apis/bot/v2/hook/demo", ""), "dingtalk": ("/robot/send", "access_token=demo")}
    path, query = places.get(fake.name, ("/cgi-bin/webhook/send", "key=demo"))
    ask(fake, json.dumps(payload).encode(), path, query)


def dingtalk_fake() -> FakeDingTalk:
    return FakeDingTalk(any_token=True, pattern=FakeRobot(per_minute=0), clock=lambda: NOW)


def feishu_fake() -> FakeFeishu:
    return FakeFeishu(any_token=True, pattern=FakeFeishuRobot(per_minute=0, per_second=0), clock=lambda: NOW)


def wecom_fake() -> FakeWeCom:
    return FakeWeCom(any_token=True, clock=lambda: NOW)


def test_each_robot_has_a_window_of_its_vendor() -> None:
    fakes = (dingtalk_fake(), feishu_fake(), wecom_fake())
    assert "还没有机器人收到消息" in page(fakes)
    send(fakes[0], {"msgtype": "text", "text": {"content": "to dingtalk"}})
    send(fakes[1], {"msg_type": "text", "content": {"text": "to feishu"}})
    send(fakes[2], {"msgtype": "text", "text": {"content": "to wecom"}})
    send(fakes[2], {})
    html = page(fakes)
    for name, label in (("dingtalk", "钉钉"), ("feishu", "飞书"), ("wecom", "企业微信")):
        assert html.count(f'<section class="window {name}">') == 1
        assert f'<span class="vendor">{label}</span> demo' in html
        assert f"to {name}" in html
    assert '结果 <span class="refused">40008</span>' in html
    assert "<script" not in html


# What is in a message stays there

HOSTILE_CARD = {
    "config": {"update_multi": True},
    "header": {
        "title": {"tag": "plain_text", "content": HOSTILE},
        "subtitle": {"tag": "plain_text", "content": HOSTILE},
        "text_tag_list": [{"tag": "text_tag", "text": {"tag": "plain_text", "content": HOSTILE}, "color": '"><x>'}],
    },
    "elements": [
        {"tag": "markdown", "content": f"# {HOSTILE}\n\n> {HOSTILE}\n\n|a|\n|-|\n|{HOSTILE}|\n\n```\n{HOSTILE}\n```"},
        {"tag": "markdown", "content": "<font color='\"><x>'>x</font><text_tag color=x onclick=x>y</text_tag>"},
        {"tag": "markdown", "content": "<a href='javascript:alert(1)'>x</a><link url='data:x'>y</link>"},
        {"tag": "markdown", "content": "<at id='\"><x>'></at><at id=<b>></at>"},
        {"tag": "div", "text": {"tag": "lark_md", "content": HOSTILE}},
        {
            "tag": "button",
            "text": {"tag": "plain_text", "content": HOSTILE},
            "behaviors": [{"type": "open_url", "default_url": "javascript:alert(1)"}],
        },
        {"tag": "button", "text": {"tag": "plain_text", "content": HOSTILE}, "type": '"><x>', "url": "'\"><x>"},
        {"tag": "<x>"},
    ],
}


@pytest.mark.parametrize(
    ("make", "payload"),
    [
        (dingtalk_fake, {"msgtype": "text", "text": {"content": HOSTILE}}),
        (
            dingtalk_fake,
            {"msgtype": "markdown", "markdown": {"title": HOSTILE, "text": f"# {HOSTILE}\n\n- {HOSTILE}"}},
        ),
        (
            dingtalk_fake,
            {"msgtype": "link", "link": {"title": HOSTILE, "text": HOSTILE, "messageUrl": "javascript:alert(1)"}},
        ),
        (
            dingtalk_fake,
            {
                "msgtype": "feedCard",
                "feedCard": {"links": [{"title": HOSTILE, "messageURL": "'\"><x>", "picURL": "x"}]},
            },
        ),
        (
            dingtalk_fake,
            {
                "msgtype": "actionCard",
                "actionCard": {
                    "title": HOSTILE,
                    "text": HOSTILE,
                    "btns": [
                        {"title": HOSTILE, "actionURL": "javascript:alert(1)"},
                        {
                            "title": HOSTILE,
                            "actionURL": "dingtalk://dingtalkclient/page/link?url=javascript%3Aalert(1)",
                        },
                        {"title": HOSTILE, "actionURL": 'https://h/"onclick="alert(1)'},
                    ],
                },
            },
        ),
        (
            dingtalk_fake,
            {"msgtype": "text", "text": {"content": "@<x>"}, "at": {"atUserIds": ["<x>", '"onclick="']}},
        ),
        (feishu_fake, {"msg_type": "text", "content": {"text": f'{HOSTILE}<at user_id="<x>">{HOSTILE}</at>'}}),
        (feishu_fake, {"msg_type": "text", "content": {"text": "<at user_id='\"><x>'>x</at>"}}),
        (
            feishu_fake,
            {
                "msg_type": "post",
                "content": {
                    "post": {
                        "zh_cn": {
                            "title": HOSTILE,
                            "content": [
                                [
                                    {"tag": "text", "text": HOSTILE},
                                    {"tag": "a", "text": HOSTILE, "href": "javascript:alert(1)"},
                                    {"tag": "at", "user_id": HOSTILE},
                                    {"tag": "img", "image_key": HOSTILE},
                                ]
                            ],
                        }
                    }
                },
            },
        ),
        (feishu_fake, {"msg_type": "interactive", "card": HOSTILE_CARD}),
        (
            feishu_fake,
            {"msg_type": "interactive", "card": {"type": "template", "data": {"template_id": HOSTILE}}},
        ),
        (feishu_fake, {"msg_type": "image", "content": {"image_key": HOSTILE}}),
        (wecom_fake, {"msgtype": "text", "text": {"content": HOSTILE, "mentioned_list": [HOSTILE]}}),
        (wecom_fake, {"msgtype": "markdown", "markdown": {"content": f"> {HOSTILE}\n### {HOSTILE}"}}),
        (wecom_fake, {"msgtype": "markdown", "markdown": {"content": '<font color="x">y</font><@"onclick=">'}}),
        (wecom_fake, {"msgtype": "markdown_v2", "markdown_v2": {"content": f"|a|\n|-|\n|{HOSTILE}|\n\n> {HOSTILE}"}}),
        (
            wecom_fake,
            {
                "msgtype": "news",
                "news": {"articles": [{"title": HOSTILE, "description": HOSTILE, "url": "http://h/'\"><x>"}]},
            },
        ),
        (
            wecom_fake,
            {
                "msgtype": "template_card",
                "template_card": {
                    "card_type": "text_notice",
                    "source": {"desc": HOSTILE},
                    "main_title": {"title": HOSTILE, "desc": HOSTILE},
                    "quote_area": {"title": HOSTILE, "quote_text": HOSTILE},
                    "emphasis_content": {"title": HOSTILE, "desc": HOSTILE},
                    "sub_title_text": HOSTILE,
                    "horizontal_content_list": [{"keyname": HOSTILE, "value": HOSTILE, "url": "javascript:alert(1)"}],
                    "jump_list": [{"title": HOSTILE, "type": 0, "url": 'https://h/"onclick="x'}],
                    "card_action": {"type": 1, "url": "https://h/'><x>"},
                },
            },
        ),
    ],
)
def test_nothing_in_a_message_becomes_html(make: Callable[[], FakeVendor[Any]], payload: dict[str, Any]) -> None:
    fake = make()
    send(fake, payload)
    assert fake.shown("demo") == (payload,)
    (bubble,) = re.findall(r'<div class="bubble">(.*)</div></article>', page([fake]), re.DOTALL)
    assert not [tag for tag in re.findall(r"<[^>]*>", bubble) if not HARMLESS.fullmatch(tag)]
    for sign in ('"javascript:', '"data:', '"onclick', "<x>"):
        assert sign not in bubble


def test_a_token_and_a_code_are_escaped_as_well() -> None:
    fake = dingtalk_fake()
    fake.misbehave("<b>token", Fault(errcode="<b>x"))
    ask(fake, {}, "/robot/send", "access_token=%3Cb%3Etoken")
    html = page([fake])
    assert "&lt;b&gt;toke" in html
    assert '<span class="refused">&lt;b&gt;x</span>' in html


NAMES = st.sampled_from(
    [
        *("msgtype", "text", "content", "markdown", "title", "at", "atMobiles", "atUserIds", "isAtAll", "actionCard"),
        *("btns", "feedCard", "links", "msgUuid", "msg_type", "post", "zh_cn", "tag", "card", "schema", "header"),
        *("body", "elements", "columns", "rows", "fields", "actions", "template", "type", "data", "behaviors", "name"),
        *("template_card", "card_type", "main_title", "horizontal_content_list", "card_action", "news", "articles"),
        *("url", "mentioned_list", "markdown_v2", "image", "base64", "md5", "timestamp", "sign", "i18n_content"),
    ]
)
WORDS = st.sampled_from(
    [
        *("text", "markdown", "link", "actionCard", "feedCard", "post", "interactive", "image", "news", "2.0", "1.0"),
        *(
            "template_card",
            "text_notice",
            "div",
            "button",
            "column_set",
            "column",
            "table",
            "note",
            "action",
            "lark_md",
        ),
        *("plain_text", "collapsible_panel", "all", "@all", "<@lilei>", "<at id=all></at>", "@lilei", "lilei"),
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | WORDS | MARKUP
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6))
PAYLOADS = st.dictionaries(NAMES, ANYTHING, max_size=6)


@given(PAYLOADS, WORDS, st.booleans())
@hypothesis_settings(deadline=None, max_examples=300)
def test_no_message_breaks_a_robot_or_the_page(payload: dict[str, Any], kind: str, shown: bool) -> None:
    for fake in (dingtalk_fake(), feishu_fake(), wecom_fake()):
        if shown:
            fake.misbehave("demo", Fault(errcode=1, shown=True))
        send(fake, {**payload, "msgtype": kind, "msg_type": kind})
        assert len(fake.requests("demo")) == 1
        bubbles = re.findall(r'<div class="bubble">(.*?)</div></article>', page([fake]), re.DOTALL)
        assert len(bubbles) == len(fake.messages("demo")) >= shown
        assert all(HARMLESS.fullmatch(tag) for bubble in bubbles for tag in re.findall(r"<[^>]*>", bubble))


DIALECTS = [dingtalk.DIALECT, feishu_cards.NEW, feishu_cards.OLD, wecom.FIRST, wecom.SECOND]


@given(ANY_TEXT, st.sampled_from(DIALECTS))
@hypothesis_settings(deadline=None, max_examples=500)
def test_markdown_is_drawn_with_harmless_tags_only(text: str, dialect: Dialect) -> None:
    html = markdown(text, dialect)
    assert all(HARMLESS.fullmatch(tag) for tag in re.findall(r"<[^>]*>", html))
    assert "\0" not in html


@pytest.mark.parametrize("text", [">" * 20_000, "[" * 20_000, "*a " * 7000, "`" * 20_000, "|-" * 10_000, "- \n" * 7000])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.timeout(20)
def test_markdown_of_any_kind_is_drawn_soon(text: str, dialect: Dialect) -> None:
    assert markdown(text, dialect)


# What each vendor's clients show


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("#### Title\n\ntext", "<h4>Title</h4><p>text</p>"),
        ("a\nb", "<p>a b</p>"),
        ("a  \nb", "<p>a<br>b</p>"),
        ("> a  \n> b", "<blockquote><p>a<br>b</p></blockquote>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("- a\n1. b", "<ul><li>a</li></ul><ol><li>b</li></ol>"),
        ("**a** *b* feature_x_y", "<p><strong>a</strong> <em>b</em> feature_x_y</p>"),
        ("**[a](https://h/)**", f'<p><strong><a href="https://h/" {SAFE}>a</a></strong></p>'),
        ("[a & b](https://h/?x=1&y=2)", f'<p><a href="https://h/?x=1&amp;y=2" {SAFE}>a &amp; b</a></p>'),
        ("[a](ftp://h/)", "<p>a</p>"),
        ("![a](https://h/p.png)", "<p>🖼 a</p>"),
        (
            "[a](dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fh%2F&pc_slide=false)",
            f'<p><a href="https://h/" {SAFE}>a</a></p>',
        ),
        ("a&nbsp;b &#60;b&#62;", "<p>a\xa0b &lt;b&gt;</p>"),
        ("<b>x</b> `c` ~~d~~", "<p>&lt;b&gt;x&lt;/b&gt; `c` ~~d~~</p>"),
        ("|a|\n|-|\n|b|", "<p>|a| |-| |b|</p>"),
        ("x\0 0\0", "<p>x 0</p>"),
    ],
)
def test_markdown_is_drawn_as_dingtalk_does(text: str, html: str) -> None:
    assert markdown(text, dingtalk.DIALECT) == html


@pytest.mark.parametrize(
    ("text", "new", "old"),
    [
        ("# T", "<h1>T</h1>", "<p># T</p>"),
        ("> q", "<blockquote><p>q</p></blockquote>", "<p>&gt; q</p>"),
        (">> q", "<blockquote><blockquote><p>q</p></blockquote></blockquote>", "<p>&gt;&gt; q</p>"),
        ("`c`", "<p><code>c</code></p>", "<p>`c`</p>"),
        ("a\nb<br>c", "<p>a b<br>c</p>", "<p>a<br>b<br>c</p>"),
        ("```\n<b>\n```", "<pre>&lt;b&gt;</pre>", "<p>```<br>&lt;b&gt;<br>```</p>"),
        ("```\n<b>", "<pre>&lt;b&gt;</pre>", "<p>```<br>&lt;b&gt;</p>"),
        (
            "a\n|h|\n|-|\n|c|\nb",
            "<p>a</p><table><tr><th>h</th></tr><tr><td>c</td></tr></table><p>b</p>",
            "<p>a<br>|h|<br>|-|<br>|c|<br>b</p>",
        ),
        ("---", "<hr>", "<hr>"),
        ("~~a~~ &#42;b&#42;", "<p><s>a</s> *b*</p>", "<p><s>a</s> *b*</p>"),
        (r"\[a\] \<b", "<p>[a] &lt;b</p>", r"<p>\[a\] \&lt;b</p>"),
        (
            "<font color='red'>a<font color=green>**b**</font></font>",
            '<p><span class="ink-red">a<span class="ink-green"><strong>b</strong></span></span></p>',
            '<p><span class="ink-red">a<span class="ink-green"><strong>b</strong></span></span></p>',
        ),
        (
            "<at id=all></at> <at ids=ou_a,lilei@example.com></at>",
            '<p><span class="mention">@所有人</span> <span class="mention">@ou_a</span> @lilei@example.com</p>',
            '<p><span class="mention">@所有人</span> <span class="mention">@ou_a</span> @lilei@example.com</p>',
        ),
        (
            "<text_tag color='blue'>x</text_tag><a href='https://h/'></a>",
            f'<p><span class="tag tag-blue">x</span><a href="https://h/" {SAFE}>https://h/</a></p>',
            f'<p><span class="tag tag-blue">x</span><a href="https://h/" {SAFE}>https://h/</a></p>',
        ),
        ("`<at id=all></at>`", "<p><code>&lt;at id=all&gt;&lt;/at&gt;</code></p>", None),
    ],
)
def test_feishu_s_cards_show_more_of_markdown_since_version_two(text: str, new: str, old: str | None) -> None:
    assert markdown(text, feishu_cards.NEW) == new
    assert old is None or markdown(text, feishu_cards.OLD) == old


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("a\nb", "<p>a<br>b</p>", "<p>a<br>b</p>"),
        ("*i* **b**", "<p>*i* <strong>b</strong></p>", "<p><em>i</em> <strong>b</strong></p>"),
        ("- a", "<p>- a</p>", "<ul><li>a</li></ul>"),
        (
            ">> a",
            "<blockquote><p>&gt; a</p></blockquote>",
            "<blockquote><blockquote><p>a</p></blockquote></blockquote>",
        ),
        (
            '<font color="info">a</font><font color="red">b</font>',
            '<p><span class="ink-info">a</span>&lt;font color=&quot;red&quot;&gt;b&lt;/font&gt;</p>',
            "<p>&lt;font color=&quot;info&quot;&gt;a&lt;/font&gt;&lt;font color=&quot;red&quot;&gt;b&lt;/font&gt;</p>",
        ),
        ("<@lilei>", '<p><span class="mention">@lilei</span></p>', "<p>&lt;@lilei&gt;</p>"),
        ("|a|\n|-|", "<p>|a|<br>|-|</p>", "<table><tr><th>a</th></tr></table>"),
        ("#a\n# b", "<p>#a</p><h1>b</h1>", "<p>#a</p><h1>b</h1>"),
    ],
)
def test_wecom_s_two_kinds_of_markdown_show_different_things(text: str, first: str, second: str) -> None:
    assert markdown(text, wecom.FIRST) == first
    assert markdown(text, wecom.SECOND) == second


def test_dingtalk_s_mentions_stand_out_only_where_somebody_is_notified() -> None:
    payload = {"msgtype": "markdown", "markdown": {"title": "t", "text": "@lilei @hanmeimei"}}
    html = dingtalk.bubble(Shown(NOW, payload, ("all", "lilei")))
    assert '<p><span class="mention">@lilei</span> @hanmeimei</p>' in html
    assert html.endswith('<p><span class="mention">@所有人</span></p>')


def test_a_text_of_feishu_s_shows_the_name_of_whom_it_mentions() -> None:
    payload = {
        "msg_type": "text",
        "content": {"text": '<at user_id="ou_a">李雷</at> <at user_id="x@example.com">乙</at>'},
    }
    html = feishu.bubble(Shown(NOW, payload))
    assert html == '<p class="plain"><span class="mention">@李雷</span> @乙</p>'


def test_a_card_of_feishu_s_has_a_coloured_header_fields_and_buttons() -> None:
    card = {
        "header": {"title": {"tag": "plain_text", "content": "T"}, "template": "red"},
        "elements": [
            {"tag": "div", "fields": [{"text": {"tag": "lark_md", "content": "**a**"}}]},
            {
                "tag": "action",
                "actions": [
                    {
                        "tag": "button",
                        "text": {"tag": "plain_text", "content": "B"},
                        "type": "danger",
                        "url": "https://h/",
                    }
                ],
            },
            {"tag": "note", "elements": [{"tag": "plain_text", "content": "N"}]},
        ],
    }
    html = feishu.bubble(Shown(NOW, {"msg_type": "interactive", "card": card}))
    assert '<div class="card-header head-red"><b>T</b></div>' in html
    assert '<div class="field"><p><strong>a</strong></p></div>' in html
    assert f'<span class="button danger"><a href="https://h/" {SAFE}>B</a></span>' in html
    assert '<div class="note"><p class="plain">N</p></div>' in html


@pytest.mark.parametrize(
    ("element", "html"),
    [
        (
            {"tag": "column_set", "columns": [{"elements": [{"tag": "markdown", "content": "a"}]}, {"elements": []}]},
            '<div class="row"><div><div class="md"><p>a</p></div></div><div></div></div>',
        ),
        (
            {"tag": "table", "columns": [{"name": "a", "display_name": "A"}, {"name": "b"}], "rows": [{"a": "*1*"}]},
            "<table><tr><th>A</th><th>b</th></tr><tr><td><em>1</em></td><td></td></tr></table>",
        ),
        (
            {
                "tag": "collapsible_panel",
                "expanded": True,
                "header": {"title": {"tag": "plain_text", "content": "T"}},
                "elements": [{"tag": "hr"}],
            },
            "<details open><summary>T</summary><hr></details>",
        ),
        ({"tag": "interactive_container", "elements": [{"tag": "hr"}]}, "<hr>"),
        ({"tag": "img", "img_key": "k", "alt": {"tag": "plain_text", "content": "<x>"}}, "<p>🖼 &lt;x&gt;</p>"),
        ({"tag": "img", "img_key": "k"}, "<p>🖼 k</p>"),
        ({"tag": "chart"}, '<p class="preview">［chart］</p>'),
        ({"tag": "button", "text": "B", "behaviors": [{"type": "callback"}]}, '<span class="button default">B</span>'),
    ],
)
def test_each_component_of_a_card_is_drawn(element: dict[str, Any], html: str) -> None:
    card = {"schema": "2.0", "body": {"elements": [element]}}
    drawn = feishu.bubble(Shown(NOW, {"msg_type": "interactive", "card": card}))
    assert drawn == f'<div class="card"><div class="card-body">{html}</div></div>'


def test_a_card_is_not_drawn_deeper_than_anybody_looks() -> None:
    inner: dict[str, Any] = {"tag": "hr"}
    for _ in range(300):
        inner = {"tag": "note", "elements": [inner]}
    html = feishu.bubble(Shown(NOW, {"msg_type": "interactive", "card": {"elements": [inner]}}))
    assert "…" in html
    assert "<hr>" not in html


@pytest.mark.parametrize(
    ("payload", "html"),
    [
        ({"msg_type": "image", "content": {"image_key": "img_x"}}, "<p>🖼 img_x</p>"),
        ({"msg_type": "share_chat", "content": {"share_chat_id": "oc_x"}}, "<p>👥 oc_x</p>"),
        ({"title": "T", "text": "a<b"}, '<h4>T</h4><p class="plain">a&lt;b</p>'),
        ({"other": 1}, '<p class="plain">{&#x27;other&#x27;: 1}</p>'),
    ],
)
def test_what_is_no_card_is_drawn_plainly(payload: dict[str, Any], html: str) -> None:
    assert feishu.bubble(Shown(NOW, payload)) == html


@pytest.mark.parametrize(("kind", "name"), [("image", "图片"), ("file", "文件"), ("voice", "语音")])
def test_media_in_wecom_are_named(kind: str, name: str) -> None:
    assert name in wecom.bubble(Shown(NOW, {"msgtype": kind, kind: {"media_id": "m"}}))


def test_an_address_that_is_none_is_no_link() -> None:
    assert markdown("[a](http://[::1)", wecom.SECOND) == "<p>a</p>"


def test_wecom_cuts_what_is_too_long_in_the_news() -> None:
    article = {"title": "驿" * 50, "description": "d" * 513, "url": "https://h/"}
    html = wecom.bubble(Shown(NOW, {"msgtype": "news", "news": {"articles": [article]}}))
    assert f">{'驿' * 42}…</a>" in html
    assert f"<p>{'d' * 512}…</p>" in html


def test_a_text_of_wecom_s_is_followed_by_whom_its_lists_name() -> None:
    part = {"content": "x <@lilei>", "mentioned_list": ["hanmeimei", "@all"], "mentioned_mobile_list": ["138"]}
    html = wecom.bubble(Shown(NOW, {"msgtype": "text", "text": part}))
    names = [f'<span class="mention">@{name}</span>' for name in ("lilei", "hanmeimei", "所有人", "138")]
    assert html == f'<p class="plain">x {names[0]}</p><p>{" ".join(names[1:])}</p>'
