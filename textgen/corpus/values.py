"""JSON in a text to plain values. A number stays as it is written, so none is too long. Knows no files."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from textgen.arguments import short
from textgen.errors import CorpusError

# Of a list of names, how many a message shows.
MAX_NAMES = 8


class Numeral(NamedTuple):
    """A number as JSON has it."""

    digits: str


def parse(text: str, where: str) -> Any:
    """The value that a text of JSON holds; each number is a Numeral.

    Args:
        text: the JSON.
        where: what messages call the text; a name of a file, or of a line in it.

    Raises:
        CorpusError: the text is not JSON, is nested too deeply, or has a key twice.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=Numeral, parse_float=Numeral)
    except json.JSONDecodeError as error:
        line = f" in line {error.lineno}, column {error.colno}" if "\n" in text else f" in column {error.colno}"
        raise CorpusError(f"{where}: not JSON: {error.msg}{line}") from None
    except RecursionError:
        raise CorpusError(f"{where}: JSON nested too deeply") from None
    except _TwiceError as error:
        raise CorpusError(f"{where}: the key {shown(str(error))} occurs twice in an object; keep one") from None


def choices(names: Sequence[str]) -> str:
    """The names that exist, for a message: "there are: a, b". Of very many it shows a few."""
    if not names:
        return "there are none"
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    return f"there are: {', '.join(map(short, names[:MAX_NAMES]))}{more}"


def shown(name: str) -> str:
    """A name in quotes, for a message: short, and on one line."""
    return f"'{short(name)}'"


class _TwiceError(ValueError):
    """An object has a key twice; of one of the two texts nothing would be learned."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise _TwiceError(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return values
