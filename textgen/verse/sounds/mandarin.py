"""Modern rhymes and tones (中華新韻, 2005: fourteen groups), from the readings of today's Mandarin.

Readings come from pypinyin (MIT; the extra `chinese`). The first and second tones are level, the third and fourth are
oblique. This module knows nothing of forms or models.
"""

from functools import cache

from textgen.system import extras
from textgen.verse.sounds.readings import Readings

NAME = "modern"

# Each group's name and its finals; -i is the final after zh ch sh r z c s.
GROUPS = {
    "麻": "a ia ua",
    "波": "o e uo",
    "皆": "ie üe ê",
    "開": "ai uai",
    "微": "ei uei",
    "豪": "ao iao",
    "尤": "ou iou",
    "寒": "an ian uan üan",
    "文": "en in uen ün",
    "唐": "ang iang uang",
    "庚": "eng ing ueng ong iong",
    "齊": "i er ü",
    "支": "-i",
    "姑": "u",
}
_GROUP_OF = {final: group for group, finals in GROUPS.items() for final in finals.split()}
_HISSING = {"zh", "ch", "sh", "r", "z", "c", "s"}


def groups() -> frozenset[str]:
    """The names of the fourteen groups."""
    return frozenset(GROUPS)


@cache
def readings(character: str) -> Readings:
    """The Readings of a character."""
    pypinyin = extras.load("pypinyin", "the modern rhyme book")
    from pypinyin.contrib.tone_convert import to_finals, to_initials

    syllables = pypinyin.pinyin(
        character, style=pypinyin.Style.TONE3, heteronym=True, errors="ignore", v_to_u=True, neutral_tone_with_five=True
    )
    found: dict[bool, set[str]] = {True: set(), False: set()}
    tones: set[bool] = set()
    for syllable in syllables[0] if syllables else []:
        if syllable[-1] not in "1234":
            continue
        tones.add(is_level := syllable[-1] in "12")
        initial, final = to_initials(syllable, strict=True), to_finals(syllable, strict=True, v_to_u=True)
        group = "支" if final == "i" and initial in _HISSING else _GROUP_OF.get(final)
        if group:
            found[is_level].add(group)
    return Readings(frozenset(found[True]), frozenset(found[False]), True in tones, False in tones)
