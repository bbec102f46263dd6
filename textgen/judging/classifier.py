"""A classifier of poems: written by people, or not.

Logistic regression on TF-IDF of n-grams and a few figures of each poem, by scikit-learn (the extra `judge`). Of Chinese
poems it sees n-grams of one to three characters, also across the ends of lines, and the pairs across a caesura as
such; of English poems words and n-grams of two to four characters. Accuracy is that of 10-fold cross-validation over as
many poems of either kind, so that 50% means that it cannot tell them apart.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textgen.judging.poems import Verse
from textgen.system import extras
from textgen.verse.meaning.neighbours import ACROSS

Floats: TypeAlias = NDArray[np.float64]
# The figures of some poems: float64, shape (poems, figures).
Figures: TypeAlias = Callable[[Sequence[Verse]], Floats]

FOLDS = 10
# How strongly weights are kept small (scikit-learn's C), and how much the figures weigh beside a vector of n-grams,
# whose length is 1.
STRENGTH, FIGURES_WEIGHT = 10.0, 0.3


@dataclass(frozen=True)
class Told:
    """How well a classifier tells poems from human ones.

    Attributes:
        accuracy: the share of poems that it places rightly, by cross-validation.
        poems: the number of poems of either kind that it learned from.
        human: float64, shape (poems,): the probability of being human of each human poem, by cross-validation.
        machine: the same of the other poems.
        asked: the same of poems that it did not learn from; empty if there are none.
    """

    accuracy: float
    poems: int
    human: Floats
    machine: Floats
    asked: Floats


def check_installed() -> None:
    """Raise UsageError, with what to install, where scikit-learn is missing."""
    extras.check("sklearn", "the classifier of textgen poem judge")


def tell_apart(human: Sequence[Verse], machine: Sequence[Verse], figures: Figures, asked: Sequence[Verse] = ()) -> Told:
    """Learn to tell two kinds of poems apart.

    Args:
        human: poems by people.
        machine: other poems. Of the larger kind, the first poems are used, as many as there are of the other.
        figures: what else than n-grams is known of poems.
        asked: poems to be judged by the classifier that learned from all others.

    Raises:
        UsageError: scikit-learn is missing.
    """
    check_installed()
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    count = min(len(human), len(machine))
    poems = [*human[:count], *machine[:count]]
    is_human = np.repeat([1, 0], count)
    vectorizer = TfidfVectorizer(analyzer=ngrams, sublinear_tf=True, min_df=2)
    texts = vectorizer.fit_transform(poems)
    plain = figures(poems)
    mean, scale = plain.mean(0), plain.std(0) + 1e-9

    def rows(of_texts: Any, of_figures: Floats) -> Any:
        return hstack([of_texts, csr_matrix(FIGURES_WEIGHT * (of_figures - mean) / scale)], format="csr")

    def learned(features: Any, labels: NDArray[np.int64]) -> Any:
        return LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0).fit(features, labels)

    features = rows(texts, plain)
    probability = np.zeros(len(poems))
    for learn, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(features, is_human):
        probability[test] = learned(features[learn], is_human[learn]).predict_proba(features[test])[:, 1]
    of_asked = np.zeros(0)
    if asked:
        own = rows(vectorizer.transform(asked), figures(asked))
        of_asked = learned(features, is_human).predict_proba(own)[:, 1]
    accuracy = float(np.mean((probability > 0.5) == is_human))
    return Told(accuracy, count, probability[:count], probability[count:], of_asked)


def ngrams(poem: Verse) -> Iterator[str]:
    """The n-grams of a poem, each with a sign of what it is."""
    if not poem.is_chinese:
        yield from (f"w {word}" for word in poem.symbols)
        for line in poem.texts:
            yield from (f"c {line[at : at + n]}" for n in (2, 3, 4) for at in range(len(line) - n + 1))
        return
    for line in poem.texts:
        yield from (line[at : at + n] for n in (1, 2, 3) for at in range(len(line) - n + 1))
        yield from (f"{place} {line[place : place + 2]}" for place in ACROSS.get(len(line), ()))
    for line, following in zip(poem.texts[:-1], poem.texts[1:], strict=True):
        yield f"{line[-1]}/{following[0]}"
        yield f"{line[-2:]}/{following[0]}"
        yield f"{line[-1]}/{following[:2]}"
