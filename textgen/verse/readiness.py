"""Whether a run has learned enough to write verse, judged by its own history: a warning before its first poem.

Masks keep the form whatever the model knows, so a poem of a run that has learned nothing looks like verse at first. The
scale is what counting pairs of symbols predicts without a network (`textgen.runs.run.Baselines`). It was set with short
trainings on 2,800 English sonnets, whose poems were read and whose errors of agreement were counted:

    characters  48 and 84 steps     0.93 and 0.84 of the baseline's loss    an error in every third line
                567 steps           0.63                                    in every twentieth
    words       15 and 35 steps     1.11 and 1.07                           one in each line
                351 steps           0.96                                    in every seventeenth

This module does not know the command line.
"""

import math

from textgen.errors import RunError
from textgen.runs.diary import Line, best_epoch
from textgen.runs.run import Baselines, Run
from textgen.runs.verdict import Evidence, Level, verdict
from textgen.system.wording import count
from textgen.tokens.characters import is_chinese

# The share of the baseline's loss above which a model has barely learned. Pairs of letters know little of a text, pairs
# of words or of Chinese characters much.
BARELY, BARELY_OF_LETTERS = 0.97, 0.75
# Of the steps that were made, the fewest and the most times as many that are advised.
FEWEST_TIMES, MOST_TIMES = 1, 20


def warning(run: Run) -> str | None:
    """Say that a run has barely learned, and how much more training would help.

    Returns:
        one line, with the parameters of a training in backquotes; None for a run that has learned enough, that was
        measured on no held-out text, or whose history or baselines are missing or damaged: writing needs neither.
    """
    try:
        history, baselines = run.history(), run.baselines
        found = verdict(Evidence.of(run)) if history and baselines else None
    except RunError:
        return None
    if found is None or baselines is None or "validation_nats" not in (best := best_epoch(history)):
        return None
    noun, nats = run.tokenizer.noun, float(best["validation_nats"])
    of_letters = run.tokenizer.of_characters and not is_chinese("".join(run.tokenizer.symbols))
    enough = (BARELY_OF_LETTERS if of_letters else BARELY) * baselines.bigram_nats
    if nats < enough:
        return None
    learned = (
        f"this model has barely learned, and its poems keep their form but make little sense: {nats:.2f} nats a {noun} "
        f"on held-out text, where a table of pairs of {noun}s has {baselines.bigram_nats:.2f}"
    )
    if found.level in (Level.BY_HEART, Level.DIVERGED) or best["step"] < history[-1]["step"]:
        return f"{learned}; more training would not help; what would: {found.advice.removeprefix('to ')}"
    return f"{learned}; {_more(run, history[0], best, baselines, enough)}"


def _more(run: Run, first: Line, best: Line, baselines: Baselines, enough: float) -> str:
    """How much longer to train, by the run's own speed: epochs where it counts epochs, else minutes."""
    steps, seconds = float(best["step"]), float(best["seconds"])
    # The loss falls by about as much with each tenfold of the steps: as the epochs show, or by all that was learned.
    fall = max(baselines.unigram_nats - float(best["validation_nats"]), 1e-9)
    if best["step"] > first["step"] > 0:
        seen = float(first["validation_nats"] - best["validation_nats"])
        fall = max(fall, seen / math.log10(best["step"] / first["step"]))
    times = 10 ** min((float(best["validation_nats"]) - enough) / fall, math.log10(MOST_TIMES))
    missing = steps * max(times - 1, FEWEST_TIMES)
    minutes = math.ceil(missing * seconds / max(steps, 1) / 60)
    if run.training.minutes is not None:
        return f"about {count(minutes, 'minute')} more would help; train with `resume={run.path}` `minutes={minutes}`"
    epochs = math.ceil(missing * float(best["epoch"]) / max(steps, 1))
    return (
        f"about {count(epochs, 'epoch')} more would help, {count(minutes, 'minute')} at its speed; train with "
        f"`resume={run.path}` `epochs={epochs}`"
    )
