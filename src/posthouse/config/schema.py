"""The configuration as a JSON Schema, by which editors complete keys and show mistakes while one types."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from posthouse.config.settings import FileSettings
from posthouse.discovery import Registry

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PREFIX = "#/$defs/"
#: ``${NAME}`` and ``${file:…}`` stand for any value, also where a number or one of a few words is wanted.
REFERENCE: Mapping[str, Any] = {"type": "string", "pattern": r"\$\{"}

#: YAML 1.1 reads ``on`` as true, YAML 1.2 as text; editors know either.
SWITCH: Mapping[str, Any] = {"enum": [True, False, "on", "off"]}


def json_schema(registry: Registry) -> dict[str, Any]:
    """Return the schema of a file that uses the webhook types and notifiers in ``registry``.

    It is a little stricter than `posthouse.config.load`: numbers stand without quotes, and a webhook's ``type``, which
    decides about the other keys, is written out and no reference.
    """
    models: list[type[BaseModel]] = [FileSettings]
    models += [handler.settings_model for handler in registry.webhooks.values()]
    models += [notifier.settings_model for notifier in registry.notifiers.values()]
    references, found = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)],
        ref_template=f"{PREFIX}{{model}}",
        schema_generator=_Generator,
    )
    parts: dict[str, Any] = found["$defs"]
    for part in parts.values():
        part.pop("title", None)
    names = {model: references[model, "validation"]["$ref"].removeprefix(PREFIX) for model in models}
    config = parts[names[FileSettings]]
    config["description"] = "Everything that posthouse is told."
    config["properties"]["webhooks"]["items"] = {
        "oneOf": [
            _webhook(parts[names[handler.settings_model]], name, _events(registry, name))
            for name, handler in registry.webhooks.items()
        ]
    }
    for handler in registry.webhooks.values():
        parts.pop(names[handler.settings_model], None)
    parts["notify"] = _notify({kind: names[notifier.settings_model] for kind, notifier in registry.notifiers.items()})
    return {
        "$schema": DIALECT,
        "title": "The configuration of posthouse",
        "type": "object",
        "required": ["config"],
        "additionalProperties": False,
        "properties": {"config": {"$ref": f"{PREFIX}{names[FileSettings]}"}},
        "$defs": parts,
    }


def _webhook(part: Mapping[str, Any], name: str, events: Mapping[str, Any]) -> dict[str, Any]:
    """Return a webhook type's settings as an entry of the file: its own word as ``type``, its events, its robots."""
    properties = part["properties"]
    return {
        **part,
        "properties": {
            **properties,
            "type": {**properties["type"], "const": name},
            "events": {**properties["events"], "properties": events, "additionalProperties": _switches(())},
            "notify": {"$ref": f"{PREFIX}notify"},
        },
    }


def _events(registry: Registry, webhook_type: str) -> dict[str, Any]:
    """Return what each event can be set to; other spellings of their names are right, too."""
    return {
        name: _switches(tuple(handler.happenings) or None)
        for (kind, name), handler in registry.events.items()
        if kind == webhook_type
    }


def _switches(happenings: tuple[str, ...] | None) -> dict[str, Any]:
    """Return on, off, or a list of happenings: of these, of any (an empty tuple), or no list at all (None)."""
    items = {"enum": list(happenings)} if happenings else {"type": "string"}
    chosen = [] if happenings is None else [{"type": "array", "items": items}]
    return {"anyOf": [dict(SWITCH), *chosen, dict(REFERENCE)]}


def _notify(names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": ["object", "null"],
        "description": "The robots that hear of the webhook's events, by their kinds.",
        "additionalProperties": False,
        "properties": {kind: {"$ref": f"{PREFIX}{name}"} for kind, name in names.items()},
    }


class _Generator(GenerateJsonSchema):
    """Leaves out titles that only repeat the keys, and lets a reference stand where text alone would be refused."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:
        return _or_reference(super().bool_schema(schema))

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return _or_reference(super().int_schema(schema))

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        return _or_reference(super().float_schema(schema))

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        return _or_reference(super().literal_schema(schema))

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        found = super().str_schema(schema)
        return _or_reference(found) if "pattern" in found else found

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        found = super().nullable_schema(schema)
        choices = [choice for part in found.get("anyOf", ()) for choice in part.get("anyOf", (part,))]
        return {"anyOf": choices} if choices else found


def _or_reference(found: JsonSchemaValue) -> JsonSchemaValue:
    return {"anyOf": [found, dict(REFERENCE)]}
