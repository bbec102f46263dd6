"""The two configurations of a run: ModelConfig and TrainingConfig.

Each field is declared once, with its default, its range, its help text and its group in the help. The command-line
option, its validation and the saved JSON all come from that declaration (`textgen.options`).
`textgen.runs.train_options` has the same fields as keyword arguments, for type checkers. SamplingConfig is in
`textgen.sampling.config`. This module does not know files, models or the command line.
"""

from dataclasses import dataclass
from typing import Any

from textgen.arguments import delimiter, texts
from textgen.errors import UsageError
from textgen.options import Config, option
from textgen.runs.model_config import (
    ADVANCED,
    DROPOUTS,
    EMBEDDING_SIZE,
    MODEL,
    OUTPUT,
    TEXT,
    TRAINING,
    ModelConfig,
)
from textgen.system.keywords import answers_keywords

__all__ = ["DROPOUTS", "EMBEDDING_SIZE", "ModelConfig", "TrainingConfig"]


def _penalty(description: str) -> Any:
    """An option that is a factor of something added to the loss."""
    return option(None, f"{description} [default: by the preset]", low=0, high=1e6, since=4, before=0.0, group=ADVANCED)


@answers_keywords
@dataclass(frozen=True)
class TrainingConfig(Config):
    """How the model is trained, and on which text."""

    epochs: int | None = option(
        None,
        "Make N passes over the text. [default: enough for about 2000 steps]",
        low=1,
        high=1_000_000,
        group=TRAINING,
    )
    minutes: float | None = option(
        None,
        "Train for X minutes in total, start-up included, instead of a number of epochs.",
        above=0,
        high=1_000_000,
        group=TRAINING,
    )
    size: str = option(
        "auto",
        'Choose a preset for model size and regularisation. "auto" chooses by text length and time budget; explicit '
        "options override it.",
        choices=("auto", "small", "medium", "large", "huge"),
        group=MODEL,
    )
    batch_size: int = option(32, "Read N streams of text in parallel.", low=1, high=65_536, group=TRAINING)
    sequence_length: int = option(
        64, "Truncate backpropagation through time to N steps.", low=1, high=65_536, group=TRAINING
    )
    softmax_samples: int | None = option(
        None,
        "Compute the loss of a training step over N symbols of the vocabulary, not over all (sampled softmax); 0 "
        "computes it over all. Validation is always over all. [default: 1024 from 2048 symbols on, else 0]",
        low=0,
        high=1_000_000,
        since=4,
        before=0,
        group=ADVANCED,
    )
    learning_rate: float | None = option(
        None,
        "Set Adam's peak learning rate, reached after the warm-up. [default: by units, layers and batch size]",
        above=0,
        high=10,
        group=TRAINING,
    )
    warmup: float = option(
        0.05,
        "Raise the learning rate during this share of the steps; after it, the rate decays along a cosine.",
        low=0,
        below=1,
        group=ADVANCED,
    )
    clip_norm: float = option(1.0, "Clip gradients to this global norm.", above=0, high=1e9, group=ADVANCED)
    activation_penalty: float | None = _penalty(
        "Add this times the mean square of the last layer's outputs to the loss (activation regularisation)."
    )
    change_penalty: float | None = _penalty(
        "Add this times the mean square of how the last layer's outputs change from step to step to the loss (temporal "
        "activation regularisation)."
    )
    validation: float = option(
        0.1, "Hold out this share of the text, taken from its end, for validation.", low=0, high=0.5, group=TEXT
    )
    documents: str = option(
        "file",
        "Choose what one document is: a whole file, a block between blank lines, a line (headlines), or a poem (a "
        "block, cleaned and laid out line by line, for textgen poem). JSON of poems is always read as poems.",
        choices=("file", "block", "line", "poem"),
        group=TEXT,
    )
    form: tuple[str, ...] = option(
        (),
        "Learn only poems of this form, such as jueju5, or a path to a TOML file with one.",
        parse=texts,
        metavar="FORM",
        since=2,
        group=TEXT,
    )
    author: str | None = option(None, "Learn only poems by this author.", since=2, group=TEXT)
    script: str = option(
        "as-is",
        "Convert Chinese poems to simplified or traditional characters.",
        choices=("as-is", "simplified", "traditional"),
        since=2,
        group=TEXT,
    )
    field: str | None = option(
        None,
        "Read this field of a CSV table or of JSON Lines; each row is a document.",
        metavar="NAME",
        since=2,
        group=TEXT,
    )
    label: tuple[str, ...] = option(
        (),
        "Read this label of each document and learn what it means: a field of a table or of JSON, author or form of "
        "poems, or the name of its folder or file.",
        parse=texts,
        metavar="NAME",
        since=5,
        group=TEXT,
    )
    label_dropout: float = option(
        0.2,
        "Hide the labels of this share of the documents, other documents in each pass, so that the model also learns "
        "to write without a label.",
        low=0,
        below=1,
        since=5,
        group=ADVANCED,
    )
    classify_weight: float = option(
        0.1,
        "Multiply the loss of the label to classify by this; the loss of the text is added as it is.",
        above=0,
        high=1000,
        since=5,
        group=ADVANCED,
    )
    delimiter: str | None = option(
        None,
        "Separate the columns of a CSV table at this character, or at a tab (tab). [default: a comma, semicolon or "
        "tab, whichever the first lines show]",
        parse=delimiter,
        metavar="CHARACTER",
        since=3,
        group=TEXT,
    )
    lowercase: bool = option(False, "Convert the text to lower case.", since=2, group=TEXT)
    normalise: str | None = option(
        None,
        "Convert the text to a Unicode normalization form. [default: leave it as it is]",
        choices=("nfc", "nfkc"),
        since=2,
        group=TEXT,
    )
    direction: str = option(
        "forward",
        "Read each line forward from its beginning, or backward from its end, which suits rhyme.",
        choices=("forward", "backward"),
        since=2,
        group=TEXT,
    )
    patience: int | None = option(
        None,
        "Stop after N epochs in a row without a better validation loss; 0 never stops early. "
        "[default: 5, or 0 with a time budget]",
        low=0,
        high=1_000_000,
        group=ADVANCED,
    )
    save_every: float = option(
        60.0, "Save the training state every X seconds, so that training can be resumed.", low=0, high=1e9, group=OUTPUT
    )
    seed: int = option(
        0, "Seed the initial weights, dropout and the order of the text.", low=0, high=2**63 - 1, group=ADVANCED
    )
    sample_temperature: float = option(
        0.8, "Set the temperature of the sample written after each epoch.", low=0, high=100, group=OUTPUT
    )
    sample_length: int = option(
        200, "Write a sample of N symbols after each epoch; 0 writes none.", low=0, high=1_000_000, group=OUTPUT
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.epochs is not None and self.minutes is not None:
            raise UsageError(
                f"`epochs={self.epochs}` and `minutes={self.minutes:g}` both set the length of training; give one"
            )
