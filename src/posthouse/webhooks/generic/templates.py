"""The configuration's templates: they never raise, never show what is not there, and never run for long.

They are Jinja, for picking and for phrasing alike: dots and filters pick what JMESPath would, so a second language
would only be one more to learn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Template, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from posthouse import excerpt, first_line
from posthouse.webhooks.generic.values import Missing, readable, shown

#: How much text a template may make; it is stopped where it has, in characters.
FILLED = 20_000
#: How much of an error or an expression is repeated, in characters.
REPEATED = 120

Names = Mapping[str, Any]
Condition = Callable[[Names], Any]


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of a template: its text, or none and why it failed."""

    text: str
    failure: str = ""


def template(source: str) -> Template:
    """Return a template that can be filled; raises `ValueError` if it is none."""
    try:
        return _Environment().from_string(source)
    except TemplateSyntaxError as error:
        place = f" in line {error.lineno}" if "\n" in source.strip() else ""
        raise ValueError(f"is no template: {error.message}{place}") from None


def condition(source: str) -> Condition:
    """Return an expression that can be asked; raises `ValueError` if it is none."""
    try:
        return _Environment().compile_expression(source)
    except TemplateSyntaxError as error:
        hint = "; it stands without {{ }}" if "{{" in source or "{%" in source else ""
        raise ValueError(f"is no expression: {error.message}{hint}") from None


def names_of(payload: Mapping[str, Any]) -> Names:
    """Return what templates can name: the payload as ``body``, and whatever stands at its top."""
    body = readable(payload)
    return {**body, "body": body}


def fill(filled: Template, names: Names) -> Filled:
    """Return a template's text. One that fails, be it for odd data, has none, and says why."""
    parts, size = list[str](), 0
    try:
        for part in filled.generate(names):
            parts.append(part)
            size += len(part)
            if size > FILLED:
                break
    except Exception as error:  # noqa: BLE001 - a template may raise whatever Python can
        return Filled("", failure=_why(error))
    return Filled("".join(parts)[:FILLED].strip())


def why_not(asked: Condition, names: Names) -> str:
    """Return why an expression does not hold; empty if it does."""
    try:
        return "" if asked(names) else "is not true"
    except Exception as error:  # noqa: BLE001 - an expression may raise whatever Python can
        return f"cannot be decided ({_why(error)})"


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja, in which only the payload has names, and what is missing or null is empty, however deep it is."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self) -> None:
        super().__init__(
            # Notifiers escape everything, each as its vendor needs it.
            autoescape=False,
            undefined=Missing,
            finalize=shown,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # A payload's "namespace" or "range" that is missing must not be Jinja's.
        self.globals.clear()
        self.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
        self.filters["excerpt"] = lambda value, limit=300: excerpt(shown(value), limit)
        self.filters["first_line"] = lambda value, limit=120: first_line(shown(value), limit)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Let ``alert.values`` be what the payload has there, and no method of Python's."""
        return self.getitem(obj, attribute) if isinstance(obj, dict) else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Do the same for ``alert["values"]``."""
        if not isinstance(obj, dict):
            return super().getitem(obj, argument)
        return obj[argument] if argument in obj else self.undefined(name=argument)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiply numbers only: a number in a payload must not decide how long a text is, or how long this takes."""
        if operator == "**" or not all(isinstance(side, int | float | Missing) for side in (left, right)):
            raise SecurityError("** is not to be had" if operator == "**" else "only numbers can be multiplied")
        return super().call_binop(context, operator, left, right)


def _why(error: Exception) -> str:
    """Name an error as far as people who wrote the template need it."""
    return first_line(str(error).replace("()", ""), REPEATED) or type(error).__name__
