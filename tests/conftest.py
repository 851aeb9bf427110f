"""What tests of every part share."""

from collections.abc import Iterator

import hypothesis
import pytest

import postgres
from posthouse.core.plugin import Site


@pytest.fixture(params=["zh", "en"])
def site(request: pytest.FixtureRequest) -> Site:
    """A site in each language in turn."""
    return Site(language=request.param)


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """A PostgreSQL of the tests' own, started when the first test asks for it."""
    with postgres.running() as started:
        yield started


# How long an example takes depends on what else the machine does; tests that are about time look at it themselves.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
