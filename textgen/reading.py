"""The text that a training, or a measurement of what it made, is to read. Knows nothing of models."""

from textgen.corpus import read_corpus
from textgen.poems import Selection
from textgen.verse.forms import form_of


def read_for(training, paths, encoding=None, may_stay=False):
    """A text read as a TrainingConfig says: documents, and of poems which and in which script.

    Returns:
        a Corpus, or where it `may_stay` in its files a LargeCorpus.

    Raises:
        UsageError: an encoding or a form that does not exist.
        CorpusError: as `textgen.corpus.read_corpus`.
    """
    forms = [form_of(name) for name in training.form]
    fits = (lambda lines: any(form.fits(lines) for form in forms)) if forms else None
    return read_corpus(
        paths,
        training.documents,
        encoding,
        Selection(training.author, training.script, fits),
        may_stay=may_stay,
        column=training.field,
        lowercase=training.lowercase,
        normalise=training.normalise,
    )
