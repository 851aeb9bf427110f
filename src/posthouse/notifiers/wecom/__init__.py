"""WeCom's group robots, which WeCom also calls message pushes.

Source: WeCom's developer pages "Group robot configuration" (path/91770), "Global error codes" (path/90313) and "Access
frequency" (path/90312), and answers that were seen live where the pages and the robots differ.

`notifier` has the class, `markup` the three ways in which content is written, `mentions` whom it notifies; `answers`
reads what a robot answers, and `verdicts` says what each code means and what a person can do about it.
"""

from posthouse.notifiers.wecom.notifier import CorpWechatNotifier
from posthouse.notifiers.wecom.settings import CorpWechatSettings

__all__ = ["CorpWechatNotifier", "CorpWechatSettings"]
