"""Judge poems: read them and human poems, learn from some of the human poems, and measure the others beside the poems.

    judge("poems.txt", reference="human.json", form="jueju7")

This module knows nothing of the command line.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from textgen import arguments
from textgen.corpus.forms import Form, form_of
from textgen.corpus.sources import Paths, listed
from textgen.errors import CorpusError, UsageError
from textgen.judging import caesura, classifier, diction, themes
from textgen.judging.judgement import Judgement, Measure
from textgen.judging.kneser_ney import KneserNey
from textgen.judging.poems import CHINESE, HELD_OUT, Split, Verse, alike, languages, read_poems, shapes, split
from textgen.system import threads
from textgen.system.keywords import answers_keywords
from textgen.system.wording import count
from textgen.verse.meaning.coherence import Coherence
from textgen.verse.meaning.neighbours import Neighbours
from textgen.writing.generator import Generator

# Fewer poems than this tell nothing, nor do statistics from fewer human poems.
MIN_POEMS, MIN_LEARNED = 20, 50
# Human poems that the scorer of coherence learns from, at most.
MAX_COHERENCE_POEMS = 30_000
# Symbols of the n-gram model's longest context and the symbol itself.
ORDERS = {CHINESE: 4, "english": 3}
# A larger share of symbols that no human poem has means another script or another language.
MAX_UNSEEN = 0.25


@answers_keywords
def judge(
    poems: Paths,
    reference: Paths,
    *,
    machine: Paths | None = None,
    model: str | PathLike[str] | None = None,
    form: str | None = None,
    encoding: str | None = None,
) -> Judgement:
    """Measure poems beside human poems that were held out.

    The human poems are split by a hash of each: statistics are learned from four fifths, and the figures of human poems
    are those of poems of the last fifth, of the same shapes as the poems, and as many where there are so many.

    Args:
        poems: files of poems, as of `textgen.judging.poems.read_poems`.
        reference: files of human poems. Those of them that are among the poems are left out.
        machine: files of poems that the classifier learns to tell from human ones; None for the poems themselves.
        model: a run that also says how surprising the poems are; None for none.
        form: the name of a form: only poems of it are compared. None for poems of any.
        encoding: how the files are decoded.

    Raises:
        UsageError: an unknown form, or a missing package.
        CorpusError: a file that cannot be read, too few poems, or human poems of another language, script or form.
        RunError: `model` is no run.
    """
    files, human_files = listed(poems), listed(reference)
    if not files:
        raise UsageError("give the poems to judge: a FILE, before `reference`")
    if not human_files:
        raise UsageError("`reference` takes files of human poems to compare with; none is given")
    form_wanted = None if form is None else form_of(arguments.text("form", form))
    classifier.check_installed()
    generator = None if model is None else Generator.load(str(model))
    notes: list[str] = []
    own = _own(read_poems(files, encoding), form_wanted, notes)
    others = [] if machine is None else _machine(read_poems(machine, encoding), own, form_wanted)
    parts = split(read_poems(human_files, encoding), without=[*own, *others])
    human, parts = _human(own, parts, form_wanted, notes)
    with threads.limited():
        return _measured(own, human, parts.learned, others, generator, form_wanted, notes)


def _own(poems: list[Verse], form: Form | None, notes: list[str]) -> list[Verse]:
    """The poems that are judged: of one language and of the form."""
    if len(poems) < MIN_POEMS:
        raise CorpusError(f"{count(len(poems), 'poem')} to judge; at least {MIN_POEMS} are needed, and 200 tell more")
    language = languages(poems)[0]
    kept = [poem for poem in poems if poem.is_chinese == (language == CHINESE)]
    if form is not None:
        kept = [poem for poem in kept if form.language in ("", language) and form.fits(poem.texts)]
    if len(kept) < MIN_POEMS:
        raise CorpusError(
            f"{count(len(kept), 'poem')} of {len(poems):,} of the form {form.name if form else language}; at least "
            f"{MIN_POEMS} are needed; give another `form`, or leave it out"
        )
    if len(kept) < len(poems):
        notes.append(f"{count(len(poems) - len(kept), 'poem')} of another form or language left out")
    if twice := len(kept) - len({poem.texts for poem in kept}):
        notes.append(f"{count(twice, 'poem')} among them twice")
    return kept


def _human(own: Sequence[Verse], parts: Split, form: Form | None, notes: list[str]) -> tuple[list[Verse], Split]:
    """The human poems for comparison, and the reference in the poems' language."""
    chinese = own[0].is_chinese
    language = "Chinese" if chinese else "English"
    parts = Split(*([poem for poem in part if poem.is_chinese == chinese] for part in parts))
    if len(parts.learned) < MIN_LEARNED:
        raise CorpusError(
            f"`reference`: {count(sum(map(len, parts)), 'poem')} in {language}, without those to judge; at least "
            f"{MIN_LEARNED * HELD_OUT // (HELD_OUT - 1) + 1} are needed, and 5,000 tell more"
        )
    human = alike(parts.held_out, own)
    if len(human) < MIN_POEMS:
        wanted = f"the form {form.name}" if form else "the shapes of the poems"
        raise CorpusError(
            f"`reference`: {count(len(human), 'held-out poem')} of {wanted}, numbers and lengths of lines; at least "
            f"{MIN_POEMS} are needed: give human poems of this form"
        )
    if len(human) < len(own):
        notes.append(f"{count(len(human), 'human poem')} of these shapes for {len(own):,}; the reference has no more")
    known = {symbol for poem in parts.learned for symbol in poem.symbols}
    symbols = [symbol for poem in own for symbol in poem.symbols]
    unseen = sum(symbol not in known for symbol in symbols) / max(len(symbols), 1)
    if unseen > MAX_UNSEEN:
        why = "the other script, traditional or simplified" if chinese else "another language, or few poems"
        raise CorpusError(
            f"`reference`: {unseen:.0%} of the poems' {'characters' if chinese else 'words'} are not in it: is it in "
            f"{why}? Give poems of the same kind"
        )
    return human, parts


def _machine(poems: list[Verse], own: Sequence[Verse], form: Form | None) -> list[Verse]:
    wanted = shapes(own)
    kept = [poem for poem in poems if poem.is_chinese == own[0].is_chinese and poem.shape in wanted]
    if form is not None:
        kept = [poem for poem in kept if form.fits(poem.texts)]
    if len(kept) < MIN_POEMS:
        raise CorpusError(
            f"`machine`: {count(len(kept), 'poem')} of the same form as those to judge; at least {MIN_POEMS} are needed"
        )
    return kept


@dataclass(frozen=True)
class _Scorers:
    """What was learned from human poems."""

    model: KneserNey
    coherence: Coherence | None
    bigrams: Counter[diction.Bigram]
    stock: frozenset[diction.Bigram]
    lexicon: Neighbours

    def surprisal(self, poems: Sequence[Verse]) -> float:
        """Nats a symbol."""
        return float(np.concatenate(self.model.surprisal([poem.lines for poem in poems])).mean())

    def coherent(self, poems: Sequence[Verse]) -> float | None:
        """The mean log-odds of a line after the lines before it; None where no poem has two lines."""
        if self.coherence is None:
            return None
        scores = [self.coherence.poem(poem.texts) for poem in poems if len(poem.texts) > 1]
        return float(np.mean(scores)) if scores else None

    def figures(self, poems: Sequence[Verse]) -> NDArray[np.float64]:
        """What the classifier knows of poems beside n-grams; float64, shape (poems, figures)."""
        surprisal = self.model.surprisal([poem.lines for poem in poems])
        rows = []
        for poem, nats in zip(poems, surprisal, strict=True):
            symbols = poem.symbols
            follows = self.coherence.poem(poem.texts) if self.coherence else 0.0
            lengths = [len(line) for line in poem.lines]
            broken = sum(len(self.lexicon.broken(line)) for line in poem.texts)
            repeated = 1 - len(set(symbols)) / max(len(symbols), 1)
            stock = diction.stock_share(self.stock, [poem])
            spread = (float(nats.mean()), float(nats.std()), float(nats.max())) if len(nats) else (0.0, 0.0, 0.0)
            rows.append([*spread, follows, repeated, stock, broken, float(np.mean(lengths)), float(np.std(lengths))])
        return np.array(rows)


def _measured(
    own: list[Verse],
    human: list[Verse],
    learned: list[Verse],
    machine: list[Verse],
    generator: Generator | None,
    form: Form | None,
    notes: list[str],
) -> Judgement:
    chinese = own[0].is_chinese
    unit = "character" if chinese else "word"
    scorers = _learned(own, learned)
    told = classifier.tell_apart(human, machine or own, scorers.figures, own if machine else ())
    equal = min(len(own), len(human))
    measures = [
        Measure(
            "surprisal",
            f"surprisal under n-grams, nats a {unit}",
            scorers.surprisal(own),
            scorers.surprisal(human),
        ),
        *(_of_run(generator, own, human, notes) if generator else ()),
        Measure("accuracy", "classifier: accuracy (chance 50%)", told.accuracy, unit="share"),
        *_human_probability(own, told, bool(machine)),
        *_coherence(scorers, own, human),
        *_broken(scorers.lexicon, own, human),
        *(
            Measure(
                f"distinct_{n}",
                f"distinct-{n}, of {count(equal, 'poem')}",
                diction.distinct_share(own[:equal], n),
                diction.distinct_share(human[:equal], n),
                unit="share",
            )
            for n in (1, 2)
        ),
        Measure(
            "stock",
            f"stock diction: bigrams among the {diction.STOCK} commonest",
            diction.stock_share(scorers.stock, own),
            diction.stock_share(scorers.stock, human),
            unit="share",
        ),
        _theme(own, human, learned),
    ]
    return Judgement(
        tuple(measures),
        tuple(diction.overused(scorers.bigrams, own)),
        tuple(caesura.broken(scorers.lexicon, own)),
        CHINESE if chinese else "english",
        form.name if form else "",
        len(own),
        len(human),
        len(learned),
        tuple(notes),
    )


def _learned(own: Sequence[Verse], learned: Sequence[Verse]) -> _Scorers:
    wanted = shapes(own)
    model = KneserNey.learn([poem.lines for poem in learned], ORDERS[languages(own)[0]])
    # Poems of the same shape first: they teach most.
    nearest = sorted(learned, key=lambda poem: poem.shape not in wanted)[:MAX_COHERENCE_POEMS]
    coherence = None
    if (
        sum(len(poem.texts) > 1 for poem in own) >= MIN_POEMS
        and sum(len(one.texts) > 1 for one in nearest) >= MIN_POEMS
    ):
        coherence = Coherence.learn([poem.texts for poem in nearest])
    chinese = own[0].is_chinese
    lexicon = caesura.learn(learned if chinese else ())
    counts = diction.bigrams(learned)
    return _Scorers(model, coherence, counts, diction.stock_of(counts), lexicon)


def _of_run(generator: Generator, own: Sequence[Verse], human: Sequence[Verse], notes: list[str]) -> list[Measure]:
    """The surprisal under a run, of the symbols that are letters or characters."""

    def nats(poems: Sequence[Verse]) -> float:
        score = generator.score([poem.text for poem in poems])
        is_letter = np.array([any(map(str.isalpha, symbol)) for symbol in score.symbols])
        return float(score.surprisal[is_letter].mean()) if is_letter.any() else 0.0

    notes.append("surprisal under the run: a run that has learned the human poems finds them less surprising")
    noun = generator.tokenizer.noun
    return [Measure("surprisal_of_run", f"surprisal under the run, nats a {noun}", nats(own), nats(human))]


def _human_probability(own: Sequence[Verse], told: classifier.Told, has_machine: bool) -> list[Measure]:
    """How human the poems of each file are, to the classifier."""
    human = float(told.human.mean())
    judged = told.asked if has_machine else told.machine
    files = list(dict.fromkeys(poem.source for poem in own))
    label = "classifier: mean probability of being human"
    found = [Measure("probability_human", label, float(judged.mean()), human, unit="share")]
    if len(files) > 1:
        sources = np.array([files.index(poem.source) for poem in own[: len(judged)]])
        for number, name in enumerate(files):
            mine = judged[sources == number]
            value, why = (float(mine.mean()), "") if len(mine) else (None, "none of its poems took part")
            found.append(Measure(f"probability_human:{name}", f"    {name}", value, unit="share", why=why))
    return found


def _coherence(scorers: _Scorers, own: Sequence[Verse], human: Sequence[Verse]) -> list[Measure]:
    label = "coherence: mean log-odds that a line follows"
    values = [scorers.coherent(poems) for poems in (own, human, shuffled(human))]
    value, of_human, of_shuffled = values
    if value is None or of_human is None or of_shuffled is None:
        return [Measure("coherence", label, None, why="the poems have one line each")]
    place = 100 * (value - of_shuffled) / (of_human - of_shuffled) if of_human > of_shuffled else None
    why = "" if place is not None else "the reference is too small: shuffled lines look as good as human ones"
    return [
        Measure("coherence", label, value, of_human, of_shuffled),
        Measure("coherence_percent", "coherence: from shuffled to human", place, 100.0, 0.0, "percent", why),
    ]


def shuffled(poems: Sequence[Verse], seed: int = 0) -> list[Verse]:
    """Poems whose lines were exchanged for lines in the same place of other poems of the same shape.

    The first line of each stays, so that all others follow lines of other poems.
    """
    random = np.random.default_rng(seed)
    found = list(poems)
    for shape in sorted(shapes(poems)):
        numbers = [number for number, poem in enumerate(poems) if poem.shape == shape]
        columns = [[poems[number].texts[0] for number in numbers]]
        # Each place is moved on by another number of poems, so that no two lines of a poem meet again.
        moves = random.permutation(len(numbers) - 1) + 1 if len(numbers) > 1 else np.zeros(1, int)
        for place in range(1, shape[0]):
            move = int(moves[(place - 1) % len(moves)])
            columns.append([poems[numbers[(at + move) % len(numbers)]].texts[place] for at in range(len(numbers))])
        for number, lines in zip(numbers, zip(*columns, strict=True), strict=True):
            found[number] = replace(poems[number], texts=lines)
    return found


def _broken(lexicon: Neighbours, own: Sequence[Verse], human: Sequence[Verse]) -> list[Measure]:
    if not own[0].is_chinese:
        return []
    mine, theirs = (caesura.shares(lexicon, poems) for poems in (own, human))
    label, first = "lines that break a word at the caesura", "    of first lines"
    if mine is None or theirs is None:
        return [Measure("broken_words", label, None, why="no lines of five or seven characters")]
    return [
        Measure("broken_words", label, mine.lines, theirs.lines, unit="share"),
        Measure("broken_words_first", first, mine.first_lines, theirs.first_lines, unit="share"),
    ]


def _theme(own: Sequence[Verse], human: Sequence[Verse], learned: Sequence[Verse]) -> Measure:
    name, label = "theme", f"theme: own title first of {themes.CHOICES} (chance 5%)"
    ranker = themes.Ranker.learn(learned)
    if ranker is None:
        return Measure(name, label, None, why="the reference has too few titles")
    mine, theirs = (themes.first_share(ranker, poems) for poems in (own, human))
    why = "" if mine is not None else f"fewer than {themes.CHOICES} poems have titles of their own"
    return Measure(name, label, mine, theirs, unit="share", why=why)
