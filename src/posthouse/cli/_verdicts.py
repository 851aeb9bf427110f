"""What the answers of each kind of robot mean, as rows for its page in the documentation. Pure."""

from collections.abc import Iterator, Sequence
from importlib import import_module

from posthouse.core.plugin import Notifier
from posthouse.notifiers.answers import Meaning

HEADER = ("Meaning", "Codes", "Verdict", "What happens", "What a person reads")


def verdict_rows(notifier: type[Notifier]) -> Iterator[Sequence[str]]:
    """Yield a row for each meaning in the module ``verdicts`` beside a notifier, those with the same verdict together.

    Raises `ModuleNotFoundError` for a notifier without that module.
    """
    module = import_module(f"{notifier.__module__.rpartition('.')[0]}.verdicts")
    named = {name: value for name, value in vars(module).items() if isinstance(value, Meaning)}
    codes: dict[Meaning, list[str]] = {}
    for code, meaning in getattr(module, "BY_CODE", {}).items():
        codes.setdefault(meaning, []).append(f"`{code}`")
    verdicts = list(dict.fromkeys(meaning.kind for meaning in named.values()))
    for name, meaning in sorted(named.items(), key=lambda item: verdicts.index(item[1].kind)):
        shown = ", ".join(codes.get(meaning, ())) or "–"
        yield name.lower().replace("_", " "), shown, f"`{meaning.kind}`", _fate(meaning, notifier), meaning.en


def _fate(meaning: Meaning, notifier: type[Notifier]) -> str:
    """Say what becomes of a message, or of its robot, after an answer with this meaning."""
    if not meaning.later:
        if meaning.kind == "config":
            return "the robot is left alone"
        return "a plainer form, else buried" if meaning.simpler else "buried"
    pause = "growing pauses" if meaning.after is None else f"again after {_length(meaning.after)}"
    if meaning.whole_vendor:
        pause += ", all robots of this kind"
    if meaning.kind == "ambiguous" and not notifier.is_idempotent:
        return f"{pause}, `unclear_retries` times"
    if meaning.attempts is None:
        return pause
    ending = "left alone" if meaning.kind == "config" else "buried"
    return f"{pause}; {ending} after {meaning.attempts} attempts"


def _length(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
