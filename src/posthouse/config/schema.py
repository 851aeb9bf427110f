"""The configuration as a JSON Schema, by which editors complete keys and show mistakes while one types."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from posthouse.config.people import person_model
from posthouse.config.robots import NAME, NAMED, POOL, RobotNames
from posthouse.config.settings import FileSettings
from posthouse.discovery import Registry

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PREFIX = "#/$defs/"
#: What each settings model is called in the schema.
Names = Mapping[type[BaseModel], str]
#: ``${NAME}`` and ``${file:…}`` stand for any value, also where a number or one of a few words is wanted.
REFERENCE: Mapping[str, Any] = {"type": "string", "pattern": r"\$\{"}

#: YAML 1.1 reads ``on`` as true, YAML 1.2 as text; editors know either.
SWITCH: Mapping[str, Any] = {"enum": [True, False, "on", "off"]}


def json_schema(registry: Registry) -> dict[str, Any]:
    """Return the schema of a file that uses the webhook types and notifiers in ``registry``.

    It is a little stricter than `posthouse.config.load`: numbers stand without quotes, and a webhook's ``type``, which
    decides about the other keys, is written out and no reference. It does not know what depends on another value, such
    as whether a robot of a name is there, or whether what identifies a robot stands in its ``url``.
    """
    person = person_model(registry)
    handlers = [handler.settings_model for handler in registry.webhooks.values()]
    robots = [notifier.settings_model for notifier in registry.notifiers.values()]
    parts, names = _generated([FileSettings, person, *handlers, *robots])
    config = parts[names[FileSettings]]
    config["description"] = "Everything that posthouse is told."
    config["properties"]["robots"] |= _optional(_robots())
    config["properties"]["people"] |= _optional({"type": "array", "items": {"$ref": f"{PREFIX}{names[person]}"}})
    config["properties"]["webhooks"]["items"] = {"oneOf": _webhooks(registry, parts, names)}
    kinds = _kinds(registry, names)
    parts |= {"robot": _robot(kinds), "notify": _notify(kinds)}
    return {
        "$schema": DIALECT,
        "title": "The configuration of posthouse",
        "type": "object",
        "required": ["config"],
        "additionalProperties": False,
        "properties": {"config": {"$ref": f"{PREFIX}{names[FileSettings]}"}},
        "$defs": parts,
    }


def _generated(models: Iterable[type[BaseModel]]) -> tuple[dict[str, Any], Names]:
    """Return the models as parts of a schema, with all that they hold, and what each is called there."""
    once = dict.fromkeys(models)
    references, found = models_json_schema(
        [(model, "validation") for model in once],
        ref_template=f"{PREFIX}{{model}}",
        schema_generator=_Generator,
    )
    parts: dict[str, Any] = found["$defs"]
    for part in parts.values():
        part.pop("title", None)
    return parts, {model: references[model, "validation"]["$ref"].removeprefix(PREFIX) for model in once}


def _webhooks(registry: Registry, parts: dict[str, Any], names: Names) -> list[dict[str, Any]]:
    """Return an entry of the file for each webhook type, in the place of the part that its settings are."""
    found = [
        _webhook(parts[names[handler.settings_model]], name, _events(registry, name))
        for name, handler in registry.webhooks.items()
    ]
    for handler in registry.webhooks.values():
        parts.pop(names[handler.settings_model], None)
    return found


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


def _kinds(registry: Registry, names: Names) -> dict[str, Any]:
    """Return the settings of each kind of robot, by every word that there is for it."""
    kinds = {kind: {"$ref": f"{PREFIX}{names[found.settings_model]}"} for kind, found in registry.notifiers.items()}
    same = {
        word: {**kinds[found.type], "description": f"The same as `{found.type}`."}
        for word, found in registry.kinds.items()
    }
    return kinds | {word: part for word, part in same.items() if word not in kinds}


def _robots() -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME}$"},
        "additionalProperties": {"$ref": f"{PREFIX}robot"},
    }


def _robot(kinds: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": "One kind of robot with its settings, or a pool.",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": {
            **kinds,
            POOL: _names("Other robots in one group, by their names, that are used in turn: all of one kind."),
        },
    }


def _notify(kinds: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": ["object", "null"],
        "description": "The robots that hear of the webhook's events, by their kinds or their names.",
        "additionalProperties": False,
        "properties": {**kinds, NAMED: _names("Robots and pools that stand under `robots`, by their names.")},
    }


def _names(description: str) -> dict[str, Any]:
    found = RobotNames.model_json_schema()
    return {key: value for key, value in found.items() if key != "title"} | {"description": description}


def _optional(part: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [part, {"type": "null"}]}


class _Generator(GenerateJsonSchema):
    """Leaves out titles that only repeat the keys, and lets a reference stand where text alone would be refused."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def encode_default(self, dft: Any) -> Any:
        # A default stands in the code and is no secret.
        return super().encode_default(dft.get_secret_value() if isinstance(dft, SecretStr) else dft)

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:
        return _or_reference(super().bool_schema(schema))

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return _or_reference(super().int_schema(schema))

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        return _or_reference(super().float_schema(schema))

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        words = schema["expected"]
        switches = [switch for word, switch in (("on", True), ("off", False)) if word in words]
        return _or_reference({"enum": [*words, *switches]} if switches else super().literal_schema(schema))

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        found = super().str_schema(schema)
        return _or_reference(found) if "pattern" in found else found

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        found = super().nullable_schema(schema)
        choices = [choice for part in found.get("anyOf", ()) for choice in part.get("anyOf", (part,))]
        return {"anyOf": choices} if choices else found


def _or_reference(found: JsonSchemaValue) -> JsonSchemaValue:
    return {"anyOf": [found, dict(REFERENCE)]}
