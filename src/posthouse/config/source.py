"""A YAML file as plain values, with the line of every key, and references to the environment and to files filled in."""

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError

from posthouse.core.errors import ConfigError, Problem

Path_ = tuple[str | int, ...]
#: ``${NAME}`` or ``${file:/path}``; ``$${`` stands for itself.
REFERENCE = re.compile(r"\$(\$\{)|\$\{(file:)?([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Source:
    """The file's values without YAML's own types, and where each key stands."""

    path: Path
    values: Any
    lines: Mapping[Path_, int]
    #: References to what is not there. Their places hold an empty text, which is not looked at any more.
    problems: Mapping[Path_, list[Problem]]

    def problem(self, path: Path_, text: str) -> Problem:
        """Return a problem at a key, with the line of the nearest key that the file has."""
        line = next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), None)
        return Problem(file=str(self.path), line=line, key=dotted(path), text=text)


def dotted(path: Path_) -> str:
    """Write a path as people do: ``config.webhooks[0].type``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def read(path: Path) -> Source:
    """Read the file; raise `ConfigError` if it cannot be read or is no YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise _error(path, None, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _error(path, None, "is not UTF-8 text") from None
    root = _parsed(path, text)
    lines: dict[Path_, int] = dict(_lines(root, ()))
    problems: dict[Path_, list[Problem]] = {}
    bare = Source(path=path, values=None, lines=lines, problems=problems)
    return replace(bare, values=_plain(root, (), bare, problems))


def _parsed(path: Path, text: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)  # YAML 1.2 lets a later anchor replace an earlier one
            return YAML(typ="rt", pure=True).load(text)
    except DuplicateKeyError as error:
        # What ruamel says about it goes on with both values, which may be credentials.
        key = error.problem.removeprefix('found duplicate key "').partition('" with value')[0]
        raise _error(path, _line(error), f"the key {key!r} is there twice") from None
    except MarkedYAMLError as error:
        # What it quotes may be a credential that begins with one of YAML's own characters, and needs quotes.
        said = re.sub(r"'[^']*'|\"[^\"]*\"", "…", str(error.problem))
        raise _error(path, _line(error), f"is not YAML: {said}") from None
    except YAMLError as error:
        raise _error(path, None, f"is not YAML: {error}") from None
    except RecursionError:
        raise _error(path, None, "is nested too deeply") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # What ruamel lets through of a value that its tag, or its look, does not fit: `!!int abc`, 2024-99-99.
        raise _error(path, None, f"is not YAML: a value is of no type that fits it ({type(error).__name__})") from None


def _line(error: MarkedYAMLError) -> int | None:
    mark = error.problem_mark or error.context_mark
    return None if mark is None else mark.line + 1


def _error(path: Path, line: int | None, text: str) -> ConfigError:
    return ConfigError([Problem(file=str(path), line=line, key="", text=text)])


def _lines(node: Any, path: Path_) -> Iterator[tuple[Path_, int]]:
    items: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(node, CommentedMap):
        items = iter(node.items())
    elif isinstance(node, CommentedSeq):
        items = iter(enumerate(node))
    for key, value in items:
        place = (*path, key if isinstance(node, CommentedSeq) else str(key))
        mark = node.lc.data.get(key) if node.lc.data else None
        if mark is not None:
            yield place, mark[0] + 1
        yield from _lines(value, place)


def _plain(node: Any, path: Path_, source: Source, problems: dict[Path_, list[Problem]]) -> Any:
    if isinstance(node, dict):
        return {str(key): _plain(value, (*path, str(key)), source, problems) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value, (*path, index), source, problems) for index, value in enumerate(node)]
    if isinstance(node, str):
        return _filled(str(node), path, source, problems)
    if node is None or isinstance(node, bool):
        return node
    if isinstance(node, int):
        return int(node)
    return float(node) if isinstance(node, float) else str(node)


def _filled(text: str, path: Path_, source: Source, problems: dict[Path_, list[Problem]]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1]:
            return "${"
        kind, name = match[2], match[3]
        try:
            return _from_file(source.path.parent / name) if kind else os.environ[name]
        except KeyError:
            said = f"the environment has no variable {name}"
        except OSError as error:
            said = f"the file {name} cannot be read: {error.strerror}"
        except UnicodeDecodeError:
            said = f"the file {name} is not UTF-8 text"
        except ValueError:  # a name that no system knows, such as one with a null byte
            said = f"{name!a} cannot be the name of anything"
        problems.setdefault(path, []).append(source.problem(path, said))
        return ""

    return REFERENCE.sub(value, text)


def _from_file(path: Path) -> str:
    """Return a file's text without the line end that editors put there."""
    return path.read_text(encoding="utf-8").rstrip("\r\n")
