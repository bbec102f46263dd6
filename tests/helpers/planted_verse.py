"""Poems from a grammar: quatrains of five characters, each about one of several themes.

A line is a word of two characters, and then a word and a character or a character and a word, so that no word stands
across the caesura. The second line of a couplet answers each word of the first by its partner, which gives lines that
follow each other something to be known by. Characters of words, and those between them, are different ones.
"""

import random

THEMES, PAIRS = 12, 8
FIRST = 0x4E00
# Characters that stand between words, and belong to no theme and no word.
BETWEEN = [chr(FIRST + 5000 + number) for number in range(60)]


def _character(number):
    return chr(FIRST + number)


def words_of(theme):
    """The words of a theme with their partners: [(word, partner), ...]."""
    start = theme * PAIRS * 4
    codes = [start + 4 * pair for pair in range(PAIRS)]
    return [(_character(at) + _character(at + 1), _character(at + 2) + _character(at + 3)) for at in codes]


def poem(chooser):
    """A theme, and the four lines of a poem about it."""
    theme = chooser.randrange(THEMES)
    lines = []
    for _ in range(2):
        chosen = chooser.sample(words_of(theme), 2)
        word_first = chooser.random() < 0.5
        for side in (0, 1):
            first, second = (pair[side] for pair in chosen)
            one = chooser.choice(BETWEEN)
            lines.append(first + (second + one if word_first else one + second))
    return theme, lines


def poems(count, seed):
    """So many poems: [(theme, lines), ...]."""
    chooser = random.Random(seed)
    return [poem(chooser) for _ in range(count)]


def shuffled(all_lines, seed):
    """The poems' lines, each in its place of a poem chosen by chance."""
    chooser = random.Random(seed)
    columns = [chooser.sample(column, len(column)) for column in zip(*all_lines, strict=True)]
    return [list(lines) for lines in zip(*columns, strict=True)]


def text(all_lines):
    """Poems as text: two lines to a row, with marks, a blank line between poems."""
    return "\n\n".join(f"{a}，{b}。\n{c}，{d}。" for a, b, c, d in all_lines) + "\n"


# English: sentences of a theme's nouns and verbs.
NOUNS = [
    [f"{first}{last}" for last in ("mar", "den", "low", "rin", "tes")] for first in ("ba", "co", "fi", "lu", "no", "pe")
]


def english_poem(chooser):
    """Four lines about one theme."""
    nouns = chooser.choice(NOUNS)
    return [f"the {chooser.choice(nouns)} and the {chooser.choice(nouns)} will sing" for _ in range(4)]
