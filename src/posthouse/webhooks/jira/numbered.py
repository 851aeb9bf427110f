"""Issues of which a payload has only the number, as Jira keeps it; their key is nowhere to be found then."""

from urllib.parse import quote as quoted

from posthouse import Reader
from posthouse.webhooks.jira.payload import JiraNotifyEventHandler, issue_key


class NumberedIssueNotifyEventHandler(JiraNotifyEventHandler):
    """A handler of events that bring the number of an issue, and sometimes the issue itself."""

    def item(self, reader: Reader, number: str) -> str:
        """Return the issue's key, its number, or that it is one; in Chinese with spaces where it meets Chinese."""
        key = issue_key(reader)
        if key or not number:
            return self.choose(zh=f" {key} " if key else "一个问题", en=self.thing(reader))
        return self.choose(zh=f"问题 {number} ", en=f"issue {number}")

    def found_url(self, reader: Reader, *numbers: str) -> str:
        """Return the page of the issue, or the search that finds the issues with these numbers.

        Issues are browsed by key, but searched by number too: "Advanced search" in Atlassian's documentation.
        """
        known = [number for number in numbers if number]
        return self.issue_url(reader) or (self.search_url(reader, f"id in ({','.join(known)})") if known else "")

    def search_url(self, reader: Reader, jql: str) -> str:
        """Return the page of a search; empty without an address."""
        base = self.base(reader)
        return f"{base}/issues/?jql={quoted(jql, safe='')}" if base else ""

    def numbered_story(self, reader: Reader, number: str) -> str | None:
        """Return what joins the messages about one issue, by its number where there is no key."""
        site = self.instance(reader)
        return self.story(reader) or (f"jira:issue:{site}:{number}" if site and number else None)
