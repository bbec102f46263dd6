"""Text to ids and back: characters, words, subwords, and how documents are laid out as one row of ids.

Knows nothing of files or models. Importing this package does not import NumPy.

A new tokenizer needs a module with a subclass of `textgen.tokens.base.Tokenizer` that sets `kind` and `noun` and
defines `split`, whose symbols are the text again when joined, and a line in TOKENIZERS. `textgen train --unit` then
offers it. It is saved as its kind, its list of symbols and what else its `to_json` gives.
"""

from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING

from textgen.errors import ModelError

if TYPE_CHECKING:
    from textgen.tokens.base import Tokenizer

# Each kind of tokenizer: its module and its class.
TOKENIZERS = {
    "char": ("textgen.tokens.chars", "CharTokenizer"),
    "word": ("textgen.tokens.words", "WordTokenizer"),
    "subword": ("textgen.tokens.subwords", "SubwordTokenizer"),
}


def tokenizer_class(kind: str) -> "type[Tokenizer]":
    """The class of a kind of tokenizer, one of TOKENIZERS."""
    module, name = TOKENIZERS[kind]
    found: type[Tokenizer] = getattr(import_module(module), name)
    return found


def load_tokenizer(values: object) -> "Tokenizer":
    """Make the tokenizer that `Tokenizer.to_json` described.

    Args:
        values: plain JSON values from an untrusted file.

    Raises:
        ModelError: they do not describe a vocabulary.
    """
    if not isinstance(values, dict) or not {"kind", "symbols"} <= set(values):
        raise ModelError('a tokenizer has the entries "kind" and "symbols"')
    kind, symbols = values["kind"], values["symbols"]
    if not isinstance(kind, str) or kind not in TOKENIZERS:
        raise ModelError(f"unknown tokenizer kind {kind!r}; the kinds are {', '.join(TOKENIZERS)}")
    if not isinstance(symbols, list) or not all(isinstance(symbol, str) and symbol for symbol in symbols):
        raise ModelError("a vocabulary is a list of texts, none of them empty")
    if len(set(symbols)) != len(symbols):
        repeated = next(symbol for symbol, count in Counter(symbols).items() if count > 1)
        raise ModelError(f"the vocabulary holds {repeated!r} twice")
    more = {name: value for name, value in values.items() if name not in ("kind", "symbols")}
    return tokenizer_class(kind).from_json(symbols, more)
