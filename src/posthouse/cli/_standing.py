"""How the configured robots and pools stand: whether they are ready, what they have used, what waits. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from posthouse.core.budget import Allowance, Budget
from posthouse.desk import Desk
from posthouse.outbox import AttemptRecord, Waiting
from posthouse.pacing import free
from posthouse.quota import forecast, month_of
from posthouse.trace import Hindrance, hindrance


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used of the limits: of a minute's attempts and a month's messages. None stands for no limit.

    ``month_forecast`` is how many messages the whole month will have had if it goes on like this; ``exhausted_at`` is
    when its quota is used up then, in seconds since the epoch, and None if that is not in this month.
    """

    minute_used: int | None
    minute_limit: int | None
    month_used: int
    month_quota: int | None
    month_forecast: int
    exhausted_at: float | None


@dataclass(frozen=True, slots=True)
class Standing:
    """One robot or pool.

    ``state`` is ``ready``, ``new`` (no worker has started with it yet) or what keeps it from the next attempt, as in
    `Hindrance`. ``next_at`` is when it goes on, in seconds since the epoch. ``answer`` and ``remedy`` are what a robot
    that failed said last, and what a person can do. ``shares_with`` are the robots that have the same token.
    """

    robot: str
    kind: str
    members: tuple[str, ...]
    shares_with: tuple[str, ...]
    state: str
    words: str
    usage: Usage
    next_at: float | None = None
    answer: str = ""
    remedy: str = ""
    waiting: Waiting | None = None


def resting_lanes(desk: Desk, budgets: Mapping[str, Budget], *, now: float) -> set[str]:
    """Return the lanes of which `standings` needs the latest attempts: those with a robot that rests after one."""
    robots = desk.robots
    rest = {token for token, budget in budgets.items() if budget.rest_until > now and budget.circuit is None}
    return {robots.lanes[name] for name, token in robots.tokens.items() if token in rest}


def standings(
    desk: Desk,
    budgets: Mapping[str, Budget],
    waiting: Mapping[str, Waiting],
    attempts: Mapping[str, Sequence[AttemptRecord]],
    *,
    now: float,
) -> list[Standing]:
    """Return how every configured robot stands, then every pool.

    ``budgets`` are by their tokens, ``waiting`` by names, and ``attempts`` the latest ones by lanes, newest first.
    """
    robots, time_zone = desk.robots, desk.settings.server.time_zone
    found: dict[str, Standing] = {}
    for name, notifier in robots.notifiers.items():
        token = robots.tokens[name]
        allowance, budget = robots.allowances[token], budgets.get(token, Budget(token))
        standing = Standing(
            robot=name,
            kind=notifier.type,
            members=(),
            shares_with=tuple(other for other, its in robots.tokens.items() if its == token and other != name),
            state="ready" if token in budgets else "new",
            words="ready" if token in budgets else "no worker has started with it yet",
            usage=_usage(budget, allowance, now=now, time_zone=time_zone),
            waiting=waiting.get(name),
        )
        reason = hindrance(budget, allowance, now=now, time_zone=time_zone)
        found[name] = _hindered(standing, reason, budget, attempts.get(robots.lanes[name], ()))
    for pool, members in desk.settings.pools.items():
        found[pool] = _pool(pool, [found[member] for member in members], waiting.get(pool))
    return list(found.values())


def _hindered(
    standing: Standing, reason: Hindrance | None, budget: Budget, attempts: Sequence[AttemptRecord]
) -> Standing:
    if reason is None:
        return standing
    standing = replace(standing, state=reason.kind, words=reason.words, next_at=reason.until)
    if reason.circuit is not None:
        return replace(standing, answer=reason.circuit.answer, remedy=reason.circuit.remedy)
    last = _last_attempt(budget, attempts) if reason.kind == "failed" else None
    if last is None:
        return standing
    return replace(standing, words=f"{reason.words}: {last.verdict}", answer=last.answer, remedy=last.remedy)


def _last_attempt(budget: Budget, attempts: Sequence[AttemptRecord]) -> AttemptRecord | None:
    """Return the latest attempt that failed, of those in the robot's lane; in a pool's, the time tells whose it was."""
    failed = [attempt for attempt in attempts if attempt.verdict != "ok"]
    if budget.ended:
        failed = [attempt for attempt in failed if attempt.finished_at == budget.ended[-1]]
    return failed[0] if failed else None


def _usage(budget: Budget, allowance: Allowance, *, now: float, time_zone: str) -> Usage:
    left = free(budget, allowance, now=now)
    expected = forecast(budget, allowance.per_month, now=now, time_zone=time_zone)
    return Usage(
        # Without a limit, nobody remembers what a minute has had.
        minute_used=None if left is None else allowance.per_minute - left,
        minute_limit=allowance.per_minute or None,
        month_used=budget.used if budget.month == month_of(now, time_zone) else 0,
        month_quota=allowance.per_month or None,
        month_forecast=expected.messages,
        exhausted_at=expected.exhausted_at,
    )


def _pool(name: str, members: Sequence[Standing], waiting: Waiting | None) -> Standing:
    """Return how a pool stands, whose ``members`` have a token each."""
    usages = [member.usage for member in members]
    exhausted = [usage.exhausted_at for usage in usages]
    usage = Usage(
        minute_used=_sum(usage.minute_used for usage in usages),
        minute_limit=_sum(usage.minute_limit for usage in usages),
        month_used=sum(usage.month_used for usage in usages),
        month_quota=_sum(usage.month_quota for usage in usages),
        month_forecast=sum(usage.month_forecast for usage in usages),
        exhausted_at=None if None in exhausted else max(time for time in exhausted if time is not None),
    )
    names = tuple(member.robot for member in members)
    standing = Standing(name, members[0].kind, names, (), "ready", "ready", usage, waiting=waiting)
    ready = sum(member.next_at is None for member in members)
    if ready == len(members):
        return replace(standing, state=members[0].state, words=members[0].words)
    if ready:
        return replace(standing, words=f"ready: {ready} of {len(members)} robots")
    first = min(members, key=lambda member: (member.state == "wrong", member.next_at))
    verb = "is " if first.state == "wrong" else ""
    words = f"none of {len(members)} robots is ready; the first {verb}{first.words}"
    return replace(standing, state=first.state, words=words, next_at=first.next_at)


def _sum(numbers: Iterable[int | None]) -> int | None:
    """Return the sum of several limits; of which one is none, all together are none."""
    known = list(numbers)
    return None if None in known else sum(number or 0 for number in known)
