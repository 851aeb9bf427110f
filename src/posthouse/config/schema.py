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
        "oneOf": [_webhook(parts[names[handler.settings_model]], name) for name, handler in registry.webhooks.items()]
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


def _webhook(part: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a webhook type's settings as an entry of the file: with its own word as ``type``, and with robots."""
    kind = {**part["properties"]["type"], "const": name}
    return {
        **part,
        "properties": {**part["properties"], "type": kind, "notify": {"$ref": f"{PREFIX}notify"}},
    }


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
