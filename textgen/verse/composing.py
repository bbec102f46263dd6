"""Compose poems: check the options against the run, choose a template, and let the decoder write.

    compose(Generator.load("tang"), form="jueju7", acrostic="春江花月", seed=1)

What cannot be done is reported before sampling begins. This module knows nothing of the command line.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, Unpack

import numpy as np

from textgen import arguments
from textgen.corpus.forms import FORMS, Form
from textgen.corpus.memory import contains, without_marks
from textgen.errors import ModelError, NothingLeftError, UsageError
from textgen.system import threads
from textgen.system.keywords import answers_keywords, lists_options, with_options
from textgen.system.wording import count
from textgen.tokens.characters import ENDING, is_chinese
from textgen.tokens.layout import BOUNDARY
from textgen.verse import chinese, decoder, english
from textgen.verse.config import PoemConfig, PoemOptions
from textgen.verse.finishing import AS_IS, finish
from textgen.verse.guiding import Guide, Subject, weights_for
from textgen.verse.masks.base import AnyOpening
from textgen.verse.meaning.knowledge import knowledge_from
from textgen.verse.theming import Theme, read_theme
from textgen.writing.generator import Generator
from textgen.writing.sampler import new_seed


@dataclass(frozen=True, repr=False)
class Composition:
    """A finished poem.

    Attributes:
        lines: its lines with their punctuation.
        form: its Form.
        template: the template of regulated verse, one letter a line; else empty.
        title: the title from the options; without one the theme, where the run read titles above its poems.
        number: which poem of the series it is, from 0.
        taken_back: lines that led nowhere and were sampled again.
        log_probability: mean over its symbols under the model without masks, nats.
        plan: the keyword of each line, or an empty text; empty without a theme.
        terms: for each line the terms of the score by which it was chosen (`textgen.verse.meaning.terms`), by name;
            empty where the likeliest line was taken, or the user gave the line.
    """

    lines: tuple[str, ...]
    form: Form
    template: str
    title: str
    number: int
    taken_back: int
    log_probability: float
    plan: tuple[str, ...] = ()
    terms: tuple[Mapping[str, float], ...] = ()

    @property
    def stanzas(self) -> tuple[tuple[str, ...], ...]:
        """The lines, stanza by stanza.

        The model reads no break between stanzas: where it learned, an empty line is the end of a poem.
        """
        return self.form.in_stanzas(self.lines)

    @property
    def text(self) -> str:
        """The poem as it is printed: an empty line between stanzas, Chinese verse with a sentence to a row."""
        if not self.form.is_tonal and not is_chinese("".join(self.lines)):
            return "\n\n".join("\n".join(stanza) for stanza in self.stanzas)
        if not self.form.is_tonal:
            return "\n".join("".join(self.lines[at : at + 2]) for at in range(0, len(self.lines), 2))
        return "".join(line + "\n" * (line[-1:] in ENDING) for line in self.lines).rstrip("\n")

    def __repr__(self) -> str:
        return f"<Composition, {self.form.name}: {count(len(self.lines), 'line')}, {arguments.shown(self.text)}>"

    def __str__(self) -> str:
        return f"{self.title}\n\n{self.text}" if self.title else self.text


class Language(Protocol):
    """What the user asks of a poem, in a run's own symbols.

    Attributes:
        notes: options that are read otherwise than the user wrote them, one line each.
        mood: ids that the model reads first, as a text of their own.
        heading: ids that the model reads above the poem.
        title: the theme, where it stands in the heading in place of a title; else empty.
    """

    notes: list[str]
    mood: list[int]
    heading: list[int]
    title: str

    def opening(self, chooser: np.random.Generator) -> AnyOpening:
        """An opening that keeps what the user asks for."""

    def lines(self, ids: list[int]) -> list[str]:
        """The lines that ids spell."""


@answers_keywords
@lists_options(PoemConfig)
def compose(generator: Generator, **options: Unpack[PoemOptions]) -> Composition:
    """Write one poem.

    Args:
        generator: of a run trained on poems.
        options: fields of PoemConfig, listed below.

    Raises:
        TextgenError: the errors of `compositions`.
    """
    _, poems = compositions(generator, with_options(PoemConfig, None, options))
    return next(poems)


@answers_keywords
def compositions(
    generator: Generator,
    config: PoemConfig | None = None,
    *,
    each_draw: Callable[[], object] = lambda: None,
    **options: Unpack[PoemOptions],
) -> tuple[list[str], Iterator[Composition]]:
    """Write poems.

    Args:
        generator: of a run trained on poems.
        config: options; keywords override them.
        each_draw: called before lines are drawn, some times a second; what it raises ends the writing.
        options: fields of PoemConfig.

    Returns:
        notes, one line for each option that is read otherwise than the user wrote it; and an iterator that writes the
        poems.

    Raises:
        UsageError: an option out of its range, a form in a language that the run does not write, a rhyme with too few
            words, an acrostic or a beginning that fits no template, or a package that is not installed.
        PromptError: symbols outside the run's vocabulary.
        ModelError: a run that was not trained on poems.
        NothingLeftError: while writing: the search finds no poem that keeps everything asked for.
    """
    arguments.instance("generator", generator, Generator)
    config = with_options(PoemConfig, config, options)
    if config.seed is None:
        config = dataclasses.replace(config, seed=new_seed())
    if generator.documents != "poem":
        raise ModelError(f'this run learned {_documents(generator)}, not poems; train on poems with `documents="poem"`')
    form, writes_chinese = config.sized_form, is_chinese("".join(generator.tokenizer.symbols))
    own = "chinese" if writes_chinese else "english"
    if form.language not in ("", own):
        also = "; `acrostic` goes with each of them" if form.name == "acrostic" else ""
        raise UsageError(
            f'`form="{form.name}"` is {form.language.title()} verse, and this run writes {own.title()}; choose one of '
            f"{FORMS.listed(own)}{also}"
        )
    theme = read_theme(config, form, knowledge_from(generator.knowledge))
    read = theme.text if config.theme else ""
    language: Language = (chinese.Chinese if writes_chinese else english.English)(generator, form, config, read)
    return [*theme.notes, *language.notes], _write(generator, form, config, language, theme, each_draw)


def _write(
    generator: Generator,
    form: Form,
    config: PoemConfig,
    language: Language,
    theme: Theme,
    each_draw: Callable[[], object],
) -> Iterator[Composition]:
    assert config.seed is not None  # compositions() has chosen one
    engine = generator.engine
    before = [BOUNDARY, *language.mood, BOUNDARY] if language.mood else [BOUNDARY]
    before += language.heading
    subject = _subject(generator, form, config, language, theme)
    for number in range(config.count):
        chooser = np.random.default_rng([config.seed, number])
        opening = language.opening(chooser)
        guide = _guide(subject, config, language, theme, opening, number)
        with threads.limited():
            logits, state = engine.read([*before, *opening.forced])
            start = decoder.Line(
                list(opening.opened), opening.position, state, logits[None], is_open=bool(opening.opened)
            )
            draft = decoder.poem(
                engine,
                opening.verse,
                start,
                seed=config.seed,
                key=(number,),
                temperature=config.temperature,
                rows=config.tries,
                refused=lambda ids: _is_copied(generator, language, form, ids),
                each_draw=each_draw,
                guide=guide,
            )
        if draft is None:
            raise NothingLeftError(
                f"poem {number + 1}: the search found no {form.name} that keeps everything asked for; try a higher "
                "`tries` or `temperature`, or ask for less"
            )
        symbols = sum(len(line.ids) for line in draft.lines)
        total = sum(line.score for line in draft.lines)
        lines = language.lines([*opening.done, *itertools.chain(*(line.ids for line in draft.lines))])
        terms = guide.terms(lines) if guide else ()
        if form.language == "english":
            lines = finish(lines, config.capitals, form.refrains)
        yield Composition(
            lines=tuple(lines),
            form=form,
            template=opening.verse.template,
            title=config.title or language.title,
            number=number,
            taken_back=draft.taken_back,
            log_probability=total / symbols if symbols else 0.0,
            plan=guide.plan if guide else (),
            terms=terms,
        )


def _subject(generator: Generator, form: Form, config: PoemConfig, language: Language, theme: Theme) -> Subject | None:
    """What the poems are about; None where the run knows nothing of its poems, or nothing is asked of them."""
    knowledge = knowledge_from(generator.knowledge)
    if knowledge is None or (config.plain and not theme.text):
        return None
    chinese = knowledge.coherence.chinese
    return Subject(
        knowledge,
        language.lines,
        generator.printed,
        form,
        affinity=theme.affinity(knowledge) if theme.text else {},
        weights={} if config.plain else weights_for(chinese),
        meter_rule=config.meter_rule,
        has_words=chinese or generator.tokenizer.kind == "word",
    )


def _guide(
    subject: Subject | None, config: PoemConfig, language: Language, theme: Theme, opening: AnyOpening, number: int
) -> Guide | None:
    """What guides the lines of one poem."""
    if subject is None:
        return None
    # A random stream of its own: a theme changes no choice of templates.
    plan = theme.planned(subject.knowledge, subject.form, np.random.default_rng([config.seed or 0, number, 1]))
    return Guide(subject, [without_marks(line) for line in language.lines(list(opening.done))], plan)


def _is_copied(generator: Generator, language: Language, form: Form, ids: list[int]) -> bool:
    """Whether a line is a whole line of the training poems, as it is written or as it is printed."""
    known = generator.memory.get("lines")
    if known is None:
        return False
    written = language.lines(ids)
    # "a owl" is printed as "an owl".
    printed = finish(written, AS_IS) if form.language == "english" else written
    texts = {without_marks("".join(lines)) for lines in (written, printed)} - {""}
    return any(contains(known, text) for text in texts)


def _documents(generator: Generator) -> str:
    return {"file": "whole files", "block": "blocks of text", "line": "lines of text"}[generator.documents]
