"""Links between issues, of which Jira sends nothing but the numbers of both and how one relates to the other."""

from typing import ClassVar

from posthouse import Event, Link, Message, No, Reader, Yes, buttons
from posthouse.webhooks.jira.numbered import NumberedIssueNotifyEventHandler
from posthouse.webhooks.jira.payload import name, number

#: What happened, as (Chinese, English).
WORDS = {
    "issuelink_created": ("问题之间新增了链接", "Issues were linked"),
    "issuelink_deleted": ("问题之间的链接被移除", "A link between issues was removed"),
}


class IssueLinkNotifyEventHandler(NumberedIssueNotifyEventHandler):
    """Tells of links between issues, by the numbers that Jira keeps them under."""

    events = tuple(WORDS)
    # Jira sends neither keys nor titles, so there is little to understand; the update of either issue says more.
    on_by_default: ClassVar = False

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about the links that Jira makes itself, such as those to sub-tasks."""
        link = event.reader.at("issueLink")
        if link.flag("systemLink") or link.flag("issueLinkType.isSystemLinkType"):
            return No("the link is one of Jira's own")
        return Yes() if _relation(event.reader) else No("the payload does not say which issues it is about")

    def message(self, event: Event) -> Message:
        """Say which issue relates how to which, and lead to a search for both."""
        reader = event.reader
        zh, en = WORDS.get(event.name, WORDS["issuelink_created"])
        source, target = number(reader, "issueLink.sourceIssueId"), number(reader, "issueLink.destinationIssueId")
        return Message(
            title=self.titled(self.say(zh=zh, en=en), _relation(reader)),
            blocks=buttons(Link(self.choose(zh="查看问题", en="Open issues"), self.found_url(reader, source, target))),
            facts=self.facts(reader, action=f"link {event.name.rpartition('_')[2]}"),
            occurrence=self.occurrence(reader, event.name, number(reader, "issueLink.id")),
        )


def _relation(reader: Reader) -> str:
    """Return "10045 blocks 10051"; empty unless both are known."""
    source, target = number(reader, "issueLink.sourceIssueId"), number(reader, "issueLink.destinationIssueId")
    relation = name(reader, "issueLink.issueLinkType.outwardName", "issueLink.issueLinkType.name")
    return f"{source} {relation or '→'} {target}" if source and target else ""
