"""The words in which senders say how good or bad something is."""

from collections.abc import Mapping

from posthouse import Level

_WORDS = {
    Level.INFO: "info information informational notice debug low none started running queued",
    Level.SUCCESS: "success succeeded successful ok passed good green fixed resolved recovered up normal completed",
    Level.WARNING: "warning warn medium moderate minor unstable degraded yellow aborted canceled cancelled",
    Level.FAILURE: (
        "failure failed fail error err critical fatal severe high major alert alerting emergency panic red down broken"
        " firing"
    ),
}
#: What a word means; lower case.
LEVELS: Mapping[str, Level] = {word: level for level, words in _WORDS.items() for word in words.split()}
