"""What tests of every part share."""

import pytest

from posthouse.core.plugin import Site


@pytest.fixture(params=["zh", "en"])
def site(request: pytest.FixtureRequest) -> Site:
    """A site in each language in turn."""
    return Site(language=request.param)
