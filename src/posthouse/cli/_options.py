"""Options that several commands have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

#: What the database can hold.
LARGEST_ID = 2**63 - 1
Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(command: Command) -> Command:
    """Add ``--config``, or ``POSTHOUSE_CONFIG``, as the argument ``config``."""
    return click.option(
        "--config",
        envvar="POSTHOUSE_CONFIG",
        type=click.Path(dir_okay=False, path_type=Path),
        required=True,
        show_envvar=True,
        help="The configuration file.",
    )(command)


def json_option(command: Command) -> Command:
    """Add ``--json`` as the argument ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")(command)


def child_option(command: Command) -> Command:
    """Add the hidden ``--child-of``: the process with whose end this one ends too."""
    return click.option("--child-of", type=int, hidden=True)(command)
