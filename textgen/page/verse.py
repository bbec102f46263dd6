"""The tables of Chinese regulated verse that a page needs: tones and rhyme groups of a run's characters, and the forms.

Only what the run's own characters need is here. This module knows nothing of HTML.
"""

from typing import Any

import numpy as np

from textgen.corpus.forms import FORMS
from textgen.tokens.characters import is_chinese
from textgen.verse.masks.sounds import Sounds
from textgen.verse.sounds.books import book_for_tones
from textgen.writing.generator import Generator

BOOK = "pingshui"
MODES = ("strict", "variants", "relaxed")


def verse_tables(generator: Generator) -> dict[str, Any] | None:
    """The tables of a run's characters; None where it writes no Chinese poems.

    Returns:
        forms: name, description, lines, length and templates of each form. patterns: by the length of a line and the
        strictness of its tones, the tone patterns of each line type. tones: for each id 0 for none, 1 level, 2 oblique,
        3 either. ideographs: for each id whether it is one. names: of the level rhyme groups. groups: the groups of
        each id that has some. members: the ids of each group that a rhyme may take.
    """
    if generator.documents != "poem" or generator.direction == "backward":
        return None
    if not is_chinese("".join(generator.tokenizer.symbols)):
        return None
    sounds = Sounds(generator.printed, book_for_tones(BOOK).readings)
    forms = [form for form in FORMS.values() if form.templates and not form.least]
    names = list(sounds.members)
    place = {name: at for at, name in enumerate(names)}
    lengths = {form.length: form for form in forms}
    return {
        "forms": [
            {
                "name": form.name,
                "about": form.about,
                "lines": form.lines,
                "length": form.length,
                "templates": list(form.templates),
            }
            for form in forms
        ],
        "patterns": {
            str(length): {mode: {kind: form.patterns(kind, mode) for kind in "aAbB"} for mode in MODES}
            for length, form in lengths.items()
        },
        "tones": (sounds.tones["P"] + 2 * sounds.tones["Z"]).tolist(),
        "ideographs": sounds.ideographs.astype(int).tolist(),
        "names": names,
        "groups": {
            str(index): sorted(place[name] for name in groups) for index, groups in enumerate(sounds.groups) if groups
        },
        "members": [np.flatnonzero(sounds.members[name]).tolist() for name in names],
    }
