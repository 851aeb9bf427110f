"""What was sent with each token, as rows: loaded with a lane's claim, stored with what is settled."""

import json
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, RowMapping, and_, bindparam, insert, select, true, update

from posthouse.core.budget import Budget, Circuit
from posthouse.outbox.compiled import Compiled
from posthouse.outbox.tables import budget, delivery, lane
from posthouse.outbox.work import Token


def load(connection: Connection, lane_id: str) -> tuple[Budget, ...]:
    """Return the budgets of all tokens that a lane works with."""
    return tuple(_budget(row) for row in connection.execute(_OF_LANE, {"lane": lane_id}).mappings())


def load_lanes(connection: Connection, lanes: Collection[str]) -> dict[str, tuple[Budget, ...]]:
    """Return the budgets of all tokens that each of some lanes works with."""
    found: dict[str, tuple[Budget, ...]] = dict.fromkeys(lanes, ())
    if lanes:
        for row in connection.execute(_OF_LANES, {"lanes": sorted(lanes)}).mappings():
            found[row["lane_id"]] += (_budget(row),)
    return found


def load_all(connection: Connection) -> tuple[Budget, ...]:
    """Return every budget there is."""
    return tuple(_budget(row) for row in connection.execute(select(budget)).mappings())


def save(connection: Connection, spent: Budget) -> None:
    """Store what was used of a budget."""
    circuit = spent.circuit or Circuit(0.0, "", "")
    _SAVE.run(
        connection,
        {
            "which": spent.token,
            "new_ended": json.dumps(spent.ended),
            "new_rest_until": spent.rest_until,
            "new_failures": spent.failures,
            "new_month": spent.month,
            "new_used": spent.used,
            "new_warned": int(spent.warned),
            "new_open_since": circuit.since if spent.circuit else None,
            "new_open_answer": circuit.answer,
            "new_open_remedy": circuit.remedy,
        },
    )


def prepare(connection: Connection, tokens: Sequence[Token]) -> None:
    """Make sure that each token has a budget in its lane. Where its settings changed, it is looked at anew."""
    known = {row.token: row for row in connection.execute(select(budget.c.token, budget.c.lane_id, budget.c.settings))}
    for token in tokens:
        row = known.get(token.token)
        if row is None:
            values = {"token": token.token, "lane_id": token.lane_id, "vendor": token.vendor}
            connection.execute(insert(budget).values(settings=token.settings, **values))
        elif (row.lane_id, row.settings) != (token.lane_id, token.settings):
            changed = budget.c.token == token.token
            connection.execute(update(budget).where(changed).values(lane_id=token.lane_id, settings=token.settings))
            if row.settings != token.settings:
                close_circuits(connection, [token.lane_id], [token.token])
                # When the lane goes on follows from its budgets and their limits, which may have changed.
                connection.execute(update(lane).where(lane.c.id == token.lane_id).values(next_at=0.0))


def close_circuits(connection: Connection, lanes: Collection[str] | None, tokens: Collection[str] | None = None) -> int:
    """Let robots that were set up wrongly be tried at once, of some lanes and tokens or (None) of all; say how many."""
    which = and_(
        budget.c.open_since.is_not(None),
        true() if lanes is None else budget.c.lane_id.in_(lanes),
        true() if tokens is None else budget.c.token.in_(tokens),
    )
    stopped = [*connection.scalars(select(budget.c.lane_id).where(which))]
    closed = {"open_since": None, "open_answer": "", "open_remedy": "", "failures": 0, "rest_until": 0.0}
    connection.execute(update(budget).where(which).values(closed))
    connection.execute(update(lane).where(lane.c.id.in_(stopped)).values(next_at=0.0))
    return len(stopped)


def rest_vendor(connection: Connection, lane_id: str, until: float) -> None:
    """Let every robot of the vendor that this lane's robots belong to rest."""
    vendor = select(lane.c.vendor).where(lane.c.id == lane_id).scalar_subquery()
    for table, time in ((budget, budget.c.rest_until), (lane, lane.c.next_at)):
        connection.execute(update(table).where(table.c.vendor == vendor, time < until).values({time: until}))


def bury_overflow(connection: Connection, lane_id: str, *, most: int, now: float) -> int:
    """Give up the oldest of what waits in a lane beyond the ``most`` newest, and say how many."""
    newest_beyond = connection.scalar(_NEWEST_BEYOND, {"lane": lane_id, "most": most})
    if newest_beyond is None:
        return 0
    return connection.execute(_BURY, {"lane": lane_id, "last": newest_beyond, "now": now}).rowcount


def _budget(row: RowMapping) -> Budget:
    since = row["open_since"]
    return Budget(
        token=row["token"],
        ended=tuple(json.loads(row["ended"])),
        rest_until=row["rest_until"],
        failures=row["failures"],
        month=row["month"],
        used=row["used"],
        warned=bool(row["warned"]),
        circuit=None if since is None else Circuit(since, row["open_answer"], row["open_remedy"]),
    )


_OF_LANE = select(budget).where(budget.c.lane_id == bindparam("lane")).order_by(budget.c.token)
_OF_LANES = select(budget).where(budget.c.lane_id.in_(bindparam("lanes", expanding=True))).order_by(budget.c.token)
_SAVE = Compiled(
    update(budget)
    .where(budget.c.token == bindparam("which"))
    .values({name: bindparam(f"new_{name}") for name in (
        "ended", "rest_until", "failures", "month", "used", "warned", "open_since", "open_answer", "open_remedy"
    )})
)  # fmt: skip
_WAITS = (delivery.c.lane_id == bindparam("lane")) & (delivery.c.state == "waiting")
_NEWEST_BEYOND = select(delivery.c.id).where(_WAITS).order_by(delivery.c.id.desc()).offset(bindparam("most")).limit(1)
_BURY = (
    update(delivery)
    .where(_WAITS, delivery.c.id <= bindparam("last"))
    .values(state="buried", settled_at=bindparam("now"), digest=None)
)
