"""Which label a text has: by the model's classifier, and by which label makes the text least surprising (Bayes).

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
        by_classifier: float64, shape (texts, labels): the probabilities that the model's classifier gives; None where
            it learned none.
        by_bayes: float64, the same shape: the posterior probabilities by Bayes' rule, from how likely each label makes
            the text. The prior is uniform.
    """

    name: str
    labels: tuple[str, ...]
    by_classifier: NDArray[np.float64] | None
    by_bayes: NDArray[np.float64]

    @property
    def best(self) -> list[str]:
        """The most probable label of each text: by the classifier, or where there is none by Bayes' rule."""
        probabilities = self.by_bayes if self.by_classifier is None else self.by_classifier
        return [self.labels[place] for place in probabilities.argmax(axis=1)]


def classes(engine: Engine, name: str | None, texts: Sequence[Ids]) -> Classes:
    """Classify some texts.

    Args:
        engine: the network; what it is told of labels does not matter.
        name: the name of the label; None for the one that its classifier gives, or the only one.
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
    by_classifier = np.exp(class_log_probabilities(free, texts)) if name == config.classify else None
    told = [engine.told({name: {label: 1.0}}) for label in values]
    return Classes(name, values, by_classifier, np.exp(log_softmax(log_likelihoods(told, texts))))
