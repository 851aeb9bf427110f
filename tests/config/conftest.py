"""A configuration file for one test, and what comes of loading it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from posthouse.config import Settings, load
from posthouse.core.errors import ConfigError


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def to_file(text: str) -> Path:
        path = tmp_path / "posthouse.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


@pytest.fixture
def loaded(write: Callable[[str], Path]) -> Callable[[str], Settings]:
    return lambda text: load(write(text))


@pytest.fixture
def problems(write: Callable[[str], Path]) -> Callable[[str], list[tuple[int | None, str, str]]]:
    """Load a text that is wrong, and return line, key and words of every problem."""

    def found(text: str) -> list[tuple[int | None, str, str]]:
        path = write(text)
        with pytest.raises(ConfigError) as caught:
            load(path)
        assert all(problem.file == str(path) for problem in caught.value.problems)
        assert str(caught.value).count(str(path)) == len(caught.value.problems)
        return [(problem.line, problem.key, problem.text) for problem in caught.value.problems]

    return found
