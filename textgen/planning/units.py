"""Which unit suits a text: characters, or words where nearly all words of a text occur in it before.

What decides was measured (docs/log.md, "which unit"): where 6% of the words to come are new, a model of words with a
model of characters for those predicts within half a percent of characters alone, at any budget up to 15 minutes. Where
fewer are new, words cost nothing. This module knows nothing of models.
"""

from textgen.tokens.characters import is_unspaced
from textgen.tokens.layout import UNKNOWN
from textgen.tokens.words import WordTokenizer

# The share of a text whose words are looked up in the rest.
LAST = 0.1
# The largest share of new words with which words are worth it: at more, they predict no better, and write no others.
MAX_NEW = 0.055
# Characters by which the script is known.
SCRIPT_CHARACTERS = 10_000


def unit_advice(text: str, unit: str) -> str:
    """Which unit to train on a text with, and why, in one line.

    Args:
        text: the text, or its beginning.
        unit: the one that would be trained with: "char", "word" or "subword".
    """
    letters = [character for character in text[:SCRIPT_CHARACTERS] if character.isalpha()]
    if 2 * sum(map(is_unspaced, letters)) > len(letters):
        return "characters: the text is written without spaces between words"
    cut = int(len(text) * (1 - LAST))
    words = WordTokenizer.train([text[:cut]])
    ids = words.encode(text[cut:])
    new = float((ids == UNKNOWN).mean()) if len(ids) else 1.0
    found = f"{new:.1%} of the words at its end are not among the {len(words.symbols):,} most frequent before"
    if new > MAX_NEW:
        return f"characters: {found}, and a model of words knows no others"
    other = "" if unit == "word" else ' (`tokenizer="word"`)'
    return f"words predict about as well in the same time{other}: {found}; characters also write words that are new"
