"""This tool's own routes: each is the Python function of the same name, and its errors are the answer's.

They run in threads of their own, beside those that write. This module knows nothing of HTTP.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from textgen.corpus.forms import FORMS
from textgen.corpus.forms.form import MAX_LINES
from textgen.errors import UsageError
from textgen.inspection.tracing import GATES, STATES, layout_of, trace
from textgen.serve import schema
from textgen.serve.models import LABELS
from textgen.serve.schema import Schema
from textgen.tokens.layout import RESERVED
from textgen.verse.config import PoemConfig, Rules
from textgen.writing.generator import Generator
from textgen.writing.parts import known_ids

if TYPE_CHECKING:
    from textgen.verse.composing import Composition

# Verse is imported where it is used: the server starts sooner.

MAX_INSPECTED = 256  # symbols: a step of 512 units has 3,000 numbers
MAX_POEMS, MAX_LINE = 32, 1_000
# What the routes call a parameter of the library, where the names differ.
API_NAMES = {"prompts": "ids"}
DIGITS = 6  # of a number in an answer

_MODEL: Schema = {"type": "string", "maxLength": 1_000, "description": "One of /v1/models. Without it, the first."}
_TEXT: Schema = {"type": "string", "description": "The text."}
_RULES = schema.of_config(
    Rules, ("tones", "rhyme_book", "acrostic", "acrostic_at", "meter_rule", "rhyme_kind", "identical_rhymes")
)
_FORM: Schema = {"type": "string", "enum": list(FORMS), "description": "The form."}
_POEM = schema.of_config(
    PoemConfig,
    (
        *("lines", "stanzas", "start", "mood", "title", "theme", "keywords", "plan", "plain"),
        *("rhyme", "count", "seed", "temperature", "capitals", "tries"),
    ),
)
_POEM["count"] |= {"maximum": MAX_POEMS}
_POEM["tries"] |= {"maximum": 64}
for _each in (*_POEM.values(), *_RULES.values()):
    if _each["type"] == "string" and "enum" not in _each:
        _each["maxLength"] = MAX_LINE

SCORE = schema.body_of({"model": _MODEL, "text": _TEXT} | LABELS, ["text"])
TOKENIZE = schema.body_of(
    {
        "model": _MODEL,
        "text": _TEXT | {"description": "Return the ids of this text. Give either this or `ids`."},
        "ids": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "Return the text of these ids. Give either this or `text`.",
        },
    }
)
INSPECT = schema.body_of(
    {
        "model": _MODEL,
        "text": _TEXT | {"minLength": 1},
        "start": {"type": "integer", "minimum": 0, "default": 0, "description": "The first symbol that is shown."},
        "arrays": {
            "type": "array",
            "items": {"type": "string", "enum": [*GATES, *STATES]},
            "description": "Which arrays to return. Without it, all.",
        },
        "likeliest": {
            "type": "integer",
            "minimum": 0,
            "maximum": 20,
            "default": 5,
            "description": "Of how many symbols to return the probability after each step.",
        },
        "label": LABELS["label"],
    },
    ["text"],
)
CHECK = schema.body_of(
    {
        "text": {"type": "string", "maxLength": 100_000, "description": "The poem, a line on each line."},
        "form": _FORM | {"description": "The form to judge by. Without it, the one that fits."},
    }
    | _RULES,
    ["text"],
)
POEM = schema.body_of(
    {
        "model": _MODEL,
        "form": _FORM | {"default": "free"},
        "stream": {"type": "boolean", "description": "Send each line as a server-sent event."},
    }
    | _POEM
    | _RULES
    | LABELS
)


def score(generator: Generator, values: dict[str, Any], max_length: int) -> dict[str, Any]:
    """`Generator.score`: how surprising each symbol of a text is."""
    text = values["text"]
    _check_length(generator, text, max_length)
    found = generator.score(text)
    return {
        "object": "textgen.score",
        "symbols": found.symbols,
        "surprisal": _rounded(found.surprisal),
        "unknown": found.unknown.tolist(),
        "nats": found.nats,
        "mean_nats": found.mean_nats,
        "bits": found.bits,
        "perplexity": found.perplexity,
        "bits_per_character": found.bits_per_character,
        "bits_per_byte": found.bits_per_byte,
        "bits_per_word": found.bits_per_word,
        "word_perplexity": found.word_perplexity,
    }


def tokenize(generator: Generator, values: dict[str, Any], max_length: int) -> dict[str, Any]:
    """`Tokenizer.encode` and `decode`: a text's ids, or the text of some ids."""
    if ("text" in values) == ("ids" in values):
        raise UsageError("give either `text` or `ids`")
    tokenizer = generator.tokenizer
    if "text" in values:
        _check_length(generator, values["text"], max_length)
        symbols = list(tokenizer.split(values["text"]))
        ids = tokenizer.encode_symbols(symbols).tolist()
    else:
        if len(values["ids"]) > max_length:
            raise UsageError(f"`ids`: more than {max_length:,} symbols, which this server reads at most")
        ids = known_ids(values["ids"], tokenizer)
        symbols = [generator.labels[index] for index in ids]
    return {
        "object": "textgen.tokens",
        "ids": ids,
        "symbols": symbols,
        "text": "".join(symbols),
        "unknown": [index < RESERVED for index in ids],
        "vocabulary_size": tokenizer.vocabulary_size,
    }


def inspect(generator: Generator, values: dict[str, Any], max_length: int) -> dict[str, Any]:
    """`textgen.inspection.trace`: gates, states and predictions at each symbol of a text."""
    start = values.get("start", 0)
    _check_length(generator, values["text"], max_length)
    layout = layout_of(generator, values["text"])
    number = len(layout.symbols) - start
    if number > MAX_INSPECTED:
        raise UsageError(f"`text`: {number:,} symbols from `start` on; at most {MAX_INSPECTED} are shown at a time")
    found = trace(generator, layout, start)
    wanted = values.get("arrays") or [*GATES, *STATES]
    likeliest = [found.likeliest(step, values.get("likeliest", 5)) for step in range(len(found))]
    return {
        "object": "textgen.trace",
        "symbols": list(found.symbols),
        "ids": found.ids.tolist(),
        "surprisal": _rounded(found.surprisal),
        "likeliest": [[[text, round(chance, DIGITS)] for text, chance in each] for each in likeliest],
        "arrays": {name: _rounded(getattr(found, name)) for name in wanted},
    }


def poem_check(generator: Generator, values: dict[str, Any], max_length: int) -> dict[str, Any]:
    """`textgen.verse.check`: what holds and what breaks in each line of a poem."""
    from textgen.verse.checking import check

    lines = values["text"].strip().splitlines()
    if not lines or len(lines) > MAX_LINES or max(map(len, lines)) > MAX_LINE:
        raise UsageError(f"`text` takes 1 to {MAX_LINES} lines of at most {MAX_LINE:,} characters")
    rules = {name: values[name] for name in _RULES if name in values}
    verdict = check(lines, values.get("form"), **rules)
    return {
        "object": "textgen.verdict",
        "form": verdict.form.name,
        "holds": verdict.holds,
        "breaks": [asdict(each) for each in verdict.breaks],
        "lines": [asdict(line) for line in verdict.lines],
    }


def poems(
    generator: Generator, values: dict[str, Any], each_draw: Callable[[], None]
) -> tuple[list[str], int, Iterator["Composition"]]:
    """`textgen.verse.compositions`: notes on the options, the seed, and an iterator that writes the poems."""
    from textgen.verse.composing import compositions

    options = {name: value for name, value in values.items() if name not in ("model", "stream", *LABELS)}
    config = PoemConfig(**options)
    notes, found = compositions(generator, config, each_draw=each_draw)
    return notes, config.seed or 0, found


def poem_values(poem: "Composition") -> dict[str, Any]:
    """A poem as JSON values."""
    return {
        "number": poem.number,
        "text": poem.text,
        "title": poem.title,
        "lines": list(poem.lines),
        "plan": list(poem.plan),
        "terms": [{name: round(value, DIGITS) for name, value in terms.items()} for terms in poem.terms],
        "stanzas": list(map(list, poem.stanzas)),
        "form": poem.form.name,
        "template": poem.template,
        "taken_back": poem.taken_back,
        "mean_log_probability": round(poem.log_probability, DIGITS),
    }


def _check_length(generator: Generator, text: str, max_length: int) -> None:
    if len(text) > max_length and len(list(generator.tokenizer.split(text[: max_length * 16]))) > max_length:
        raise UsageError(f"`text`: more than {max_length:,} symbols, which this server reads at most")


def _rounded(values: Any) -> Any:
    return np.round(np.asarray(values, np.float64), DIGITS).tolist()
