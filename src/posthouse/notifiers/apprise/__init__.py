"""Every robot that has no notifier of its own: mail, Slack, Teams, Telegram and many more, through Apprise.

Source: the Apprise library itself, version 2.2, and its pages on each service.

`notifier` has the class, `service` asks the library what a URL leads to, `markup` writes what every service can be
given, `answers` reads what the library wrote down, and `verdicts` says what that means and what a person can do.
"""

from posthouse.notifiers.apprise.notifier import AppriseNotifier
from posthouse.notifiers.apprise.settings import AppriseSettings

__all__ = ["AppriseNotifier", "AppriseSettings"]
