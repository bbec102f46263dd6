"""Which label a text has: by what the model says, and by which label makes the text least surprising (Bayes).

This module knows nothing of files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textgen.engine.network import Engine
from textgen.engine.probability import log_softmax
from textgen.engine.texts import class_log_probabilities, log_likelihoods
from textgen.errors import UsageError
from textgen.system.wording import did_you_mean
from textgen.tokens.layout import Ids


@dataclass(frozen=True)
class Classes:
    """The labels of some texts.

    Attributes:
        name: the name of the label.
        labels: the labels, in the order of the columns.
        said: float64, shape (texts, labels): the probabilities that the model says; None where it did not learn to.
        likeliest: float64, the same shape: by Bayes' rule, from how likely each label makes the text. Before the text,
            each label is held equally likely.
    """

    name: str
    labels: tuple[str, ...]
    said: NDArray[np.float64] | None
    likeliest: NDArray[np.float64]

    @property
    def best(self) -> list[str]:
        """The most probable label of each text: as the model says, or where it did not learn to, by Bayes' rule."""
        probabilities = self.likeliest if self.said is None else self.said
        return [self.labels[place] for place in probabilities.argmax(axis=1)]


def classes(engine: Engine, name: str | None, texts: Sequence[Ids]) -> Classes:
    """Say the labels of some texts.

    Args:
        engine: the network, which is told no labels.
        name: the name of the label; None for the one that it learned to say, or the only one.
        texts: integers, each of shape (symbols,), a BOUNDARY first.

    Raises:
        UsageError: the network knows no labels, or none of that name; or there are several and none is named.
    """
    config = engine.config
    known = {labels.name: labels for labels in config.labels}
    if not known:
        raise UsageError("this run knows no labels; it was trained without `label`")
    if name is None and not config.classify and len(known) > 1:
        raise UsageError(f"this run knows several labels; name one of them: {', '.join(known)}")
    name = name if name is not None else config.classify or next(iter(known))
    if name not in known:
        raise UsageError(f"this run knows no label {name!r}; {did_you_mean(name, known)}")
    values, free = known[name].values, engine.told({})
    said = np.exp(class_log_probabilities(free, texts)) if name == config.classify else None
    told = [engine.told({name: {label: 1.0}}) for label in values]
    return Classes(name, values, said, np.exp(log_softmax(log_likelihoods(told, texts))))
