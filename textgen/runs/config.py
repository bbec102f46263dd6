"""The two configurations of a run: ModelConfig and TrainingConfig.

Each field is declared once, with its default, its range, its help text and its group in the help. The command-line
option, its validation and the saved JSON all come from that declaration (`textgen.options`). TrainOptions gives the
same fields as keyword arguments, for type checkers. SamplingConfig is in `textgen.sampling.draw`. This module does
not know files, models or the command line.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from textgen.arguments import delimiter, texts
from textgen.errors import UsageError
from textgen.options import Config, option
from textgen.system.keywords import answers_keywords
from textgen.tokens import TOKENIZERS

# The groups of options in the help of a command.
TEXT, MODEL, TRAINING, OUTPUT, ADVANCED = "Text", "Model", "Training", "Output", "Advanced"


class Sizes(NamedTuple):
    """The sizes of a model that are None until `textgen.planning.plan` sets them."""

    vocabulary: int
    units: int
    layers: int


@answers_keywords
@dataclass(frozen=True)
class ModelConfig(Config):
    """The model. It determines the name and the shape of every weight that the engine needs.

    `textgen.planning.plan` replaces every None by a value; the configuration of a saved run has none.
    """

    tokenizer: str = option(
        "char",
        "Choose the unit that the model reads and writes: a character or a word.",
        choices=tuple(TOKENIZERS),
        flag="--unit",
        group=MODEL,
    )
    vocabulary_size: int | None = option(
        None,
        "Keep at most N symbols, the most frequent first; replace all others with the unknown symbol. "
        "[default: every character, or 10000 words]",
        low=3,
        high=1_000_000,
        group=MODEL,
    )
    encoder: str = option(
        "embedding",
        "Feed a symbol to the first LSTM layer as a one-hot vector or as a learned embedding.",
        choices=("onehot", "embedding"),
        group=MODEL,
    )
    embedding_size: int = option(64, "Set the length of an embedding vector.", low=1, high=65_536, group=MODEL)
    units: int | None = option(
        None, "Set the number of LSTM units in each layer. [default: by the preset]", low=1, high=65_536, group=MODEL
    )
    layers: int | None = option(
        None, "Set the number of LSTM layers. [default: by the preset]", low=1, high=64, group=MODEL
    )
    dropout: float | None = option(
        None,
        "Set the dropout rate between LSTM layers. [default: by the preset]",
        low=0,
        below=1,
        group=TRAINING,
    )
    output_dropout: float | None = option(
        None,
        "Set the dropout rate between the last LSTM layer and the logits. [default: by the preset]",
        low=0,
        below=1,
        group=ADVANCED,
    )
    recurrent_dropconnect: float | None = option(
        None,
        "Drop this share of the recurrent kernel's connections in each training step. [default: by the preset]",
        low=0,
        below=1,
        group=ADVANCED,
    )
    bias: bool = option(True, "Give the LSTM layers a bias (the forget gate's is 1 before training).", group=ADVANCED)

    @property
    def sizes(self) -> Sizes:
        """Vocabulary size, units and layers as plain integers. Raises UsageError while one of them is None."""
        if self.vocabulary_size is None or self.units is None or self.layers is None:
            raise UsageError("a model needs `vocabulary_size`, `units` and `layers`; one of them is None")
        return Sizes(self.vocabulary_size, self.units, self.layers)

    @property
    def input_size(self) -> int:
        """Length of the first layer's input vector: the vocabulary size for one-hot, else the embedding size."""
        return self.sizes.vocabulary if self.encoder == "onehot" else self.embedding_size

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the name and the shape of every weight, in the order of the forward pass.

        Kernels have Keras's layout: an LSTM kernel is (input, 4 x units), its columns the input gate, forget gate,
        candidate and output gate in this order; the output kernel is (units, vocabulary). All weights are float32.
        """
        vocabulary, units, layers = self.sizes
        shapes: dict[str, tuple[int, ...]] = {}
        if self.encoder == "embedding":
            shapes["embedding"] = (vocabulary, self.embedding_size)
        for layer in range(layers):
            inputs = units if layer else self.input_size
            shapes[f"lstm.{layer}.kernel"] = (inputs, 4 * units)
            shapes[f"lstm.{layer}.recurrent_kernel"] = (units, 4 * units)
            if self.bias:
                shapes[f"lstm.{layer}.bias"] = (4 * units,)
        shapes["output.kernel"] = (units, vocabulary)
        shapes["output.bias"] = (vocabulary,)
        return shapes

    def parameters(self) -> int:
        """Return the number of trainable parameters."""
        return sum(math.prod(shape) for shape in self.weight_shapes().values())

    def arithmetic(self) -> int:
        """Return the floating-point operations that training spends on matrix products for one symbol.

        The backward pass counts twice the forward pass. The first layer's input product is left out, since it only
        picks rows of a table.
        """
        vocabulary, units, layers = self.sizes
        recurrent = (2 * layers - 1) * 4 * units**2
        return 6 * (recurrent + units * vocabulary)


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
    learning_rate: float | None = option(
        None,
        "Set Adam's peak learning rate, reached after the warm-up. [default: by units and layers]",
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
        (), "Learn only poems of this form, such as jueju5.", parse=texts, metavar="FORM", since=2, group=TEXT
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


class ModelOptions(TypedDict, total=False):
    """The fields of ModelConfig as keyword arguments (a test keeps the two equal)."""

    tokenizer: str
    vocabulary_size: int | None
    encoder: str
    embedding_size: int
    units: int | None
    layers: int | None
    dropout: float | None
    output_dropout: float | None
    recurrent_dropconnect: float | None
    bias: bool


class TrainingOptions(TypedDict, total=False):
    """The fields of TrainingConfig as keyword arguments (a test keeps the two equal)."""

    epochs: int | None
    minutes: float | None
    size: str
    batch_size: int
    sequence_length: int
    learning_rate: float | None
    warmup: float
    clip_norm: float
    validation: float
    documents: str
    form: tuple[str, ...]
    author: str | None
    script: str
    field: str | None
    delimiter: str | None
    lowercase: bool
    normalise: str | None
    direction: str
    patience: int | None
    save_every: float
    seed: int
    sample_temperature: float
    sample_length: int


class TrainOptions(ModelOptions, TrainingOptions, total=False):
    """The keyword options of `textgen.train`: all fields of both configurations."""
