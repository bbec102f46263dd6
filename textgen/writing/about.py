"""A Generator in one line: which run, which unit, how large, how well it predicts."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from textgen.engine.mixture import Mixture
from textgen.engine.network import AnyNetwork, Engine
from textgen.errors import TextgenError
from textgen.runs.describe import shape
from textgen.runs.diary import best_epoch, measured
from textgen.runs.run import load_run
from textgen.shown import one_line
from textgen.system.wording import count
from textgen.tokens.base import Tokenizer


def about(
    engine: AnyNetwork, tokenizer: Tokenizer, direction: str, run: Path | None, mixed: Sequence[Path | None]
) -> str:
    """Describe a generator.

    Args:
        engine, tokenizer, direction: its own.
        run: its run folder, from which the loss is read. Where that has gone, the loss is left out.
        mixed: the run folder of each generator that it mixes.
    """
    facts = [f"{tokenizer.noun}s", count(tokenizer.vocabulary_size, "symbol")]
    if isinstance(engine, Engine):
        facts += [shape(engine.config), f"{engine.config.parameters():,} parameters"]
    if direction == "backward":
        facts.append("lines from their end")
    origin = f"of {_name(run)}"
    if isinstance(engine, Mixture):
        parts = zip(engine.weights, mixed, strict=True)
        origin = "mixing " + " and ".join(f"{weight:.2g} {_name(one)}" for weight, one in parts)
    return f"<Generator {origin}: {', '.join(facts + _loss(run, tokenizer.noun))}>"


def _name(run: Path | None) -> str:
    return "no run" if run is None else one_line(str(run))


def _loss(run: Path | None, noun: str) -> list[str]:
    if run is not None:
        with contextlib.suppress(TextgenError, OSError):
            if history := load_run(run).history():
                best = best_epoch(history)
                return [f"{measured(best)} loss {best[f'{measured(best)}_nats']:.4g} nats a {noun}"]
    return []
