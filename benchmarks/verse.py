"""How well verse keeps its form, with masks and without, and how fast it is written.

    python benchmarks/verse.py --chinese RUN [--learned FILE...] [--english RUN] [--count 200]
    python benchmarks/verse.py --judge tang300.json

Every poem is judged by the checker (`textgen poem check`), which shares the tables with the decoder and no code.
Without masks the same model writes with `textgen sample`; of what it writes, the poems that happen to have a form's
outward shape are judged by that form. Of the poems that were learned, --learned, the longest span is told that a poem
has copied, in characters. --judge prints what the checker makes of real poems, form by form, for those
that a collection's tags name.
"""

import argparse
import json
import math
import re
import statistics
import time
from pathlib import Path

from textgen import Generator
from textgen.corpus.documents import read_corpus
from textgen.corpus.forms import FORMS
from textgen.corpus.memory import contains, lines_of, without_marks, words
from textgen.engine.measure import distinct
from textgen.runs.describe import best_epoch
from textgen.runs.run import load_run
from textgen.tokens.characters import CLOSING, is_ideograph
from textgen.verse import check, compositions
from textgen.verse.sounds.meter import readable
from textgen.verse.sounds.pingshui import SUPPLEMENT
from textgen.verse.verdicts import has_break

CHINESE = {"jueju5": "五絕", "jueju7": "七絕", "lushi5": "五律", "lushi7": "七律"}
TAGS = {"五言绝句": "jueju5", "七言绝句": "jueju7", "五言律诗": "lushi5", "七言律诗": "lushi7"}
RULES = "strict", "variants"
HEADS = "春江花月 深度學習 山高水長 風花雪月 平安喜樂 天下太平 明月清風 詩情畫意 萬事如意 南山秋雨".split()


def shares(verdicts, form):
    """Shares of lines of the right length, of lines whose tones hold, and of poems whose rhyme holds."""
    lines = [line for verdict in verdicts for line in verdict.lines]
    total = max(len(lines), 1)
    length = sum(len(list(filter(is_ideograph, line.text))) == form.length for line in lines) / total
    tone = sum(not has_break(line.breaks, "tone", "length") for line in lines) / total
    rhyme = sum(
        bool(verdict.rhyme) and not verdict.count("rhyme") and not has_break(verdict.breaks, "rhyme")
        for verdict in verdicts
    ) / max(len(verdicts), 1)
    return length, tone, rhyme


def copied(poems, memory):
    """How many of the poems' lines stand whole in the poems that were learned."""
    return sum(contains(memory["lines"], without_marks(line)) for poem in poems for line in poem)


def longest_copied(poems, learned):
    """The longest span of characters, marks left out, that a poem shares with the poems that were learned."""
    most = 0
    for poem in poems:
        text = "".join(map(without_marks, poem))
        for at in range(len(text)):
            while at + most < len(text) and text[at : at + most + 1] in learned:
                most += 1
    return most


def row(name, poems, verdicts, form, memory, speed=""):
    """One line of the table."""
    texts = ["".join(filter(is_ideograph, "".join(poem))) for poem in poems]
    length, tone, rhyme = shares(verdicts, form)
    print(
        f"{name:<24}{len(poems):>6}{length:>9.1%}{tone:>9.1%}{rhyme:>9.1%}{copied(poems, memory):>8}"
        f"{distinct(texts, 1):>9.3f}{distinct(texts, 2):>9.3f}{speed:>9}",
        flush=True,
    )


def chinese(path, count, seed, learned):
    """The table of the four forms, with masks and without."""
    generator, best = Generator.load(path), best_epoch(load_run(path).history())
    nats = best["validation_nats"]
    print(f"held out: {nats:.4f} nats a character, perplexity {math.exp(nats):.1f}")
    read = read_corpus(learned).documents if learned else ()
    learned = "\n".join("".join(map(without_marks, lines_of(text.replace("\n", "")))) for text in read)
    print(
        f"{'form':<24}{'poems':>6}{'length':>9}{'tone':>9}{'rhyme':>9}{'copied':>8}{'dist-1':>9}{'dist-2':>9}{'a s':>9}"
    )
    for name, title in CHINESE.items():
        began = time.perf_counter()
        _, poems = compositions(generator, form=name, count=count, seed=seed)
        poems = [poem.lines for poem in poems]
        speed = count / (time.perf_counter() - began)
        row(title, poems, [check(poem, name) for poem in poems], FORMS[name], generator.memory, f"{speed:.2f}")
        if learned:
            print(f"{'':<24}longest copied span: {longest_copied(poems, learned)} characters", flush=True)
    texts = []
    while len(texts) < 20 * count:
        texts += generator.generate_many(count=256, documents=1, length=160, temperature=0.8, seed=seed + len(texts))
    whole = [lines_of(text) for text in texts]
    for name, title in CHINESE.items():
        fitting = [poem for poem in whole if FORMS[name].fits([line.strip(CLOSING + "\n") for line in poem])]
        label = f"{title} without ({len(fitting) / len(whole):.0%})"
        row(label, fitting[:count], [check(poem, name) for poem in fitting[:count]], FORMS[name], generator.memory)


def acrostics(path, form, seed):
    """Ten acrostics of four common characters."""
    generator, kept = Generator.load(path), 0
    for heads in HEADS:
        _, poems = compositions(generator, form=form, acrostic=heads, seed=seed)
        poem = next(poems)
        verdict = check(poem.lines, form, acrostic=heads)
        kept += verdict.holds
        told = f"{verdict.tones}, {verdict.rhyme}: {'holds' if verdict.holds else 'breaks'}"
        print(f"{heads}  {''.join(poem.lines)}  {told}")
    print(f"{kept} of {len(HEADS)} keep heads, tones and rhyme ({form})")


def english(path, count, seed):
    """Sonnets, quatrains, limericks and haiku."""
    generator = Generator.load(path)
    print(f"{'form':<12}{'poems':>6}{'lines':>9}{'rhyme':>9}{'syllables':>11}{'iambic':>9}{'copied':>8}{'a s':>9}")
    for name in ("sonnet", "couplets", "limerick", "haiku"):
        began = time.perf_counter()
        _, poems = compositions(generator, form=name, count=count, seed=seed)
        poems = [poem.lines for poem in poems]
        speed = count / (time.perf_counter() - began)
        verdicts = [check(poem, name) for poem in poems]
        lines = [line for verdict in verdicts for line in verdict.lines]
        counted = statistics.mean(len(poem) == FORMS[name].lines for poem in poems)
        rhymed = statistics.mean(not verdict.count("rhyme") for verdict in verdicts)
        syllables = statistics.mean(not has_break(line.breaks, "syllables") for line in lines)
        iambic = statistics.mean(bool(readable(words(line.text), "ws" * 5)) for line in lines)
        told = f"{iambic:.1%}" if name in ("sonnet", "couplets") else "-"
        print(
            f"{name:<12}{count:>6}{counted:>9.1%}{rhymed:>9.1%}{syllables:>11.1%}{told:>9}"
            f"{copied(poems, generator.memory):>8}{speed:>9.2f}",
            flush=True,
        )


def judge(path):
    """What the checker makes of real poems: shares, form by form; a poem that stands twice counts once.

    Beside the accepted turns, how many there are without the one that Wang Li counts as a saved lone level;
    beside the rhymes, how many there are without characters that the package's table lacks.
    """
    entries = json.loads(Path(path).read_text("utf-8"))
    print(
        f"{'form':<6}{'poems':>6}{'strict':>8}{'turns':>7}{'+saved':>8}{'fixed':>7}{'table':>7}{'+ours':>7}{'modern':>8}"
    )
    for tag, name in TAGS.items():
        form, poems = FORMS[name], {}
        for entry in entries:
            if tag in entry.get("tags", ()):
                parts = re.split(f"[{CLOSING}\n]", "\n".join(entry["paragraphs"]))
                lines = [line for part in parts if (line := "".join(filter(is_ideograph, part)))]
                if form.fits(lines):
                    poems[tuple(lines)] = check(lines, name), check(lines, name, tones="off", rhyme_book="modern")
        judged = {lines: one for lines, (one, _) in poems.items()}
        rhymed = [lines for lines, one in judged.items() if one.rhyme and not one.breaks]
        shares = [
            sum(one.tones == "strict" for one in judged.values()),
            sum(
                one.tones in RULES and not any(line.wanted == "仄平平仄平" for line in one.lines)
                for one in judged.values()
            ),
            sum(one.tones in RULES for one in judged.values()),
            sum(one.fixed for one in judged.values()),
            sum(not any(line[-1] in SUPPLEMENT for line in lines[1::2]) for lines in rhymed),
            len(rhymed),
            sum(bool(other.rhyme) for _, other in poems.values()),
        ]
        widths = 8, 7, 8, 7, 7, 7, 8
        told = "".join(f"{share / len(poems):>{width}.2f}" for share, width in zip(shares, widths, strict=True))
        print(f"{tag}{len(poems):>4}{told}")


def main():
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chinese", metavar="RUN")
    parser.add_argument("--english", metavar="RUN")
    parser.add_argument("--learned", metavar="FILE", nargs="+")
    parser.add_argument("--judge", metavar="FILE")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.judge:
        judge(given.judge)
    if given.chinese:
        chinese(given.chinese, given.count, given.seed, given.learned)
        acrostics(given.chinese, "jueju7", given.seed)
        acrostics(given.chinese, "jueju5", given.seed)
    if given.english:
        english(given.english, min(given.count, 50), given.seed)


if __name__ == "__main__":
    main()
