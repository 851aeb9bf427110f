"""What is put into an outbox, and for which kind of database a test is."""

import pytest

from posthouse.outbox import Arrival

LEASE = 15.0
#: Of what only one kind of database has.
sqlite_only = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
postgresql_only = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


def arrival(key: str | None = None, *, webhook_id: str = "finance", body: bytes = b"{}") -> Arrival:
    return Arrival(
        webhook_id=webhook_id,
        name="Push Hook",
        key=key,
        received_at=100.0,
        verified="the secret token is right",
        headers={"x-gitlab-event": "Push Hook"},
        query={},
        body=body,
    )
