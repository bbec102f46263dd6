"""Poems and verdicts in words: what `textgen poem` prints. Knows nothing of the command line."""

from collections import Counter

from textgen.corpus.documents import read_corpus
from textgen.corpus.memory import lines_of
from textgen.system.wording import count
from textgen.verse.checking import check


def judged(paths, encoding, form, **rules):
    """Read poems from files and judge each: pairs of its text and its Verdict.

    Args:
        paths, encoding: as of `textgen.corpus.documents.read_corpus`.
        form, rules: as of `textgen.verse.checking.check`.

    Raises:
        CorpusError: a file that cannot be read.
        UsageError: a form that does not exist, or none given where one is needed.
    """
    for text in read_corpus(list(paths), "poem", encoding).documents:
        yield text, check(lines_of(text), form, **rules)


def verdict_lines(verdict):
    """A verdict, a line of the poem a line, what breaks beside it."""
    for line in verdict.lines:
        told = [*(f"✗ {found}" for found in line.breaks), *line.remarks]
        yield f"{line.text}  {line.marks}{' 韻' if line.rhymes and verdict.form.length else ''}" + (
            f"  {'; '.join(told)}" if told else "  ✓"
        )
    about = [f"✗ {found}" for found in verdict.breaks]
    if verdict.form.length:
        about.append(f"template {verdict.template or 'none'}, tones {verdict.tones or 'broken'}")
    if verdict.rhyme:
        about.append(f"rhyme {verdict.rhyme}")
    yield f"{verdict.form.name}: {'holds' if verdict.holds else 'breaks'}" + "".join(f"; {part}" for part in about)


def verdict_values(text, verdict):
    """A verdict as plain JSON values."""
    return {
        "text": text,
        "form": verdict.form.name,
        "holds": verdict.holds,
        "breaks": verdict.breaks,
        "template": verdict.template,
        "tones": verdict.tones,
        "fixed": verdict.fixed,
        "rhyme": verdict.rhyme,
        "lines": [vars(line) for line in verdict.lines],
    }


def summary(verdicts):
    """What was found in all poems together, a line a form."""
    for form in dict.fromkeys(verdict.form for verdict in verdicts):
        own = [verdict for verdict in verdicts if verdict.form is form]
        line = f"{form.name}: {count(len(own), 'poem')}, {sum(one.holds for one in own):,} hold"
        if form.length:
            rules = Counter(one.tones for one in own)
            total = len(own)
            strict, variants = rules["strict"], rules["strict"] + rules["variants"]
            fixed = [one.fixed for one in own if one.fixed is not None]
            rhymed = sum(bool(one.rhyme) and not any(found.startswith("rhyme") for found in one.breaks) for one in own)
            line += (
                f"; strict template {strict / total:.2f}, with variants {variants / total:.2f}, fixed places "
                f"{sum(fixed) / max(len(fixed), 1):.2f}, level rhyme {rhymed / total:.2f}"
            )
        elif form.meters:
            lines = sum(len(one.lines) for one in own)
            kinds = {kind: sum(one.count(kind) for one in own) for kind in ("rhyme", "syllables", "meter")}
            line += f"; of {lines:,} lines break " + ", ".join(f"{kind} {count:,}" for kind, count in kinds.items())
        yield line


def shown(poem, config):
    """A poem with its sounds under each line: tones, or stresses, and the rhyme."""
    verdict = check(poem.lines, poem.form.name, tones=config.tones, rhyme_book=config.rhyme_book)
    rows = [poem.title, ""] if poem.title else []
    for line in verdict.lines:
        marks = line.marks
        if line.rhymes:
            marks += f" （{verdict.rhyme}）" if poem.form.length else " (rhyme)"
        rows += [line.text, marks] if marks else [line.text]
    return "\n".join(rows)


def composition_values(poem, config, run):
    """A poem as plain JSON values, with all that made it."""
    return {
        "text": poem.text,
        "lines": list(poem.lines),
        "form": poem.form.name,
        "template": poem.template,
        "title": poem.title,
        "number": poem.number,
        "taken_back": poem.taken_back,
        "mean_log_probability": poem.log_probability,
        "run": run,
        "seed": config.seed,
        "settings": config.to_json(),
    }
