"""DingTalk's custom robots in groups.

Source: DingTalk's open platform pages "Custom robots send group messages", "Robot message types" and "Security
settings", and answers that were seen live where the pages and the robots differ.

`notifier` has the class, `markup` the Markdown that DingTalk's clients show, `mentions` whom a message mentions,
`answers` reads what a robot answers, and `verdicts` says what each code means and what a person can do about it.
"""

from posthouse.notifiers.dingtalk.notifier import DingTalkNotifier, sign
from posthouse.notifiers.dingtalk.settings import DingTalkSettings

__all__ = ["DingTalkNotifier", "DingTalkSettings", "sign"]
