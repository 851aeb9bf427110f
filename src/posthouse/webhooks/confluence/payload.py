"""What all of Confluence's handlers read alike: who did it, to which content, in which space, and what it is called.

Data Center sends ids alone, Cloud also titles and links; the rest is looked up where the webhook has credentials. Each
value is taken from the first of these that has it.
"""

from typing import TypedDict
from urllib.parse import quote as quoted

from posthouse import Event, Link, Mention, Reader, first_line, mention, mentions

#: What names of Confluence's begin with where people are mentioned.
KIND = "confluence"
#: How long a title or a name may be before it is cut, in characters; Confluence's own limit for titles.
NAME = 255
#: How much of an id or a word from a payload is repeated, in characters.
WORD = 64
#: Under which keys a payload may have what its event is about, by the first word of the event's name. A comment comes
#: with its page, and a blog post was also seen as a page; so the order matters. A label's event is about what bears it.
KEYS = {
    "page": ("page", "content"),
    "blueprint": ("page", "content"),
    "blog": ("blog", "blogpost", "page", "content"),
    "comment": ("comment", "content"),
    "attachment": ("attachment", "content"),
    "label": ("content", "page", "blog", "blogpost", "attachment"),
    "content": ("content", "page", "blog", "blogpost", "comment", "attachment"),
    "space": ("space",),
}
#: Confluence's words for its kinds of content that are not ours.
KINDS = {"blogpost": "blog", "blueprint": "page"}


class Mentioned(TypedDict):
    """Who is mentioned in a comment: the account id (Cloud) or the username (Data Center), and the name it shows."""

    id: str
    name: str


class Found(TypedDict, total=False):
    """What was looked up about an event, to be read through its ``findings``; made by `posthouse.lookups`."""

    #: True where the content is not to be seen by whom the credentials belong to: then nothing else is found.
    hidden: bool
    title: str
    type: str
    link: str
    space_name: str
    space_key: str
    space_link: str
    #: The name of who acted, as people write it, and their account's name.
    author: str
    username: str
    #: The version that the event is about, its comment, and whether it is a minor edit.
    version: int
    version_comment: str
    minor_edit: bool
    #: What a comment or an attachment belongs to.
    container_id: str
    container_title: str
    container_type: str
    container_link: str
    #: The page above, for one that was moved.
    parent_title: str
    parent_link: str
    #: What a comment says, and who is mentioned in it.
    text: str
    mentioned: list[Mentioned]


def thing_of(event: Event) -> Reader:
    """Return what the event is about, under whichever key the payload has it."""
    return event.reader.at(_key_of(event))


def container_of(event: Event) -> Reader:
    """Return what a comment or an attachment belongs to, as far as the payload says."""
    thing = thing_of(event)
    places = (thing.at("container"), event.reader.at("page"), event.reader.at("blog"), thing.at("parent"))
    return next((found for found in places if found.text("title") or found.has("id")), Reader(None))


def kind_of(event: Event) -> str:
    """Return what kind of thing the event is about: page, blog, comment, attachment, space or content."""
    kind = event.name.partition("_")[0]
    if kind in {"content", "label"}:
        said = word(event.findings, "type") or word(thing_of(event), "contentType", "content_type", "type")
        kind = said or _key_of(event)
    return KINDS.get(kind, kind)


def container_title(event: Event) -> str:
    """Return what the page or blog post is called that a comment or an attachment belongs to."""
    return name(event.findings, "container_title") or name(container_of(event), "title")


def container_id(event: Event) -> str:
    """Return the id of what a comment or an attachment belongs to."""
    return word(event.findings, "container_id") or first_line(container_of(event).label("id"), WORD)


def container_kind(event: Event) -> str:
    """Return what kind of content a comment or an attachment belongs to; empty if nothing says so."""
    kind = word(event.findings, "container_type") or word(container_of(event), "contentType", "content_type", "type")
    return KINDS.get(kind, kind)


def content_id(event: Event) -> str:
    """Return the id as text: numbers in payloads are texts in Confluence's answers."""
    return first_line(thing_of(event).label("id"), WORD)


def title(event: Event) -> str:
    """Return what it is called, from the last time it was known if need be."""
    return name(event.findings, "title") or name(thing_of(event), "title") or remembered(event)


def remembered(event: Event) -> str:
    """Return what is remembered of the event before of the same topic; nothing where that must not be told any more."""
    return "" if event.findings.flag("hidden") else first_line(event.last or "", NAME)


def space_of(event: Event) -> Link:
    """Return the space; without text where it is not known, or is a personal one whose key is an account's id."""
    thing, reader, found = thing_of(event), event.reader, event.findings
    key = space_key_of(event)
    called = (
        name(found, "space_name")
        or name(thing, "space.name")
        or name(container_of(event), "space.name")
        or name(reader, "space.name")
        or ("" if key.startswith("~") else key)
    )
    link = found.link("space_link") or reader.link("space.url") or reader.link("space.self")
    base = base_of(event) if thing.link("self") and not key.startswith("~") else ""
    return Link(called, link or (f"{base}/spaces/{quoted(key, safe='')}" if base and key else ""))


def actor_ids(event: Event) -> tuple[str, str]:
    """Return the key of who acted (Data Center) and their account id (Cloud); one of them is empty, or both."""
    reader = event.reader
    return name(reader, "userKey"), name(reader, "userAccountId", "atlassianId")


def version_of(event: Event) -> int | None:
    """Return the version that the event is about."""
    thing = thing_of(event)
    return event.findings.count("version") or thing.count("version") or thing.count("version.number")


def name(reader: Reader, *paths: str) -> str:
    """Return the first text there is as one line that is no longer than titles are in Confluence."""
    return first_line(reader.first_text(*paths), NAME)


def word(reader: Reader, *paths: str) -> str:
    """Return a word of Confluence's own, such as a type."""
    return first_line(reader.first_text(*paths), WORD)


def author_of(event: Event) -> str:
    """Return the name of who acted, as people write it; empty where only a key or an account id is known."""
    names = ("user.full_name", "user.displayName", "user.publicName", "user.username")
    return name(event.findings, "author") or name(event.reader, *names)


def username_of(event: Event) -> str:
    """Return the account's name of who acted (Data Center)."""
    return name(event.findings, "username") or name(event.reader, "user.username")


def comment_mentions(event: Event) -> tuple[Mention, ...]:
    """Return who is mentioned in a comment that was looked up, but for the one who wrote it."""
    names, email = (*actor_ids(event), username_of(event)), event.reader.text("user.email")
    author = mention(KIND, *names, text=author_of(event), email=email)
    people = event.findings.each("mentioned")
    return mentions((mention(KIND, name(one, "id"), text=name(one, "name")) for one in people), without=author)


def space_key_of(event: Event) -> str:
    """Return the key of the space. That of a personal one begins with ``~``; in Cloud an account id follows."""
    thing = thing_of(event)
    return (
        name(event.findings, "space_key")
        or name(thing, "spaceKey", "space.key")
        or name(container_of(event), "spaceKey", "space.key")
        or name(event.reader, "space.key")
    )


def sent_link(thing: Reader) -> str:
    """Return the address that was sent along. Cloud's ``self`` is what a browser opens; an interface's is not."""
    links = (thing.link("tiny_url"), thing.link("url"), thing.link("self"))
    return next((link for link in links if link and "/rest/" not in link), "")


def base_of(event: Event) -> str:
    """Return the address of Confluence from the payload: Cloud's links have it in front of ``/wiki``."""
    thing = thing_of(event)
    front, wiki, _ = (thing.link("self") or container_of(event).link("self")).partition("/wiki/")
    return f"{front}/wiki" if wiki else event.reader.link("base_url").rstrip("/")


def moment_of(event: Event) -> str:
    """Return what tells an event from the next one of its name about the same thing; empty if nothing does."""
    # Only an edit makes a version; a page can be moved twice without one.
    version = thing_of(event).count("version") if event.name.partition("_")[2] == "updated" else None
    return f"v{version}" if version else first_line(event.reader.label("timestamp"), WORD)


def _key_of(event: Event) -> str:
    keys = KEYS.get(event.name.partition("_")[0], ("content",))
    return next((key for key in keys if isinstance(event.reader.at(key).value, dict)), keys[0])
