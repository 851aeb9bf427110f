"""What people comment on and react to: a merge request, an issue, a snippet, a commit or a wiki page."""

from posthouse import Reader, first_line
from posthouse.webhooks.gitlab.issue import issue_story, item_words
from posthouse.webhooks.gitlab.payload import NAME, marked, name, number, project_id, short_sha, story, word

#: The kinds of things, by the keys that they have in payloads. In those of reactions that is the name of the class in
#: GitLab's code, which is why some have a second one.
KINDS = {
    "merge_request": "merge_request",
    "issue": "issue",
    "work_item": "issue",
    "snippet": "snippet",
    "project_snippet": "snippet",
    "commit": "commit",
    "wiki_page": "wiki_page",
    "wiki_page/meta": "wiki_page",
}


def target_of(reader: Reader) -> tuple[str, Reader]:
    """Return the kind of the thing that a payload is about, and the thing; an empty kind if it is none that we know."""
    key = next((key for key in KINDS if reader.has(key)), "")
    return KINDS.get(key, ""), reader.at(key or "nothing")


def thing_title(thing: Reader) -> str:
    """Return what the thing is called; a commit by the first line of its message."""
    return name(thing, "title") or first_line(thing.text("message"), NAME)


def thing_words(kind: str, thing: Reader, *, confidential: bool = False) -> dict[str, str]:
    """Return the thing with its reference, or as one of its kind, in both languages."""
    iid = number(thing, "iid")
    match kind:
        case "merge_request":
            return _referred("合并请求", "merge request", marked("!", iid))
        case "issue":
            item = (word(thing, "type") or "issue").replace("_", " ").lower()
            return item_words(item, iid, confidential=confidential)
        case "snippet":
            return _referred("代码片段", "snippet", marked("$", number(thing, "id")))
        case "commit":
            return _referred("提交", "commit", short_sha(thing.text("id")))
        case _:
            return _referred("维基页面", "wiki page", "")


def thing_story(reader: Reader, kind: str, thing: Reader) -> str | None:
    """Return the story of the thing, so that it is told together with what people say about it."""
    project = project_id(reader)
    match kind:
        case "merge_request":
            return story(kind, project, marked("!", number(thing, "iid")))
        case "issue":
            return issue_story(reader, thing)
        case "snippet":
            return story(kind, project, marked("$", number(thing, "id")))
        case "commit":
            return story(kind, project, marked("@", first_line(thing.text("id"), NAME)))
        case _:
            return story("wiki_page", project, marked(":", name(thing, "slug")))


def _referred(zh: str, en: str, reference: str) -> dict[str, str]:
    if not reference:
        return {"zh": f"一个{zh}", "en": f"a {en}"}
    return {"zh": f"{zh} {reference}", "en": f"{en} {reference}"}
