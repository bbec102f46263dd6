"""What a request's body may hold, as JSON Schema: the same declarations check requests and are shown in /openapi.json.

Only what the declarations need is understood: type, anyOf, enum, the bounds of numbers, the sizes of texts and lists,
items, properties, required, additionalProperties. A property that is null counts as left out, as clients mean it.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from textgen import arguments
from textgen.options import Config, option_of, type_of
from textgen.serve.errors import ApiError
from textgen.system.wording import did_you_mean

Schema = dict[str, Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "number": (int, float),
    "integer": (int,),
    "array": (list,),
    "object": (dict,),
}
# Of a long list of choices, an error names so many; the schema itself has all.
MAX_NAMED = 24
_NAMES: dict[type, str] = {dict: "an object", list: "a list"}
_PLAIN = {bool: "boolean", int: "integer", float: "number", str: "string"}


def of_config(kind: type[Config], names: Iterable[str]) -> dict[str, Schema]:
    """The schemas of some plain fields of a configuration, by their names."""
    fields = {field.name: field for field in dataclasses.fields(kind)}
    return {name: _of_field(fields[name]) for name in names}


def _of_field(field: "dataclasses.Field[Any]") -> Schema:
    rule = option_of(field)
    schema: Schema = {"type": _PLAIN[type_of(field)[0]], "description": rule.help}
    bounds = {
        "minimum": rule.low,
        "maximum": rule.high,
        "exclusiveMinimum": rule.above,
        "exclusiveMaximum": rule.below,
        "enum": list(rule.choices) or None,
        "default": field.default,
    }
    return schema | {name: value for name, value in bounds.items() if value is not None}


def body_of(properties: Mapping[str, Schema], required: Iterable[str] = ()) -> Schema:
    """The schema of a body: an object with these properties and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def read(body: object, schema: Schema) -> dict[str, Any]:
    """The properties of a body that fits a schema, those that are null left out.

    Whole numbers that are written as 5.0 become int.

    Raises:
        ApiError: 400. The message names the property, what it takes, and what was given.
    """
    if not isinstance(body, dict):
        raise ApiError(400, f"the body must be a JSON object; got {_named(body)}")
    properties = schema["properties"]
    for name in body:
        if name not in properties:
            shown = arguments.shown(name)
            raise ApiError(400, f"unknown field {shown}; {did_you_mean(name[:80], properties)}", name[:80])
    given = {name: value for name, value in body.items() if value is not None}
    for name in schema["required"]:
        if name not in given:
            raise ApiError(400, f"`{name}` is missing", name)
    return {name: _read(name, value, properties[name]) for name, value in given.items()}


def _read(name: str, value: Any, schema: Schema) -> Any:
    """A value that fits a schema. Raises ApiError."""
    found = _fitting(value, schema)
    if found is _NOTHING:
        raise ApiError(400, f"`{name}` takes {words(schema)}; got {_given(value, schema)}", name)
    return found


_NOTHING = object()


def _fitting(value: Any, schema: Schema) -> Any:
    """The value, with floats that are whole numbers as int where the schema wants one; _NOTHING if it does not fit."""
    if "anyOf" in schema:
        fitting = (_fitting(value, each) for each in schema["anyOf"])
        return next((found for found in fitting if found is not _NOTHING), _NOTHING)
    kind = schema["type"]
    if kind == "integer" and type(value) is float and value.is_integer():
        value = int(value)
    if type(value) not in _TYPES[kind]:
        return _NOTHING
    if kind in ("number", "integer"):
        return value if _within(value, schema, "") and value in schema.get("enum", [value]) else _NOTHING
    if kind == "string":
        fits = value in schema.get("enum", [value]) and _within(len(value), schema, "Length")
        return value if fits and re.search(schema.get("pattern", ""), value) else _NOTHING
    if kind == "array":
        if not _within(len(value), schema, "Items"):
            return _NOTHING
        found = []
        for each in value:
            if (fitting := _fitting(each, schema["items"])) is _NOTHING:
                return _NOTHING  # no further one is looked at: they may be half a million
            found.append(fitting)
        return found
    if kind == "object":
        return _object(value, schema)
    return value


def _object(value: dict[str, Any], schema: Schema) -> Any:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", False)
    if not _within(len(value), schema, "Properties"):
        return _NOTHING
    found = {}
    for name, each in value.items():
        inner = properties.get(name, others)
        if not inner or not re.search(schema.get("propertyNames", {}).get("pattern", ""), name):
            return _NOTHING
        found[name] = None if each is None and name in properties else _fitting(each, inner)
        if found[name] is _NOTHING:
            return _NOTHING
    return found


def _within(value: float, schema: Schema, what: str) -> bool:
    lowest, highest = ("minimum", "maximum") if not what else (f"min{what}", f"max{what}")
    return (
        (lowest not in schema or value >= schema[lowest])
        and (highest not in schema or value <= schema[highest])
        and (what != "" or "exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and (what != "" or "exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
    )


def words(schema: Schema) -> str:
    """What fits a schema, in words: "a whole number from 1 to 128". A schema may bring its own as "x-words"."""
    if "x-words" in schema:
        return str(schema["x-words"])
    if "anyOf" in schema:
        return ", or ".join(map(words, schema["anyOf"]))
    if "enum" in schema:
        own = [json.dumps(each, ensure_ascii=False) for each in schema["enum"]]
        more = f" and {len(own) - MAX_NAMED} others" if len(own) > MAX_NAMED + 1 else ""
        return "one of " + ", ".join(own[:MAX_NAMED] if more else own) + more
    kind = schema["type"]
    if kind in ("number", "integer"):
        return f"{'a whole number' if kind == 'integer' else 'a number'} {_bounds(schema)}".strip()
    if kind == "string":
        most = schema.get("maxLength")
        text = "text that is not empty" if schema.get("minLength") else "text"
        return f"{text} of at most {most:,} characters" if most else text
    if kind == "array":
        most = f"at most {schema['maxItems']:,} of " if "maxItems" in schema else ""
        return f"a list of {most}{words(schema['items'])}"
    return "true or false" if kind == "boolean" else "an object"


def _bounds(schema: Schema) -> str:
    """The bounds of a number in words: "from 0 to 1", "above 0 and at most 1"; empty where there are none."""
    if "minimum" in schema and "maximum" in schema:
        return f"from {_number(schema['minimum'])} to {_number(schema['maximum'])}"
    names = (
        ("minimum", "at least"),
        ("exclusiveMinimum", "above"),
        ("maximum", "at most"),
        ("exclusiveMaximum", "below"),
    )
    return " and ".join(f"{word} {_number(schema[name])}" for name, word in names if name in schema)


def _number(value: float) -> str:
    if value == 2**63 - 1:
        return "2^63 - 1"
    return str(int(value)) if value == int(value) else f"{value:g}"


def _given(value: Any, schema: Schema) -> str:
    """What was given where it does not fit: the entry of a list or an object that fits none, or the value itself."""
    for each in schema.get("anyOf", [schema]):
        if each["type"] == "object" and isinstance(value, dict):
            for name, entry in value.items():
                if _object({name: entry}, each) is _NOTHING:
                    return f"{_named(entry)} for {arguments.shown(name)}"
    if isinstance(value, list):
        kinds = [each["items"] for each in schema.get("anyOf", [schema]) if each["type"] == "array"]
        for place, entry in enumerate(value if kinds else (), 1):
            if all(_fitting(entry, each) is _NOTHING for each in kinds):
                return f"{_named(entry)} as entry {place:,} of the list"
        return f"a list of {len(value):,}"
    return _named(value)


def _named(value: object) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return _NAMES.get(type(value)) or arguments.shown(value)
