"""Fonts that hold the characters of a text. Knows nothing of pictures."""

import contextlib
from functools import cache

# The monospaced font that comes with matplotlib, and how wide its characters are, in ems.
MONO, WIDTH = "DejaVu Sans Mono", 0.602
PLAIN = "DejaVu Sans"
BOX = "\u25a1"
BOXES = "Last Resort"  # comes with matplotlib: has every character, and draws each as a box
# Fonts with Chinese, Japanese or Korean characters, by their usual names; any other that has them is found too.
KNOWN = ("Noto Sans CJK", "Source Han Sans", "PingFang", "Hiragino", "Microsoft YaHei", "WenQuanYi", "Noto Serif CJK")


def is_mono(text):
    """Whether a text is one character of the monospaced font."""
    return len(text) == 1 and ord(text) in _characters(_path_of(MONO))


@cache
def fonts_for(text):
    """Names of fonts, the first of which holds every character of a text; None where no font does."""
    wanted = {ord(character) for character in text}
    for fonts in (_fonts, _more_fonts):
        for name, path in fonts():
            if wanted <= _characters(path):
                return [name, PLAIN] if name != PLAIN else [PLAIN]
    return None


def drawable(text):
    """A text that can be drawn, and names of fonts for it: boxes stand for characters that no font holds."""
    families = fonts_for(text)
    if families is None:
        text = "".join(BOX if fonts_for(each) is None else each for each in text)
        families = fonts_for(text)
    # No one font for all of them: each character's own, in turn.
    return text, families or list(dict.fromkeys(name for each in text for name in fonts_for(each)))


def lacking(text):
    """Characters that no font on this machine holds, each once."""
    return [character for character in dict.fromkeys(text) if fonts_for(character) is None]


@cache
def _fonts():
    """Every font's name and file, the plain one first, then those with many characters."""
    from matplotlib.font_manager import fontManager

    entries = {entry.name: entry.fname for entry in fontManager.ttflist if entry.style == "normal"}
    entries = {name: path for name, path in entries.items() if not name.startswith(BOXES)}
    known = [name for family in KNOWN for name in sorted(entries) if name.startswith(family)]
    order = dict.fromkeys([PLAIN, *known, *sorted(entries)])
    return [(name, entries[name]) for name in order if name in entries]


@cache
def _more_fonts():
    """Fonts installed after matplotlib made its list, which it keeps: looked for when one is missed."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    listed = {entry.fname for entry in fontManager.ttflist}
    for path in sorted(set(findSystemFonts()) - listed):
        with contextlib.suppress(OSError, RuntimeError):  # a font that cannot be read holds nothing
            fontManager.addfont(path)
    return _fonts.__wrapped__()


@cache
def _path_of(name):
    return dict(_fonts())[name]


@cache
def _characters(path):
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
