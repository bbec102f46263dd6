"""What a model of poems must not copy: hashes of the lines and words that it learned. Knows nothing of files."""

import hashlib
import re

import numpy as np

from textgen.tokens.characters import CLOSING, is_chinese, is_ideograph

LINE = re.compile(f"[^{CLOSING}\n]+[{CLOSING}]?")


def lines_of(text):
    """The lines of a poem that was laid out by `Poem.text`."""
    return LINE.findall(text) if is_chinese(text) else text.split("\n")


_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


def words(line):
    """The words of a line, in lower case, with the typewriter's apostrophe."""
    return [word.lower().replace("\u2019", "'") for word in _WORD.findall(line)]


def without_marks(line):
    """A line by what it says: its characters, or its words, without marks and capitals."""
    return "".join(filter(is_ideograph, line)) if is_chinese(line) else " ".join(words(line))


def hash_texts(texts):
    """Distinct texts as uint64, sorted: enough to tell whether one is among them, too little to read any.

    The first eight bytes of BLAKE2b (RFC 7693): of a million texts, another is taken for one of them with a chance of
    one in twenty million million.
    """
    digests = {hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts}
    return np.sort(np.frombuffer(b"".join(digests), dtype="<u8"))


def contains(hashed, text):
    """Whether a text is among those that were hashed."""
    at = np.searchsorted(hashed, value := hash_texts([text])[0])
    return at < len(hashed) and hashed[at] == value


def hash_poems(documents):
    """What a model that learned these poems must not copy, and the words that it can spell.

    Args:
        documents: texts laid out by `Poem.text`.

    Returns:
        "lines" and "words": hashes, uint64.
    """
    lines = {without_marks(line) for document in documents for line in lines_of(document)}
    western = (line for line in lines if not is_chinese(line))
    return {"lines": hash_texts(lines), "words": hash_texts({word for line in western for word in words(line)})}


def merge(first, second):
    """Two such memories as one."""
    return {name: np.union1d(first[name], second[name]) for name in first} if first and second else first or second
