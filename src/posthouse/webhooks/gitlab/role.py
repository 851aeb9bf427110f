"""The roles that members have in projects and groups, as names and as numbers."""

from posthouse import Reader
from posthouse.webhooks.gitlab.payload import name, number

#: By the names that GitLab's page on roles gives them.
CHINESE = {
    "Minimal Access": "最小访问权限",
    "Guest": "访客",
    "Planner": "计划者",
    "Reporter": "报告者",
    "Security Manager": "安全经理",
    "Developer": "开发者",
    "Maintainer": "维护者",
    "Owner": "所有者",
}
#: By the numbers that GitLab's interface gives them.
NUMBERED = {
    "5": "Minimal Access",
    "10": "Guest",
    "15": "Planner",
    "20": "Reporter",
    "25": "Security Manager",
    "30": "Developer",
    "40": "Maintainer",
    "50": "Owner",
}


def role_of(reader: Reader, *paths: str) -> str:
    """Return GitLab's name of a role, which may stand there as a number; a role of one's own has any name."""
    found = name(reader, *paths) or next((count for path in paths if (count := number(reader, path))), "")
    return NUMBERED.get(found, found)


def role_words(role: str) -> dict[str, str]:
    """Return a role in both languages; one that is not GitLab's stays as it is."""
    return {"zh": CHINESE.get(role, role), "en": role}
