"""Random bodies of requests, made from the schemas that a server shows in /openapi.json, with Hypothesis."""

import copy
import math

from hypothesis import strategies as st

WORDS = st.sampled_from(["the ", "a", "b", "hen", "\n", "", "ab ba", "x", "é", "\u2028", "\ud800", "\0", "☃", "../x"])
TEXTS = st.lists(WORDS, max_size=6).map("".join)
ODD = st.sampled_from(
    [
        True,
        False,
        0,
        -1,
        1,
        2.5,
        -0.0,
        1e308,
        2**62,
        10**18,
        "",
        "1",
        "../x",
        "\ud800",
        "\0",
        [],
        {},
        [[]],
        [None],
        {"": 0},
    ]
)
JSON = st.recursive(
    st.none() | ODD | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)


def fitting(schema):
    """Values that fit a schema. Sizes are small: a server is to answer thousands."""
    if "anyOf" in schema:
        return st.one_of([fitting(each) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema["type"]
    if kind in ("integer", "number"):
        return _numbers(schema, kind)
    if kind == "string":
        texts = TEXTS.map(lambda text: text[: schema.get("maxLength")])
        return texts.filter(lambda text: len(text) >= schema.get("minLength", 0))
    if kind == "array":
        most = min(schema.get("maxItems", 4), 4)
        return st.lists(fitting(schema["items"]), min_size=schema.get("minItems", 0), max_size=most)
    if kind == "object" and "properties" in schema:
        return bodies(schema)
    if kind == "object":
        ids = st.integers(0, 30).map(str)
        return st.dictionaries(ids, fitting(schema["additionalProperties"]), max_size=4)
    return st.booleans() if kind == "boolean" else st.none()


def _numbers(schema, kind):
    low, high = (
        schema.get("minimum", schema.get("exclusiveMinimum")),
        schema.get("maximum", schema.get("exclusiveMaximum")),
    )
    least = 0 if low is None else low
    near = st.integers(math.ceil(least), math.floor(min(least + 12, least + 12 if high is None else high)))
    if kind == "number":
        near = near | st.floats(least, min(least + 3, least + 3 if high is None else high))
    ends = [each for each in (schema.get("minimum"), schema.get("maximum")) if each is not None]
    inside = near.filter(lambda each: each != schema.get("exclusiveMinimum") and each != schema.get("exclusiveMaximum"))
    # The ends of a range are rare: a server writes 128 texts in the time of one, and not faster.
    return st.one_of([inside] * 9 + [st.sampled_from(ends)]) if ends else inside


def bodies(schema):
    """Objects that fit a schema: the required properties, and a few of the others."""
    properties = {name: fitting(each) for name, each in schema["properties"].items()}
    required = {name: properties[name] for name in schema.get("required", ())}
    others = st.sets(st.sampled_from(sorted(set(properties) - set(required))), max_size=5)
    return others.flatmap(lambda names: st.fixed_dictionaries(required | {name: properties[name] for name in names}))


def nearly(schema):
    """Bodies of which one property has any value, or is missing, or has a wrong name."""
    names = st.sampled_from([*schema["properties"], "unknown", "", "__class__", "\ud800"])

    def changed(body, name, value, is_gone):
        body = copy.copy(body)
        body.pop(name, None)
        return body if is_gone else body | {name: value}

    return st.builds(changed, bodies(schema), names, JSON, st.integers(0, 5).map(lambda number: number == 0))


def schemas(document):
    """The schema of the body of each POST route, by its path."""
    return {
        path: methods["post"]["requestBody"]["content"]["application/json"]["schema"]
        for path, methods in document["paths"].items()
        if "post" in methods
    }


# Fields of a completion that go together whatever their values, if the prompt is one that the model can read.
PLAIN = ["temperature", "top_p", "top_k", "min_p", "typical_p", "seed", "echo", "presence_penalty", "frequency_penalty"]
PLAIN += ["repetition_penalty", "repetition_window", "user", "stream", "n", "logprobs", "max_tokens"]


def plain(schema, alphabet):
    """Bodies of completions that must be answered with 200 by a model of this alphabet."""
    small = {
        "max_tokens": st.integers(0, 20),
        "n": st.integers(1, 3),
        "prompt": st.text(alphabet, max_size=20),
        "temperature": st.floats(0, 100),  # of a text, which may also be one, only the library knows the form
    }
    found = {name: fitting(schema["properties"][name]) for name in PLAIN} | small
    return st.sets(st.sampled_from(PLAIN)).flatmap(
        lambda names: st.fixed_dictionaries({name: found[name] for name in [*sorted(names), "prompt"]})
    )
