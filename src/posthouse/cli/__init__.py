"""The command line: one module per command, found by its name and imported only when it is called."""

import importlib
import io
import pkgutil
import sys

import click

import posthouse
from posthouse.core.errors import ConfigError, PosthouseError


class Commands(click.Group):
    """Every module of this package without a leading underscore is the command it is named after."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, in alphabetical order."""
        names = (module.name for module in pkgutil.iter_modules(__path__))
        return sorted(name.rstrip("_") for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module; a keyword such as ``try`` has an underscore behind its module's name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        name = f"{cmd_name}_" if cmd_name == "try" else cmd_name
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{name}"), name)
        return command


@click.command(cls=Commands)
@click.version_option(posthouse.__version__)
def cli() -> None:
    """Tell chat groups what happens in GitLab, and lose nothing on the way.

    Exit codes: 0 for success, 1 for a failure, 2 for a wrong configuration or command line.
    """


def main() -> None:
    """Run the command line; errors that posthouse raises on purpose end it with a sentence instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every terminal knows Chinese, or what users write
    try:
        cli()
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except PosthouseError as error:
        click.echo(f"posthouse: {error}", err=True)
        sys.exit(1)
