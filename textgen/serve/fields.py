"""The fields of a completions request: what the API says of them, and what they are called in `SamplingConfig`."""

from dataclasses import dataclass
from typing import Any

from textgen.sampling.config import SamplingConfig
from textgen.sampling.context import MAX_HISTORY
from textgen.sampling.schedules import MAX_TEMPERATURE
from textgen.serve import schema
from textgen.serve.errors import ApiError
from textgen.serve.models import LABELS
from textgen.serve.schema import Schema
from textgen.writing.sampler import new_seed

# The most texts of a request: prompts times `n`, or times `best_of`.
MAX_TEXTS = 256
MAX_TOP = 5  # of `logprobs`
# Symbols of a request with `logprobs`: each takes up to 1 KB of memory.
MAX_MEASURED = 50_000
MAX_STOPS, MAX_STOP = 4, 1_000
MAX_BEAM = 64
MAX_WORDS, MAX_WORD = 100, 100  # of forbid and forbid_word
MAX_SEED = 2**63 - 1

# What the API calls a field of SamplingConfig, where the names differ.
API_NAMES = {
    "length": "max_tokens",
    "count": "n",
    "typical": "typical_p",
    "bias": "logit_bias",
    "prompts": "prompt",
    "corpus": "max_copy",
}

_ID: Schema = {"type": "integer", "minimum": 0}
_TEXTS: Schema = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": MAX_WORD},
        {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": MAX_WORD}, "maxItems": MAX_WORDS},
    ],
    "x-words": f"text of 1 to {MAX_WORD} characters, or a list of at most {MAX_WORDS}",
}
_STOP: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_STOP}
_TEMPERATURE: Schema = {"type": "number", "minimum": 0, "maximum": MAX_TEMPERATURE}

# Plain fields of SamplingConfig that have the same name and meaning: their rules are declared there.
SAME = {
    "repetition_penalty": "Make recently written symbols less likely (above 1) or likelier (below 1).",
    "repetition_window": "Apply the repetition penalty to this many of the latest symbols.",
    "presence_penalty": "Subtract this from the logit of each symbol that was read or written within "
    f"{MAX_HISTORY:,} symbols.",
    "frequency_penalty": "Subtract this from a symbol's logit for each time that it was read or written within "
    f"{MAX_HISTORY:,} symbols.",
    "no_repeat": f"Never write a row of this many symbols twice within {MAX_HISTORY:,} symbols.",
    "documents": "Write this many whole documents (poems, headlines).",
    "unknown": "Handle symbols of the prompt that the model does not know: refuse the prompt, skip them, or read the "
    "nearest known ones.",
    "max_copy": "Never copy more than this many characters in a row from the server's corpus.",
}


def _about(text: str, fits: Schema) -> Schema:
    return {"description": text} | fits


PROPERTIES: dict[str, Schema] = {
    "model": _about("One of /v1/models. Without it, the first.", {"type": "string", "maxLength": 1_000}),
    "prompt": _about(
        "What the model reads first. If it is empty, the model begins a document.",
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "maxItems": MAX_TEXTS},
                {"type": "array", "items": _ID},
                {"type": "array", "items": {"type": "array", "items": _ID}, "maxItems": MAX_TEXTS},
            ],
            "x-words": "text, a list of texts, a list of ids, or a list of lists of ids",
        },
    ),
    "max_tokens": _about("Write at most this many symbols.", {"type": "integer", "minimum": 0, "default": 16}),
    "temperature": _about(
        "Divide the logits by this number: below 1 favours likely symbols. start:end changes from one to the other.",
        {
            "anyOf": [
                _TEMPERATURE,
                {"type": "array", "items": _TEMPERATURE, "minItems": 1, "maxItems": 1_000},
                {"type": "string", "maxLength": 100},
            ],
            "x-words": f"a number from 0 to {MAX_TEMPERATURE:g}, a list of them to use in turn, or text: start:end",
            "default": 1,
        },
    ),
    "top_p": _about(
        "Draw from the fewest likeliest symbols whose probabilities reach this.",
        {"type": "number", "minimum": 0, "maximum": 1, "default": 1},
    ),
    "n": _about("Write this many texts for each prompt.", {"type": "integer", "minimum": 1, "maximum": 128}),
    "best_of": _about(
        "Write this many candidates for each prompt and return the `n` with the highest mean log-probability.",
        {"type": "integer", "minimum": 1, "maximum": 128},
    ),
    "stop": _about(
        "End before this text, or before the first of several. It is not returned.",
        {
            "anyOf": [_STOP, {"type": "array", "items": _STOP, "maxItems": MAX_STOPS}],
            "x-words": f"text of 1 to {MAX_STOP:,} characters, or a list of at most {MAX_STOPS}",
        },
    ),
    "seed": _about("The same seed gives the same text.", {"type": "integer", "minimum": 0, "maximum": MAX_SEED}),
    "echo": _about("Return the prompt before the text.", {"type": "boolean", "default": False}),
    "logprobs": _about(
        "Return the log-probability of each symbol under the model, and of this many likeliest ones in its place.",
        {"type": "integer", "minimum": 0, "maximum": MAX_TOP},
    ),
    "logit_bias": _about(
        "Add a number to the logits of symbols, by their ids.",
        {
            "type": "object",
            "propertyNames": {"pattern": "^[0-9]{1,9}$"},
            "additionalProperties": {"type": "number", "minimum": -100, "maximum": 100},
            "x-words": "an object of ids and numbers from -100 to 100",
        },
    ),
    "stream": _about("Send the text while it is written, as server-sent events.", {"type": "boolean"}),
    "stream_options": _about(
        "With `include_usage`, an event before the last one counts the symbols.",
        {
            "type": "object",
            "properties": {"include_usage": {"type": "boolean"}, "include_obfuscation": {"type": "boolean"}},
            "x-words": "an object with `include_usage`",
        },
    ),
    "suffix": _about("Not supported: a model of this kind only continues a text.", {"type": "string"}),
    "user": _about("Ignored.", {"type": "string"}),
    "top_k": _about(
        "Draw from this many likeliest symbols only; 0 and -1 mean all.", {"type": "integer", "minimum": -1}
    ),
    "min_p": _about(
        "Draw from symbols at least this many times as likely as the likeliest.",
        {"type": "number", "minimum": 0, "maximum": 1},
    ),
    "typical_p": _about(
        "Draw from the symbols whose surprisal is nearest to the expected one, up to this probability.",
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    ),
    "forbid": _about("Never write this text, or one of these.", _TEXTS),
    "forbid_word": _about("Never write this whole word, or one of these.", _TEXTS),
    "beam": _about(
        "Search for the likeliest text with a beam of this width. No seed changes it.",
        {"type": "integer", "minimum": 1, "maximum": MAX_BEAM},
    ),
} | {name: each | {"description": SAME[name]} for name, each in schema.of_config(SamplingConfig, SAME).items()}

PROPERTIES |= LABELS

BODY = schema.body_of(PROPERTIES)


@dataclass(frozen=True)
class Fields:
    """A completions request, checked but for what depends on the model.

    Attributes:
        prompts: texts, or lists of ids.
        config: how texts are sampled; its `count` is `n`, or 1 where `best_of` is given.
        n, best_of, echo, logprobs, stream, include_usage: as the API says; `best_of` is at least `n`, and `logprobs`
            None where they are not asked for.
    """

    prompts: list[str] | list[list[int]]
    config: SamplingConfig
    n: int
    best_of: int
    echo: bool
    logprobs: int | None
    stream: bool
    include_usage: bool


def fields_of(values: dict[str, Any], max_length: int) -> Fields:
    """What a body that fits BODY asks for.

    Args:
        values: from `textgen.serve.schema.read`.
        max_length: the most symbols of a text.

    Raises:
        ApiError: 400, for fields that contradict each other or that the server does not have.
        UsageError: from SamplingConfig.
    """
    get = values.get
    if "suffix" in values:
        raise ApiError(400, "`suffix` is not supported: a model of this kind only continues a text", "suffix")
    n, best_of, stream = get("n", 1), get("best_of", get("n", 1)), get("stream", False)
    if best_of < n:
        raise ApiError(400, f"`best_of` must be at least `n`, which is {n}; got {best_of}", "best_of")
    if best_of > n and stream:
        raise ApiError(400, "`best_of` above `n` cannot be combined with `stream`: candidates are compared", "best_of")
    if "stream_options" in values and not stream:
        raise ApiError(400, "`stream_options` goes with `stream` only", "stream_options")
    prompts = _prompts(get("prompt", ""))
    if len(prompts) * best_of > MAX_TEXTS:
        raise ApiError(400, f"at most {MAX_TEXTS} texts a request; this one asks for {len(prompts) * best_of}", "n")
    length = get("max_tokens", max_length if "documents" in values else min(16, max_length))
    if length > max_length:
        raise ApiError(400, f"`max_tokens` takes at most {max_length} on this server; got {length}", "max_tokens")
    longest = max(map(len, prompts), default=0)
    if longest > max_length * 16:  # no symbol is as long
        raise ApiError(400, f"`prompt`: {longest:,} characters; a prompt has at most {max_length:,} symbols", "prompt")
    if get("logprobs") is not None:
        symbols = (length + (longest if get("echo") else 0)) * len(prompts) * best_of
        if symbols > MAX_MEASURED:
            raise ApiError(
                400,
                f"`logprobs`: at most {MAX_MEASURED:,} symbols a request have them; here are {symbols:,}: give a "
                "smaller `max_tokens` or `n`",
                "logprobs",
            )
    alone = [name for name in ("beam", "max_copy") if name in values]
    if alone and (get("logprobs") is not None or best_of > n):
        what = "logprobs" if get("logprobs") is not None else "best_of"
        raise ApiError(400, f"`{what}` cannot be combined with `{alone[0]}`", what)
    return Fields(
        prompts=prompts,
        config=_config(values, length, n if best_of == n else 1),
        n=n,
        best_of=best_of,
        echo=get("echo", False),
        logprobs=get("logprobs"),
        stream=stream,
        include_usage=bool((get("stream_options") or {}).get("include_usage")),
    )


def _prompts(prompt: Any) -> Any:
    if isinstance(prompt, str):
        return [prompt]
    if prompt and isinstance(prompt[0], int):
        return [prompt]
    return prompt or [""]


def _config(values: dict[str, Any], length: int, count: int) -> SamplingConfig:
    options = {name: values[name] for name in (*SAME, "forbid", "forbid_word", "beam") if name in values}
    if values.get("stop"):
        options["stop"] = values["stop"]
    # What these values mean is "off".
    for name, field, off in (("top_k", "top_k", (0, -1)), ("min_p", "min_p", (0,)), ("typical_p", "typical", (1,))):
        if name in values and values[name] not in off:
            options[field] = values[name]
    if values.get("top_p", 1) != 1:
        options["top_p"] = max(values["top_p"], 1e-300)  # 0 leaves the likeliest symbol
    if values.get("logit_bias"):
        options["bias"] = {int(index): amount for index, amount in values["logit_bias"].items()}
    seed = values.get("seed")
    return SamplingConfig(
        **options,
        temperature=values.get("temperature", 1.0),
        length=length,
        count=count,
        include_prompt=False,
        seed=new_seed() if seed is None else seed,
    )
