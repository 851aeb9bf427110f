"""Projects and groups that are deleted with a delay: GitLab renames them at once, and deletes them days later."""

import re

#: What GitLab 18 appends to the path and to the name until the end; some versions before wrote "-deleted-15".
MARK = re.compile(r"-(deletion_scheduled|deleted)-[0-9]+\Z")


def unmarked(path: str) -> str:
    """Return a path or a name as people know it."""
    return MARK.sub("", path)


def meaning(verb: str, *, old: str, new: str) -> str:
    """Return the verb, unless the renaming turns out to be a deletion with delay, or its undoing."""
    if verb != "rename" or _is_marked(old) == _is_marked(new):
        return verb
    return "schedule_deletion" if _is_marked(new) else "restore"


def _is_marked(path: str) -> bool:
    return bool(MARK.search(path))
