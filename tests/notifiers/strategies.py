"""Texts and messages of every kind, for properties that must hold for all of them."""

from hypothesis import strategies as st

from posthouse import Bold, Buttons, Code, Fields, Items, Level, Link, Message, Quote, Text

LINK = "https://gitlab.example.com/x"
#: Text made of what Markdown, HTML and mentions are made of, besides any text at all.
MARKUP = st.lists(
    st.sampled_from(
        [
            *"[]()<>*_`~|\\#+-=!&;.1a \n\t\r\x00\u200b\u2028\ufeff\ud800中🎉",
            *("@所有人", "@all", "lt", "http://h/p", "javascript:", "---", "```", "](", "![", "&#64;", ": "),
            "<font color=red>",
        ]
    ),
    max_size=25,
).map("".join)
ANY_TEXT = MARKUP | st.text(max_size=60)
INLINE = st.one_of(
    ANY_TEXT, ANY_TEXT.map(Bold), ANY_TEXT.map(Code), st.builds(Link, ANY_TEXT, ANY_TEXT | st.just(LINK))
)
LINE = st.lists(INLINE, max_size=4).map(tuple)
BLOCK = st.one_of(
    st.builds(Text, LINE),
    st.builds(Quote, ANY_TEXT),
    st.builds(Fields, st.lists(st.tuples(ANY_TEXT, LINE), max_size=3).map(tuple)),
    st.builds(Items, st.lists(LINE, max_size=6).map(tuple), st.integers(0, 9)),
    st.builds(Buttons, st.lists(st.builds(Link, ANY_TEXT, ANY_TEXT | st.just(LINK)), max_size=3).map(tuple)),
)
ANY_MESSAGE = st.builds(
    Message, title=ANY_TEXT, blocks=st.lists(BLOCK, max_size=5).map(tuple), level=st.sampled_from(Level)
)
