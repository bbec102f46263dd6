"""The checker: for each line of a poem what holds and what breaks. It shares the tables with the decoder, no code.

Chinese: the template that a poem breaks least is taken as meant; characters that the book does not know, and those that
hold only by one of two readings, are told apart from breaks. English: all pronunciations count; lines with a word that
the dictionary does not know cannot be scanned, and are told apart. Knows nothing of models.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from textgen.corpus.forms import FORMS, Form, form_of
from textgen.corpus.memory import words
from textgen.errors import UsageError
from textgen.tokens.characters import CLOSING, is_chinese, is_ideograph
from textgen.verse.sounds import cmudict as cmu
from textgen.verse.sounds import mandarin as modern
from textgen.verse.sounds import meter, pingshui

_BOOKS = {book.NAME: book for book in (pingshui, modern)}
_SIGN = {"P": "平", "Z": "仄", "N": "中"}


@dataclass
class LineVerdict:
    """What was found in a line.

    Attributes:
        text: the line.
        marks: its sounds, a sign a character, or a digit a syllable for its stresses.
        wanted: the tones, or the stresses, that the form asks for; empty where it asks for none.
        breaks: what does not hold, each in a few words.
        remarks: what is worth knowing.
        rhymes: whether the line ends in a rhyme that the form asks for.
    """

    text: str
    marks: str = ""
    wanted: str = ""
    breaks: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    rhymes: bool = False


@dataclass
class Verdict:
    """What was found in a poem.

    Attributes:
        form: the Form it was judged by.
        lines: a LineVerdict for each line.
        template: the template that it breaks least; empty where the form has none.
        tones: the strictest rule that every line keeps: "strict", "variants", "relaxed"; "" for none.
        fixed: share of the second, fourth and sixth places that have the template's tone; None where it has none.
        rhyme: the rhyme that all share, by name; of English verse each pair's; empty for none.
        breaks: what does not hold of the poem as a whole.
    """

    form: Form
    lines: list[LineVerdict]
    template: str = ""
    tones: str = ""
    fixed: float | None = None
    rhyme: str = ""
    breaks: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing breaks."""
        return not self.breaks and not any(line.breaks for line in self.lines)

    def count(self, kind: str) -> int:
        """In how many lines something of a kind breaks: "length", "tone", "rhyme", "meter", "syllables", "letter"."""
        return sum(any(found.startswith(kind) for found in line.breaks) for line in self.lines)


def check(
    lines: Sequence[str],
    form: str | None = None,
    *,
    tones: str = "strict",
    rhyme_book: str = "pingshui",
    acrostic: str = "",
    acrostic_at: str = "line",
) -> Verdict:
    """Judge a poem.

    Args:
        lines: with or without their marks.
        form: the name of a form; None for the one that its outward shape fits.
        tones: "strict" (with the turns that poets allowed themselves), "relaxed" or "off".
        rhyme_book: "pingshui", "modern" or "off".
        acrostic, acrostic_at: what the lines' first characters must be, and where.

    Raises:
        UsageError: no such form, or none that fits.
    """
    lines = [line.strip() for line in lines]
    form = form_of(form) if form else _guess(lines)
    judge = _chinese if form.length else _english if form.meters else _plain
    verdict = judge(lines, form, tones, rhyme_book)
    if form.lines and len(lines) != form.lines:
        verdict.breaks.append(f"lines: {len(lines)}, not {form.lines}")
    step = 2 if acrostic_at == "couplet" else 1
    for place, head in enumerate(acrostic):
        if step * place >= len(lines):
            verdict.breaks.append(f"letter: no line for {head}")
        elif not lines[step * place].lower().startswith(head.lower()):
            verdict.lines[step * place].breaks.append(f"letter: {lines[step * place][:1]}, not {head}")
    return verdict


def _guess(lines):
    bare = [line.strip(CLOSING) for line in lines]
    for form in FORMS.values():
        if form.language == "chinese" and is_chinese("".join(lines)) and form.fits(bare):
            return form
    raise UsageError(f"--form: no form fits {len(lines)} lines by their shape alone; name one of {', '.join(FORMS)}")


def _plain(lines, form, tones, rhyme_book):
    return Verdict(form, [LineVerdict(line) for line in lines])


def _chinese(lines, form, tones, rhyme_book):
    book = _BOOKS.get(rhyme_book, pingshui)
    texts = ["".join(filter(is_ideograph, line)) for line in lines]
    told = [[book.readings(character) for character in text] for text in texts]
    verdict = Verdict(form, [LineVerdict(line) for line in lines])
    for line, text, readings in zip(verdict.lines, texts, told, strict=True):
        line.marks = "".join(reading.mark for reading in readings)
        if len(text) != form.length:
            line.breaks.append(f"length: {len(text)} characters, not {form.length}")
        if twice := [one for one in dict.fromkeys(text) if text.count(one) > 1]:
            line.remarks.append(f"{''.join(twice)} twice")
        if unknown := [one for one, mark in zip(text, line.marks, strict=True) if mark == "？"]:
            line.remarks.append(f"{''.join(unknown)} not in the rhyme book")
    whole = [
        (line, readings) for line, readings in zip(verdict.lines, told, strict=True) if len(readings) == form.length
    ]
    if len(whole) == form.lines:
        _judge_tones(verdict, told, form, tones)
    if rhyme_book != "off":
        _judge_rhyme(verdict, texts, told, form, tones)
    return verdict


def _misses(readings, pattern):
    """The places whose tone is surely another than a pattern's."""
    return [
        place
        for place, (reading, sign) in enumerate(zip(readings, pattern, strict=True))
        if (sign == "P" and reading.oblique and not reading.level)
        or (sign == "Z" and reading.level and not reading.oblique)
    ]


def _judge_tones(verdict, told, form, tones):
    first_rhymes = bool(frozenset.intersection(*(readings[-1].groups for readings in [told[0], *told[1::2]])))
    rules = ["strict", "variants", "relaxed"]
    best = {}
    for rule in rules:
        for template in form.templates:
            misses = [
                min((_misses(readings, pattern) for pattern in form.patterns(kind, rule)), key=len)
                for readings, kind in zip(told, template, strict=True)
            ]
            # Characters with two readings may fit several templates; then that is meant whose rhyme holds too.
            odd = template[0].isupper() and not first_rhymes
            broken = sum(map(bool, misses)), sum(map(len, misses)), odd
            if rule not in best or broken < best[rule][0]:
                best[rule] = broken, template, misses
    kept = sorted((best[rule][0][2], rules.index(rule)) for rule in rules if best[rule][0][:2] == (0, 0))
    verdict.tones = rules[kept[0][1]] if kept else ""
    rule = {"strict": "variants", "relaxed": "relaxed", "off": "relaxed"}[tones]
    if verdict.tones and rules.index(verdict.tones) <= rules.index(rule):
        rule = verdict.tones
    _, verdict.template, misses = best[rule]
    verdict.fixed = max(_fixed(told, form, template) for template in form.templates)
    for line, readings, kind, missed in zip(verdict.lines, told, verdict.template, misses, strict=True):
        pattern = min(form.patterns(kind, rule), key=lambda pattern: len(_misses(readings, pattern)))
        line.wanted = "".join(_SIGN[sign] for sign in pattern)
        if tones != "off":
            line.breaks += [f"tone: {line.marks[place]} at {place + 1}, not {line.wanted[place]}" for place in missed]
        either = [place for place, sign in enumerate(pattern) if sign != "N" and line.marks[place] == "中"]
        if either:
            bare = "".join(filter(is_ideograph, line.text))
            line.remarks.append("by one of two readings: " + "".join(bare[place] for place in either))


def _fixed(told, form, template):
    """Share of the even places that have a template's tone."""
    right = total = 0
    for readings, kind in zip(told, template, strict=True):
        pattern = form.patterns(kind, "strict")[0]
        places = range(1, form.length - 1, 2)
        missed = set(_misses(readings, pattern))
        total += len(places)
        right += sum(place not in missed for place in places)
    return right / total


def _judge_rhyme(verdict, texts, told, form, tones):
    ends = {line: text[-1] for line, text in enumerate(texts) if text}
    asked = [line for line in range(1, len(texts), 2) if line in ends]
    if not asked:
        return
    shared = frozenset.intersection(*(told[line][-1].groups for line in asked))
    other = frozenset.intersection(*(told[line][-1].other_groups for line in asked))
    # The first line rhymes where its template says so; without one, where it happens to.
    if verdict.template[:1].isupper() and 0 in ends:
        if shared & told[0][-1].groups:
            shared &= told[0][-1].groups
            asked.insert(0, 0)
        elif shared and tones != "off":
            verdict.lines[0].breaks.append(f"rhyme: {ends[0]} is not in {'、'.join(sorted(shared))}")
    elif 0 in ends and shared & told[0][-1].groups:
        verdict.lines[0].remarks.append("rhymes too")
    for line in asked:
        verdict.lines[line].rhymes = True
    if shared:
        verdict.rhyme = "、".join(sorted(shared))
    elif other:
        verdict.rhyme = "、".join(sorted(other))
        verdict.breaks.append(f"rhyme: oblique, {verdict.rhyme}; the form rhymes level")
    else:
        commonest = max(
            (group for line in asked for group in told[line][-1].groups),
            key=lambda group: sum(group in told[line][-1].groups for line in asked),
            default=None,
        )
        for line in asked:
            own = told[line][-1].groups
            if commonest not in own:
                names = "、".join(sorted(own)) or ("oblique" if told[line][-1].oblique else "not in the rhyme book")
                verdict.lines[line].breaks.append(f"rhyme: {ends[line]} is {names}, not {commonest or 'level'}")
    seen = {}
    for line in asked:
        if ends[line] in seen:
            verdict.lines[line].breaks.append(f"rhyme: {ends[line]} has rhymed in line {seen[ends[line]] + 1}")
        seen.setdefault(ends[line], line)


def _english(lines, form, tones, rhyme_book):
    verdict = Verdict(form, [LineVerdict(line) for line in lines])
    spelled = [words(line) for line in lines]
    for number, (line, own) in enumerate(zip(verdict.lines, spelled, strict=True)):
        line.marks = " ".join(_stress(word) for word in own)
        if number < len(form.meters):
            _judge_meter(line, own, form.meters[number])
    by_letter = {}
    for number, letter in enumerate(form.rhyme[: len(lines)]):
        if letter != "-" and spelled[number]:
            by_letter.setdefault(letter, []).append(number)
    found = []
    for letter, numbers in by_letter.items():
        shared = cmu.rhymes(spelled[numbers[0]][-1])
        used = {}
        for number in numbers:
            line, word = verdict.lines[number], spelled[number][-1]
            line.rhymes = True
            own = cmu.rhymes(word)
            if not own:
                line.breaks.append(f"rhyme: {word} is not in the dictionary")
            elif word in used:
                line.breaks.append(f"rhyme: {word} stands in line {used[word] + 1} too")
            elif not shared & own:
                line.breaks.append(f"rhyme: {word} does not rhyme with {spelled[numbers[0]][-1]}")
            else:
                shared &= own
            used.setdefault(word, number)
        found.append(f"{letter}: {', '.join(spelled[number][-1] for number in numbers)}")
    verdict.rhyme = "; ".join(found)
    return verdict


def _judge_meter(line, own, patterns):
    line.wanted = patterns[0]
    counts = meter.syllables(own)
    if counts is None:
        unknown = [word for word in own if not cmu.spoken(word)]
        line.remarks.append(f"cannot be scanned: {', '.join(unknown)} not in the dictionary")
        return
    lengths = {len(pattern) for pattern in patterns}
    if not counts & lengths:
        told, wanted = (" or ".join(map(str, sorted(numbers))) for numbers in (counts, lengths))
        line.breaks.append(f"syllables: {told}, not {wanted}")
        return
    fitting = [pattern for pattern in patterns if meter.readable(own, pattern)]
    if fitting:
        line.wanted = fitting[0]
    else:
        line.breaks.append(f"meter: cannot be read {line.wanted}")


def _stress(word):
    told = cmu.spoken(word)
    return told[0].stress if told else "?"
