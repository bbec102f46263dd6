"""Fonts that have the characters of a text. This module knows nothing of pictures."""

import contextlib
from functools import cache

MONO = "DejaVu Sans Mono"  # the monospaced font that comes with matplotlib
MONO_WIDTH = 0.602  # of its characters, in ems
PLAIN = "DejaVu Sans"
NORMAL_WEIGHTS = (400, "normal", "book", "regular")
BOX = "\u25a1"
BOXES = "Last Resort"  # comes with matplotlib; draws every character as a box
# Common fonts with Chinese, Japanese or Korean characters. Others are found too.
CJK_FONTS = (
    "Noto Sans CJK",
    "Source Han Sans",
    "PingFang",
    "Hiragino",
    "Microsoft YaHei",
    "WenQuanYi",
    "Noto Serif CJK",
)


def is_mono(text: str) -> bool:
    """Whether a text is one character of the monospaced font."""
    return len(text) == 1 and ord(text) in _characters(_path_of(MONO))


@cache
def fonts_for(text: str) -> list[str] | None:
    """Names of fonts, the first of which has every character of a text; None if no font has them all."""
    needed = {ord(character) for character in text}
    for list_fonts in (_fonts, _fonts_installed_since):
        for name, path in list_fonts():
            if needed <= _characters(path):
                return [name, PLAIN] if name != PLAIN else [PLAIN]
    return None


def drawable(text: str) -> tuple[str, list[str]]:
    """The text with a box in place of each character that no font has, and names of fonts that can draw it."""
    families = fonts_for(text)
    if families is None:
        text = "".join(BOX if fonts_for(each) is None else each for each in text)
        families = fonts_for(text)
    # If no single font has all characters, take the fonts of each character in turn.
    return text, families or list(dict.fromkeys(name for each in text for name in fonts_for(each) or ()))


def lacking(text: str) -> list[str]:
    """The distinct characters of a text that no font on this machine has."""
    return [character for character in dict.fromkeys(text) if fonts_for(character) is None]


@cache
def _fonts() -> list[tuple[str, str]]:
    """Name and file of every font that matplotlib lists: the plain one, then CJK_FONTS, then the others by name."""
    return _list_fonts()


@cache
def _fonts_installed_since() -> list[tuple[str, str]]:
    """The same, with fonts installed after matplotlib made its list. This searches the disk."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    listed = {entry.fname for entry in fontManager.ttflist}
    for path in sorted(set(findSystemFonts()) - listed):
        with contextlib.suppress(OSError, RuntimeError):  # skip a font that cannot be read
            fontManager.addfont(path)
    return _list_fonts()


def _list_fonts() -> list[tuple[str, str]]:
    from matplotlib.font_manager import fontManager

    # Of a family the file that matplotlib draws with: a light one may have fewer characters.
    plain = [entry for entry in fontManager.ttflist if entry.style == "normal"]
    plain.sort(key=lambda entry: (entry.stretch == "normal", entry.weight in NORMAL_WEIGHTS))
    files = {entry.name: entry.fname for entry in plain}
    files = {name: path for name, path in files.items() if not name.startswith(BOXES)}
    cjk = [name for family in CJK_FONTS for name in sorted(files) if name.startswith(family)]
    order = dict.fromkeys([PLAIN, *cjk, *sorted(files)])
    return [(name, files[name]) for name in order if name in files]


@cache
def _path_of(name: str) -> str:
    return dict(_fonts())[name]


@cache
def _characters(path: str) -> frozenset[int]:
    """The code points of the characters that a font file has; none if the file cannot be read."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
