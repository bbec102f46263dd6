"""Poems: what is asked for, checked against what the run can do; the templates that hold it; the poems themselves.

    compose(Generator.load("tang"), form="jueju7", acrostic="春江花月", seed=1)

Everything that cannot be is said before the first symbol is drawn. This module knows nothing of the command line.
"""

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from textgen.corpus.forms import FORMS, Form, form_of
from textgen.corpus.memory import contains, without_marks
from textgen.errors import ModelError, NothingLeftError, UsageError
from textgen.system import threads
from textgen.tokens.characters import is_chinese
from textgen.tokens.layout import BOUNDARY
from textgen.verse import chinese, decoder, english
from textgen.verse.config import PoemConfig
from textgen.writing.generator import Generator, new_seed


@dataclass(frozen=True)
class Composition:
    """A poem that was written.

    Attributes:
        lines: its lines, each with its marks.
        form: the Form.
        template: of regulated verse, a letter a line; else empty.
        title: as it was asked for.
        number: which of the poems asked for, from 0.
        taken_back: lines that led nowhere and were written again.
        log_probability: mean over its symbols under the model, whatever the form asked for, nats.
    """

    lines: tuple[str, ...]
    form: Form
    template: str
    title: str
    number: int
    taken_back: int
    log_probability: float

    @property
    def text(self) -> str:
        """The poem as it is printed: in Chinese two lines to a row."""
        if not is_chinese("".join(self.lines)):
            return "\n".join(self.lines)
        return "\n".join("".join(self.lines[at : at + 2]) for at in range(0, len(self.lines), 2))

    def __str__(self) -> str:
        return f"{self.title}\n\n{self.text}" if self.title else self.text


def compose(generator: Generator, **options) -> Composition:
    """Write one poem. Options and errors as of `compositions`."""
    _, poems = compositions(generator, **options)
    return next(poems)


def compositions(
    generator: Generator, config: PoemConfig | None = None, **options
) -> tuple[list[str], Iterator[Composition]]:
    """Write poems.

    Args:
        generator: of a run that learned poems.
        config: options to begin from; those given by name win.
        options: fields of PoemConfig.

    Returns:
        notes, a line for each thing that was read otherwise than it was given; and an iterator that does the writing.

    Raises:
        UsageError: an option out of its range, a form in a language that the run does not write, a rhyme too rare, an
            acrostic or a beginning that no template holds, a package that is not installed.
        PromptError: characters that the run never saw.
        ModelError: a run that learned no poems.
        NothingLeftError: while writing: no poem was found that holds all that was asked.
    """
    config = dataclasses.replace(config or PoemConfig(), **options)
    if config.seed is None:
        config = dataclasses.replace(config, seed=new_seed())
    if generator.documents != "poem":
        raise ModelError(
            f"this run learned {_kinds(generator.documents)}, not poems; train one on poems: textgen train FILE "
            "--documents poem"
        )
    form, writes_chinese = form_of(config.form), is_chinese("".join(generator.tokenizer.symbols))
    own = "chinese" if writes_chinese else "english"
    if form.language not in ("", own):
        fitting = ", ".join(name for name, other in FORMS.items() if other.language in ("", own))
        raise UsageError(f"form {form.name} is {form.language} verse, and this run writes {own}; choose of {fitting}")
    language = (chinese.Chinese if writes_chinese else english.English)(generator, form, config)
    return language.notes, _write(generator, form, config, language)


def _write(generator, form, config, language):
    engine = generator.engine
    before = [BOUNDARY, *language.mood, BOUNDARY] if language.mood else [BOUNDARY]
    for number in range(config.count):
        chooser = np.random.default_rng([config.seed, number])
        opening = language.opening(chooser)
        with threads.limited(threads.for_rows(config.tries, engine.largest_product)):
            logits, state = engine.read([*before, *opening.forced])
            start = decoder.Line(list(opening.opened), opening.place, state, logits[None], is_open=bool(opening.opened))
            drawn = decoder.poem(
                engine,
                opening.verse,
                start,
                seed=config.seed,
                key=(number,),
                temperature=config.temperature,
                rows=config.tries,
                refused=lambda ids: _is_copied(generator, language, ids),
            )
        if drawn is None:
            raise NothingLeftError(
                f"poem {number + 1}: no {form.name} was found that holds all that was asked; try a higher --tries or "
                "--temperature, or ask for less"
            )
        ids = [
            *opening.done,
            *itertools.chain(*(line.ids for line in drawn.lines)),
        ]
        symbols = sum(len(line.ids) for line in drawn.lines)
        total = sum(line.score for line in drawn.lines)
        yield Composition(
            lines=tuple(language.lines(ids)),
            form=form,
            template=getattr(opening.verse, "template", ""),
            title=config.title,
            number=number,
            taken_back=drawn.taken_back,
            log_probability=total / symbols if symbols else 0.0,
        )


def _is_copied(generator, language, ids):
    """Whether a line stands whole in the poems that the run learned."""
    known = generator.memory.get("lines")
    text = without_marks("".join(language.lines(ids)))
    return known is not None and bool(text) and contains(known, text)


def _kinds(documents):
    return {"file": "whole files", "block": "blocks of text", "line": "lines of text"}[documents]
