"""What a model of poems must not copy: hashes of the lines and words that it learned. Knows nothing of files."""

import hashlib
import re
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.headings import without_heading
from textgen.tokens.characters import CLOSING, is_chinese, is_ideograph

# Sorted, distinct hashes of texts.
Hashes: TypeAlias = NDArray[np.uint64]
# What `hash_poems` returns: "lines" and "words". Empty where no poems were learned.
Memory: TypeAlias = dict[str, Hashes]

# A line of Chinese verse with the mark that closes it, and a word: regular expressions, compiled when first used.
LINE = f"[^{CLOSING}\n]+[{CLOSING}]?"
_WORD = r"[^\W_]+(?:['\u2019][^\W_]+)*"


def lines_of(text: str) -> list[str]:
    """The lines of a poem in the layout of `Poem.text`."""
    return re.findall(LINE, text) if is_chinese(text) else text.split("\n")


def words(line: str) -> list[str]:
    """The words of a line, in lower case, with the typewriter's apostrophe."""
    return [word.lower().replace("\u2019", "'") for word in re.findall(_WORD, line)]


def symbols_of(text: str, chinese: bool) -> list[str]:
    """The symbols that poems are compared by: Chinese characters without marks, or words in lower case."""
    return list(filter(is_ideograph, text)) if chinese else words(text)


def without_marks(line: str) -> str:
    """A line without marks and capitals: its Chinese characters, or its words with spaces between them."""
    return "".join(filter(is_ideograph, line)) if is_chinese(line) else " ".join(words(line))


def hash_texts(texts: Iterable[str]) -> Hashes:
    """Hash texts: the distinct hashes, uint64 of shape (texts,), sorted.

    The hashes suffice to tell whether a text is among them, and no text can be read from them. A hash is the first
    eight bytes of BLAKE2b (RFC 7693): among a million texts, the chance that another text is mistaken for one of them
    is one in twenty million million.
    """
    digests = {hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts}
    return np.sort(np.frombuffer(b"".join(digests), dtype="<u8"))


def contains(hashed: Hashes, text: str) -> bool:
    """Whether a text is among those that were hashed."""
    at = np.searchsorted(hashed, value := hash_texts([text])[0])
    return bool(at < len(hashed) and hashed[at] == value)


def hash_poems(documents: Iterable[str]) -> Memory:
    """Hash what a model that learned these poems must not copy, and the words that it can spell.

    Args:
        documents: poems in the layout of `Poem.text`.

    Returns:
        "lines" and "words": hashes, uint64.
    """
    lines = {without_marks(line) for document in documents for line in lines_of(without_heading(document))}
    western = (line for line in lines if not is_chinese(line))
    return {"lines": hash_texts(lines), "words": hash_texts({word for line in western for word in words(line)})}


def merge(first: Memory, second: Memory) -> Memory:
    """The union of two memories; either may be empty."""
    return {name: np.union1d(first[name], second[name]) for name in first} if first and second else first or second
