"""Feishu's custom robots in groups, and Lark's, which are the same outside of China.

Source: Feishu's open platform pages "Custom bot usage guide", "Card JSON 2.0 structure" and "Rich text (Markdown)" of
both card versions, and answers that were seen live where the pages and the robots differ.

`notifier` has the class, `forms` names what a message can look like, `card` makes both versions of cards, `markup` the
Markdown in them, `plain` what has none, `mentions` says whom a message mentions, `answers` reads what a robot answers,
and `verdicts` says what each code means and what a person can do about it.
"""

from posthouse.notifiers.feishu.notifier import FeiShuNotifier, sign
from posthouse.notifiers.feishu.settings import FeiShuSettings

__all__ = ["FeiShuNotifier", "FeiShuSettings", "sign"]
