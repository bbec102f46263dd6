"""The text that a training, or a measurement of what it made, is to read. Knows nothing of models."""

from textgen.corpus.documents import read_corpus
from textgen.corpus.forms import form_of
from textgen.corpus.poems import Selection


def read_for(training, paths, encoding=None, *, may_stay=False, whole=False):
    """A text read as a TrainingConfig says: documents, and of poems which and in which script.

    Args:
        training: the TrainingConfig.
        paths: what `textgen.corpus.documents.read_corpus` takes.
        encoding: how the files are decoded.
        may_stay: whether a large text may stay in its files.
        whole: whether all poems are read, also those that were not learned.

    Raises:
        UsageError: an encoding or a form that does not exist.
        CorpusError: as `textgen.corpus.documents.read_corpus`.
    """
    selection = Selection(script=training.script)
    if not whole:
        forms = [form_of(name) for name in training.form]
        fits = (lambda lines: any(form.fits(lines) for form in forms)) if forms else None
        selection = Selection(training.author, training.script, fits)
    return read_corpus(
        paths,
        training.documents,
        encoding,
        selection,
        may_stay=may_stay,
        column=training.field,
        lowercase=training.lowercase,
        normalise=training.normalise,
    )
