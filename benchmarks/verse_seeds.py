"""Poems by the ten thousand: how many are found, how fast, and what textgen says where a form asks too much of a model.

    python -m benchmarks.verse_seeds [RUN...] [--seeds 20000] [--processes N] [--tries 12] [--temperature 0.8]

Each seed is one poem of one form by one model, and has a random stream of its own. The models are RUNs, which learned
poems of either language, and models of every unit with random weights (tests/helpers/poets.py). All forms of a language
are spread over its models. A form has the fewer seeds the longer its poems are, and at least one with each model. One
process a core.

A form may ask too much of a model: too many words of one rhyme, for instance. Then textgen says so in one line before
anything is drawn; such pairs of form and model are counted apart, with the line. A poem that the search does not find
is named with its seed and its number in the series (7:3 is the last poem of --seed 7 --count 3).
"""

import argparse
import collections
import multiprocessing
import os
import time
from functools import cache

from tests.helpers.poets import novices
from textgen import Generator
from textgen.corpus.forms import FORMS
from textgen.errors import NothingLeftError, TextgenError
from textgen.tokens.characters import is_chinese
from textgen.verse import compositions

# Seeds of one form and model that a process takes at once.
SOME = 20
# What a poem takes beside its syllables, in syllables; and how much longer one syllable of English takes.
ALWAYS, ENGLISH = 20, 3
# The form that needs an acrostic, and its acrostic.
NEEDS = {"acrostic": {"acrostic": "lamp"}}


@cache
def models(paths):
    """The language and the Generator of each model, by name."""
    found = novices()
    for path in paths:
        generator = Generator.load(path)
        found[path] = "chinese" if is_chinese("".join(generator.tokenizer.symbols)) else "english", generator
    return found


def size(form):
    """About how long a poem takes, in syllables of Chinese."""
    if form.meters:
        return ENGLISH * sum(len(patterns[0]) for patterns in form.meters) + ALWAYS
    return sum(form.lengths) + ALWAYS if form.lengths else 6 * ALWAYS


def spread(names, seeds):
    """How many seeds each pair of form and model has.

    Args:
        names: the language of each model, by name.
    """
    pairs = [(form, name) for form in FORMS.values() for name in names if form.language in ("", names[name])]
    # A run that writes from the end of a line takes no acrostic without meter.
    pairs = [(form, name) for form, name in pairs if form.name != "acrostic" or "backward" not in name]
    whole = sum(1 / size(form) for form, _ in pairs)
    return {(form.name, name): max(round(seeds / size(form) / whole), 1) for form, name in pairs}


def written(task):
    """Write the poems of some seeds: how many were found, CPU seconds, those that were not, what was said of how many.

    What the poems of a series share is made once; each has a random stream of its own all the same.
    """
    paths, form, name, first, number, options = task
    generator = models(paths)[name][1]
    began, found, lost, seed = time.process_time(), 0, [], first
    while found + len(lost) < number:
        left, before = number - found - len(lost), found
        try:
            _, poems = compositions(generator, form=form, seed=seed, count=left, **options, **NEEDS.get(form, {}))
        except TextgenError as error:
            return form, name, found, time.process_time() - began, lost, left, str(error)
        try:
            for _ in poems:
                found += 1
        except NothingLeftError:
            lost.append(f"{seed}:{found - before + 1}")
            seed += found - before + 1
    return form, name, found, time.process_time() - began, lost, 0, ""


def main():
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", metavar="RUN")
    parser.add_argument("--seeds", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--tries", type=int, default=12)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    given = parser.parse_args()
    paths, options = tuple(given.runs), {"tries": given.tries, "temperature": given.temperature}
    counts = spread({name: language for name, (language, _) in models(paths).items()}, given.seeds)
    tasks = [
        (paths, form, name, given.first + at, min(SOME, number - at), options)
        for (form, name), number in counts.items()
        for at in range(0, number, SOME)
    ]
    began, seconds, refused, lost = time.perf_counter(), 0.0, {}, []
    poems, spoken = collections.Counter(), collections.Counter()
    with multiprocessing.Pool(given.processes) as pool:
        for done, (form, name, found, taken, missing, left, line) in enumerate(pool.imap_unordered(written, tasks), 1):
            poems[form, name] += found
            seconds += taken
            lost += [(form, name, seed) for seed in missing]
            if left:
                refused[form, name] = line
                spoken[form, name] += left
            if done % 50 == 0:
                print(f"{done:,} of {len(tasks):,} parts: {poems.total():,} poems, {len(lost)} not found", flush=True)
    wall = time.perf_counter() - began
    forms, names = (len(set(each)) for each in zip(*poems, strict=True))
    print(
        f"\n{poems.total():,} poems of {forms} forms by {names} models in "
        f"{wall:,.0f} s: {poems.total() / wall:.1f} a second, {poems.total() / seconds:.1f} a second of one core"
    )
    print(f"{len(lost)} not found")
    for (form, name), number in collections.Counter((form, name) for form, name, _ in lost).most_common():
        own = [seed for one, other, seed in lost if (one, other) == (form, name)]
        print(f"  {number:,} of {number + poems[form, name]:,}: {form} by {name}: {', '.join(own[:8])}")
    print(
        f"{len(refused)} pairs of form and model, with {spoken.total():,} seeds, of which textgen says before it draws:"
    )
    for (form, name), line in refused.items():
        print(f"  {form} by {name}: {line}")


if __name__ == "__main__":
    main()
