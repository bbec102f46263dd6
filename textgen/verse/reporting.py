"""Poems and verdicts as text and as JSON values: what `textgen poem` prints. Knows nothing of the command line."""

from collections import Counter
from collections.abc import Iterator, Sequence
from os import PathLike
from typing import Any, Unpack

from textgen.corpus.documents import read_corpus
from textgen.corpus.memory import lines_of
from textgen.system.wording import count
from textgen.verse.checking import check
from textgen.verse.composing import Composition
from textgen.verse.config import PoemConfig, RulesOptions
from textgen.verse.faults import AGREEMENT, WEAK_END
from textgen.verse.joining import joined
from textgen.verse.verdicts import BreakKind, Verdict, has_break

# What the summary counts in English verse.
_COUNTED: tuple[BreakKind, ...] = ("rhyme", "syllables", "meter")
_REPEATED: tuple[BreakKind, ...] = ("refrain", "word")
_SHOWN_FAULTS = ("stressed article", "stressed preposition", WEAK_END, AGREEMENT)


def judged(
    paths: Sequence[str | PathLike[str]], encoding: str | None, form: str | None, **rules: Unpack[RulesOptions]
) -> Iterator[tuple[str, Verdict]]:
    """Read poems from files and judge each: its text and its Verdict.

    Args:
        paths, encoding: as of `textgen.corpus.documents.read_corpus`.
        form, rules: as of `textgen.verse.checking.check`.

    Raises:
        CorpusError: a file that cannot be read.
        UsageError: an unknown form, or no form where one is needed.
    """
    for text in joined(read_corpus(list(paths), "poem", encoding).documents, form, **rules):
        yield text, check(lines_of(text), form, **rules)


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """A verdict as text: each line of the poem with what breaks in it, then a line about the whole."""
    for line in verdict.lines:
        findings = [*(f"✗ {one}" for one in line.breaks), *line.remarks]
        yield (
            f"{line.text}  {line.marks}{' 韻' if line.rhymes and verdict.form.is_tonal else ''}"
            + (f"  {'; '.join(findings)}" if findings else "  ✓")
            + f" ({', '.join(line.licences)})" * (bool(line.licences) and not verdict.form.is_tonal)
        )
    about = [f"✗ {one}" for one in verdict.breaks]
    if verdict.form.templates:
        about.append(f"template {verdict.template or 'none'}, tones {verdict.tones or 'broken'}")
    elif verdict.form.is_tonal and not verdict.form.least:
        about.append(f"tones {verdict.tones or 'broken'}")
    if verdict.licences:
        about.append(count(verdict.licences, "licence"))
    if verdict.rhyme:
        about.append(f"rhyme {verdict.rhyme}")
    yield f"{verdict.form.name}: {'holds' if verdict.holds else 'breaks'}" + "".join(f"; {part}" for part in about)


def verdict_values(text: str, verdict: Verdict) -> dict[str, Any]:
    """A verdict as plain JSON values."""
    return {
        "text": text,
        "form": verdict.form.name,
        "holds": verdict.holds,
        "breaks": list(map(str, verdict.breaks)),
        "template": verdict.template,
        "tones": verdict.tones,
        "fixed": verdict.fixed,
        "rhyme": verdict.rhyme,
        "licences": verdict.licences,
        "lines": [vars(line) | {"breaks": list(map(str, line.breaks))} for line in verdict.lines],
    }


def summary(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Counts over all poems, one line for each form."""
    # Poems of one form may differ in their number of lines.
    for form in {verdict.form.name: verdict.form for verdict in verdicts}.values():
        own = [verdict for verdict in verdicts if verdict.form.name == form.name]
        line = f"{form.name}: {count(len(own), 'poem')}, {sum(one.holds for one in own):,} hold"
        if form.templates:
            rules = Counter(one.tones for one in own)
            total = len(own)
            strict, variants = rules["strict"], rules["strict"] + rules["variants"]
            fixed = [one.fixed for one in own if one.fixed is not None]
            rhymed = sum(bool(one.rhyme) and not has_break(one.breaks, "rhyme") for one in own)
            line += (
                f"; strict template {strict / total:.2f}, with variants {variants / total:.2f}, fixed places "
                f"{sum(fixed) / max(len(fixed), 1):.2f}, level rhyme {rhymed / total:.2f}"
            )
        elif form.is_tonal:
            line += f"; {sum(one.licences for one in own):,} licences, of {sum(len(one.lines) for one in own):,} lines"
            line += f" break tones {sum(one.count('tone') for one in own):,}, rhyme "
            line += f"{sum(one.count('rhyme') for one in own):,}"
        elif form.meters:
            lines = sum(len(one.lines) for one in own)
            kinds = _COUNTED + _REPEATED * any(
                form.source_of(at) >= 0 or form.end_word(at) >= 0 for at in range(form.lines)
            )
            counts = [f"{kind} {sum(one.count(kind) for one in own):,}" for kind in kinds]
            line += f"; of {lines:,} lines break {', '.join(counts)}"
            faults = sum((Counter(line.faults) for one in own for line in one.lines), Counter[str]())
            if shown := [f"{name} {faults[name]:,.0f}" for name in _SHOWN_FAULTS if faults[name]]:
                line += f"; {', '.join(shown)}"
        yield line


def shown(poem: Composition, config: PoemConfig) -> str:
    """A poem with the sounds under each line, tones or stresses and the rhyme; the plan, and the terms of the score."""
    verdict = check(poem.lines, poem.form, **_rules(config))
    terms = iter(poem.terms)
    stanzas = []
    for stanza in poem.form.in_stanzas(verdict.lines):
        rows = []
        for line in stanza:
            marks = line.marks
            if line.repeats >= 0:
                marks += f" (line {line.repeats + 1})"
            elif line.rhymes:
                marks += f" （{line.rhyme or verdict.rhyme}）" if poem.form.is_tonal else " (rhyme)"
            rows += [line.text, marks] if marks else [line.text]
            if of_line := next(terms, {}):
                rows.append("  " + ", ".join(f"{name} {value:+.2f}" for name, value in of_line.items() if value))
        stanzas.append("\n".join(rows))
    text = ("\n" if poem.form.is_tonal else "\n\n").join(stanzas)
    plan = "plan: " + ", ".join(word or "-" for word in poem.plan) if any(poem.plan) else ""
    return "\n\n".join(filter(None, (poem.title, plan, text)))


def _rules(config: PoemConfig) -> RulesOptions:
    """The rules by which a poem was written, but for its acrostic."""
    return RulesOptions(
        tones=config.tones,
        rhyme_book=config.rhyme_book,
        meter_rule=config.meter_rule,
        rhyme_kind=config.rhyme_kind,
        identical_rhymes=config.identical_rhymes,
    )


def composition_values(poem: Composition, config: PoemConfig, run: str) -> dict[str, Any]:
    """A poem as plain JSON values, with the run, the seed and the options that made it."""
    return {
        "text": poem.text,
        "lines": list(poem.lines),
        "stanzas": list(map(list, poem.stanzas)),
        "form": poem.form.name,
        "template": poem.template,
        "title": poem.title,
        "plan": list(poem.plan),
        "terms": [dict(terms) for terms in poem.terms],
        "number": poem.number,
        "taken_back": poem.taken_back,
        "mean_log_probability": poem.log_probability,
        "run": run,
        "seed": config.seed,
        "settings": config.to_json(),
    }
