"""Says how long something took."""

from posthouse.core.plugin import Language

#: What is no duration, but a mistake: more than thirty years, in seconds.
ENDLESS = 10**9
#: What a duration is told in, largest first: seconds, then the words.
UNITS = ((86400, " 天", " d"), (3600, " 小时", " h"), (60, " 分", " min"), (1, " 秒", " s"))


def duration(seconds: float | None, language: Language) -> str:
    """Return a length of time in words, in its two largest units; empty for none, or one that cannot be true."""
    if seconds is None or not 0 <= seconds < ENDLESS:
        return ""
    rest, words = round(seconds), list[str]()
    for size, zh, en in UNITS:
        count, rest = divmod(rest, size)
        if count and len(words) < 2:
            words.append(f"{count}{zh if language == 'zh' else en}")
        elif words:
            break
    return " ".join(words) or ("不到 1 秒" if language == "zh" else "under 1 s")
