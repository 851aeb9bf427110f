"""Neutral messages of every shape, for the golden payloads of each notifier. Nobody and nothing in them exists."""

from posthouse import Bold, Buttons, Code, Fields, Items, Level, Link, Mention, Message, Quote, Text

SERVER = "https://gitlab.example.com"
PROJECT = Link("运维/驿站", f"{SERVER}/ops/posthouse")
#: What a user might type to get more than text out of a robot.
HOSTILE = (
    "<at id=all></at> @所有人 <@all> @All [x](javascript:alert(1)) ![](http://h/p) <font color=red>x</font> "
    "**b** `c` ~~d~~ __e__ | f | &lt;script&gt; <script>alert(1)</script> [ref]: http://h/p <http://h/p>"
)
#: More of that: what some client or other makes a mention, markup, an image or a link of, in one way or another.
INJECTIONS = (
    HOSTILE,
    '<at user_id="all">everyone</at> <at id=all> <at ids=all,lilei></at> <AT ID=ALL></AT> < at id=all></at>',
    "<@lilei> <@ALL> <!channel> <!here> <!everyone> @all @ALL @everyone @here @channel @lilei @13800000000",
    "\\<at id=all> \\\\[x](javascript:alert(1)) \\",
    "<\u200bat id=all></\u200bat> @\u200b所有人 @\u2060all [x]\u200b(javascript:alert(1)) !\u200b[](http://h/p)",
    "&lt;at id=all&gt;&lt;/at&gt; &#60;at id=all&#62; &#x3c;@all&#x3E; &amp;lt;@all&amp;gt; &commat;all &lbrack;x](http://h/p)",
    "line\n# heading\n\n## heading\nsetext\n===\n- entry\n1. entry\n> quote\n---\n    code\n```\nfence\n~~~",
    "|a|b|\n|-|-|\n|c|d|",
    "<img src=x onerror=alert(1)> <a href=javascript:alert(1)>x</a> <!-- x <br>",
    "<hr/> <text_tag color='red'>x</text_tag> <font color='green'>x</font> <number_tag>1</number_tag>",
    "[x](http://a) (b [x]( http://h/p 'title') [a](b)](http://h/p) ](http://h/p) [](http://h/p) [x][1]\n\n[1]: http://h/p",
    "![x][1] !\\[x](http://h/p) [![x](http://h/p)](http://h/p)",
    "<javascript:alert(1)> [x](<http://h/p>) [x](data:text/html,x) [x](JavaScript:alert(1)) [x](//h/p)",
    "*b* _i_ __b__ ~~s~~ ***b*** `c` ``c`` $x$ :DONE: {{x}} {% x %} ${x} %s",
    "\u202e)1(trela:tpircsavaj(]x[ \u2066@all\u2069",
    "\ufeff# heading \x00<at id=all>\x1b[31m \r\n# heading\u2028# heading\x85# x",
    "＜at id=all＞ ＠所有人 ＜@all＞ ［x］(javascript:alert(1)) ！[x](http://h/p) 《@all》",
)

LILEI = Mention("Li Lei", ("gitlab:lilei", "email:lilei@example.com"))
HANMEIMEI = Mention("Han Meimei", ("mobile:13800000000",))

MESSAGES: dict[str, Message] = {
    "title_only": Message("有人打开了问题 #7"),
    "empty_title": Message(" \n\u200b"),
    "push_two_commits": Message(
        "甲 推送了 2 个提交到 feature_x",
        (
            Text(("项目 ", PROJECT)),
            Items(
                (
                    (Link("0a1b2c3d", f"{SERVER}/ops/posthouse/-/commit/0a1b2c3d"), " 修复 C# 的 a_b 与 50% 的问题"),
                    (Link("1b2c3d4e", f"{SERVER}/ops/posthouse/-/commit/1b2c3d4e"), " # 不是标题"),
                ),
                more=18,
            ),
            Buttons((Link("查看变更", f"{SERVER}/ops/posthouse/-/compare/a...b"),)),
        ),
    ),
    "merge_request_with_quote": Message(
        "乙 提交了合并请求 !12",
        (
            Text((Bold("!12 增加重试"), "（", Code("feature/重试"), " → ", Code("main"), "）")),
            Quote("第一行\n\n- 第二行\n1. 第三行\n===\n> 第四行"),
            Buttons((Link("打开合并请求", f"{SERVER}/ops/posthouse/-/merge_requests/12"), Link("变更", f"{SERVER}/d"))),
        ),
    ),
    "pipeline_failed": Message(
        "流水线 #99 失败",
        (
            Fields((("状态", (Bold("失败"),)), ("分支", (Code("main"),)), ("耗时", ("3 分 20 秒",)))),
            Text(("失败的任务",)),
            Items((("test ", Link("#1001", f"{SERVER}/j/1001")), ("lint ", Link("#1002", f"{SERVER}/j/1002")))),
            Buttons(tuple(Link(f"任务 {n}", f"{SERVER}/j/{n}") for n in range(7))),
        ),
        level=Level.FAILURE,
    ),
    "pipeline_passed": Message("Pipeline #100 passed", (Text(("3 jobs in 2:05",)),), level=Level.SUCCESS),
    "warning": Message("分支 main 被删除", level=Level.WARNING),
    "hostile_everywhere": Message(
        HOSTILE,
        (
            Text((HOSTILE, Bold(HOSTILE), Code(HOSTILE), Link(HOSTILE, f"{SERVER}/x"))),
            Quote(f"{HOSTILE}\n# {HOSTILE}\n- {HOSTILE}"),
            Fields(((HOSTILE, (HOSTILE,)),)),
            Items(((HOSTILE,), ("# ", HOSTILE))),
            Buttons((Link(HOSTILE, f"{SERVER}/x"),)),
        ),
        mentions=(Mention(HOSTILE),),
    ),
    "links_that_are_none": Message(
        "链接",
        (
            Text((Link("脚本", "javascript:alert(1)"), " ", Link("空", ""), " ", Link("数据", "data:text/html,x"))),
            Text(("看这里!", Link("不是图片", f"{SERVER}/a"))),
            Text((Link(" ", f"{SERVER}/blank"), Link("无效", "http://[::1"))),
            Buttons((Link("脚本", "javascript:alert(1)"), Link("", f"{SERVER}/nameless"))),
        ),
    ),
    "odd_addresses": Message(
        "地址",
        (
            Text((Link("括号", f"{SERVER}/wiki/a_(b) c"), " ", Link("已编码", f"{SERVER}/%E4%B8%AD?q=100%&x=a+b"))),
            Text((Link("中文", f"{SERVER}/分支/-/tree/特性"), " ", Link("引号", f"{SERVER}/\"'<>[]`\\|^{{}}"))),
            Buttons((Link("打开", f"{SERVER}/a (b)"),)),
        ),
    ),
    "bare_addresses": Message(
        "见 https://gitlab.example.com/a_b/~user?x=1&y=2",
        (Text(("www.example.com 和 HTTP://EXAMPLE.COM/x 和 example.com/path 和 app.config.py",)),),
    ),
    "right_to_left": Message(
        "שלום עולם \u202emoc.elpmaxe", (Text(("مرحبا ", Bold("بالعالم"))), Quote("שורה ראשונה\nשורה שנייה"))
    ),
    "emoji": Message("🎉 发布 v1.0 👨‍👩‍👧‍👦 👍🏽", (Text(("🚀" * 5,)), Buttons((Link("🔗 打开", f"{SERVER}/r"),)))),
    "mention_by_name": Message(
        "Han Meimei 请 Li Lei 评审 !12",
        (Text((PROJECT,)), Buttons((Link("打开合并请求", f"{SERVER}/ops/posthouse/-/merge_requests/12"),))),
        mentions=(LILEI, Mention("Lucy"), Mention("可能没有这个人", ("gitlab:nobody",), guess=True)),
    ),
    "mention_by_number": Message(
        "流水线 #101 失败",
        (Text((PROJECT,)), Buttons((Link("打开流水线", f"{SERVER}/p/101"), Link("提交", f"{SERVER}/c/1")))),
        level=Level.FAILURE,
        mentions=(HANMEIMEI, LILEI),
    ),
    "mention_everybody": Message(
        "main 分支的流水线 #102 失败",
        (Text((PROJECT,)), Buttons((Link("打开流水线", f"{SERVER}/p/102"),))),
        level=Level.FAILURE,
        mentions=(LILEI,),
        everybody=True,
    ),
    "nothing_but_blanks": Message(
        "空", (Text(("",)), Text((" ", Bold(" "))), Quote("\n\n"), Fields(()), Items(()), Buttons(()))
    ),
}
