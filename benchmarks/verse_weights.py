"""The weights of the terms by which the decoder chooses among lines, learned from held-out poems.

    python benchmarks/verse_weights.py RUN POEMS... [--sets 600] [--tries 12] [--temperature 0.8] [--seed 1]

POEMS are poems that the run did not learn: Chinese ones in JSON with titles, or English sonnets as text, whose first
lines stand for titles. At a place of each, the run writes candidates for the next line under the masks of the form, as
`textgen poem` does; in English they rhyme with an earlier line where the human line does. The human line is among them,
where it keeps the meter. A conditional logit
(McFadden 1974, Conditional Logit Analysis of Qualitative Choice Behavior) without negative weights learns on two
thirds of the sets which is the human one. Printed are the weights, to go into `textgen.verse.meaning.terms`, and on
the last third how often the human line is put first: by the likelihood, by each term alone, and by all.

The weight of the keyword cannot be learned so, since human poems have no plan; `--keywords` prints the shares of lines
that carry theirs for some weights.
"""

import argparse
import time

import numpy as np

from textgen import Generator
from textgen.corpus.documents import read_corpus
from textgen.corpus.headings import title_of, without_heading
from textgen.corpus.memory import lines_of, without_marks, words
from textgen.corpus.poems import Selection
from textgen.errors import TextgenError
from textgen.sampling.draw import Uniforms
from textgen.tokens.layout import BOUNDARY
from textgen.verse import compositions, decoder
from textgen.verse.chinese import Chinese
from textgen.verse.config import PoemConfig
from textgen.verse.english import English
from textgen.verse.faults import examine
from textgen.verse.guiding import Guide, Subject
from textgen.verse.masks.position import MetricalPosition, RhymeSoFar
from textgen.verse.meaning.knowledge import knowledge_from, tones
from textgen.verse.meaning.terms import CHINESE_WEIGHTS, TERMS, Situation
from textgen.verse.theming import read_theme

FORMS = ("jueju5", "jueju7", "lushi5", "lushi7")
NAMES = [name for name in TERMS if name not in ("keyword", "doubling", "turned", "faults")]
ENGLISH_NAMES = ["likelihood", "coherence", "theme", "doubling", "faults"]
RIDGE, STEPS, RATE = 3e-3, 4000, 0.05


def one_set(generator, form, title, lines, place, given, seed):
    """The terms of the candidates at a place of a poem, the human line first: shape (candidates, terms)."""
    knowledge = knowledge_from(generator.knowledge)
    config = PoemConfig(form=form, title=title, theme=title, start="".join(lines[:place]), seed=seed)
    theme = read_theme(config, config.sized_form, knowledge)
    language = Chinese(generator, config.sized_form, config)
    opening = language.opening(np.random.default_rng(seed))
    engine = generator.engine
    logits, state = engine.read([BOUNDARY, *language.heading, *opening.forced])
    start = decoder.Line([], opening.position, state, logits[None])
    affinity = theme.affinity(knowledge)
    form = config.sized_form
    guide = Guide(Subject(knowledge, language.lines, generator.printed, form, affinity=affinity))
    uniforms = Uniforms(seed, [(place, row) for row in range(given.tries)])
    leaning = guide.leaning(place)
    found = decoder.lines(engine, opening.verse, start, given.tries, given.temperature, uniforms, leaning)
    human = [language.id_of.get(one) for one in lines[place]]
    if None in human or len(found) < 2:
        return None
    total, row = 0.0, logits[None]
    for index in human:
        total += decoder.log_probabilities(row, np.array([index]), np.float32)[0]
        row, state = engine.step(state, np.array([index]))
    own = without_marks(lines[place])
    candidates = [without_marks("".join(language.lines(line.ids))) for line in found]
    # Of a line that ends a row the model also wrote the line feed, which says nothing of the line.
    likelihood = [total / len(human), *(line.score / len(line.ids) for line in found)]
    situation = Situation(
        knowledge,
        [without_marks(line) for line in lines[:place]],
        [own, *candidates],
        np.array(likelihood, np.float32),
        "",
        affinity,
        tones(),
        len(lines),
        place in form.parallel,
    )
    return np.stack([TERMS[name](situation) for name in NAMES], 1)


def english_set(generator, language, lines, place, given, seed):
    """The terms of the candidates at a place of a sonnet, the human line first; None where it breaks the meter."""
    knowledge, engine = knowledge_from(generator.knowledge), generator.engine
    config = PoemConfig(form="sonnet", theme=lines[0], seed=seed)
    form = config.sized_form
    human = encoded(generator, lines[place])
    if human is None or not examine(lines[place], form.meters[place], "substitutions").reading:
        return None
    verse = language.opening(np.random.default_rng(seed)).verse
    index, mate = verse.lexicon.index, ()
    end = words(lines[place])[-1]
    for other in (words(line)[-1] for line in lines[:place]):
        if end in index and other in index and end != other:
            shared = verse.lexicon.rhymes[index[end]] & verse.lexicon.rhymes[index[other]]
            mate = (RhymeSoFar(form.rhyme[place], shared, (index[other],)),) if shared else mate
    before = [one for line in lines[:place] for one in encoded(generator, line, is_exact=False)]
    logits, state = engine.read([BOUNDARY, *before])
    start = decoder.Line([], MetricalPosition(line=place, rhymes=mate), state, logits[None])
    affinity = read_theme(config, form, knowledge).affinity(knowledge)
    guide = Guide(Subject(knowledge, language.lines, generator.printed, form, affinity=affinity))
    uniforms = Uniforms(seed, [(place, row) for row in range(given.tries)])
    found = decoder.lines(engine, verse, start, given.tries, given.temperature, uniforms, guide.leaning(place))
    if len(found) < 2:
        return None
    total, row = 0.0, logits[None]
    for one in human:
        total += decoder.log_probabilities(row, np.array([one]), np.float32)[0]
        row, state = engine.step(state, np.array([one]))
    texts = [lines[place], *("".join(language.lines(line.ids)) for line in found)]
    likelihood = [total / len(human), *(line.score / len(line.ids) for line in found)]
    situation = Situation(
        knowledge,
        [without_marks(line) for line in lines[:place]],
        [without_marks(text) for text in texts],
        np.array(likelihood, np.float32),
        affinity=affinity,
        lines=len(lines),
        texts=texts,
        patterns=form.meters[place],
    )
    return np.stack([TERMS[name](situation) for name in ENGLISH_NAMES], 1)


def encoded(generator, line, is_exact=True):
    """The ids of a line and its end in the order of writing; None where the run does not know a word of it."""
    tokenizer = generator.tokenizer
    if is_exact and tokenizer.unknown(line):
        return None
    ids = tokenizer.encode(line + "\n").tolist()
    return [*ids[-2::-1], ids[-1]] if generator.direction == "backward" else ids


def english_sets(generator, given):
    """Sets of candidates at places of held-out sonnets, of some sonnets at several places."""
    random = np.random.default_rng(given.seed)
    documents = [lines_of(without_heading(one)) for one in read_corpus(given.poems, documents="poem").documents]
    config = PoemConfig(form="sonnet")
    language = English(generator, config.sized_form, config)

    def one(at):
        lines = documents[at]
        if len(lines) != config.sized_form.lines:
            return None
        return english_set(generator, language, lines, int(random.integers(1, len(lines))), given, at)

    return collected([*random.permutation(len(documents)).tolist()] * 12, one, given.sets)


def sets(generator, given):
    """Sets of candidates at places of held-out poems."""
    random = np.random.default_rng(given.seed)
    selection = Selection(heading="title", forms=FORMS)
    documents = list(read_corpus(given.poems, selection=selection).documents)

    def one(at):
        title, lines = title_of(documents[at]), lines_of(without_heading(documents[at]).replace("\n", ""))
        form = f"{'jueju' if len(lines) == 4 else 'lushi'}{len(without_marks(lines[0]))}"
        place = int(random.integers(len(lines)))
        return one_set(generator, form, title, lines, place, given, at) if title else None

    return collected(random.permutation(len(documents)).tolist(), one, given.sets)


def collected(places, make, count):
    """Sets that `make` gives for documents. It refuses poems that break the form or have symbols the run never saw."""
    found = []
    for at in places:
        try:
            one = make(at)
        except TextgenError:
            continue
        if one is not None:
            found.append(one)
        if len(found) == count:
            break
    return found


def learn(found):
    """The weights of a conditional logit, none negative: shape (terms,), per unit of each term."""
    scale = np.concatenate(found).std(0) + 1e-6
    weights = np.full(len(scale), 0.5)
    for step in range(STEPS):
        gradient = RIDGE * weights
        for one in found:
            scores = one / scale @ weights
            share = np.exp(scores - scores.max())
            share /= share.sum()
            gradient -= (one[0] - share @ one) / scale / len(found)
        weights = np.maximum(weights - RATE * (1 - step / STEPS) * gradient, 0)
        if step % 200 == 0 and np.abs(gradient[weights > 0]).max(initial=0) < 1e-4:
            break
    return weights / scale


def first(found, weights):
    """How often the human line is put first."""
    return np.mean([scores[0] > scores[1:].max() for one in found for scores in [one @ weights]])


def carried(generator, titles, weight, form, count):
    """The share of lines that carry their whole keyword."""
    own, CHINESE_WEIGHTS["keyword"] = CHINESE_WEIGHTS["keyword"], weight
    hits = total = 0
    for number, title in enumerate(titles[:count]):
        _, poems = compositions(generator, form=form, theme=title, seed=number)
        poem = next(poems)
        hits += sum(word in line for word, line in zip(poem.plan, poem.lines, strict=False))
        total += len(poem.plan)
    CHINESE_WEIGHTS["keyword"] = own
    return hits / max(total, 1)


def main():
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("poems", nargs="+")
    parser.add_argument("--sets", type=int, default=600)
    parser.add_argument("--tries", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--keywords", action="store_true")
    given = parser.parse_args()
    generator = Generator.load(given.run)
    if given.keywords:
        documents = read_corpus(given.poems, selection=Selection(heading="title", forms=FORMS)).documents
        titles = [title for document in documents if len(title := title_of(document)) > 1]
        for weight in (0.5, 1.0, 2.0, 4.0):
            print(f"keyword {weight:g}: {carried(generator, titles, weight, 'jueju7', 40):.1%} of lines carry theirs")
        return
    began = time.perf_counter()
    names, make = (
        (NAMES, sets) if knowledge_from(generator.knowledge).coherence.chinese else (ENGLISH_NAMES, english_sets)
    )
    found = make(generator, given)
    cut = len(found) * 2 // 3
    weights = learn(found[:cut])
    print(f"{len(found)} sets of {given.tries + 1} in {time.perf_counter() - began:.0f} s")
    print(f"{'term':<14}{'weight':>9}{'human':>9}{'model':>9}{'first alone':>13}")
    for at, name in enumerate(names):
        alone = np.eye(len(names))[at]
        human = np.mean([one[0, at] for one in found])
        model = np.mean([one[1:, at].mean() for one in found])
        print(f"{name:<14}{weights[at]:>9.3f}{human:>9.3f}{model:>9.3f}{first(found[cut:], alone):>13.1%}")
    chance = np.mean([1 / len(one) for one in found[cut:]])
    print(
        f"the human line is put first in {first(found[cut:], weights):.1%} of the last third (by chance {chance:.1%})"
    )


if __name__ == "__main__":
    main()
