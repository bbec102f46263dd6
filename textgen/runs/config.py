"""How a configuration is declared, and the two of a run: ModelConfig and TrainingConfig.

A field is declared once, with its default, its range and its help text; the command-line option, its validation and
the saved JSON all come from that declaration. A configuration is a frozen value: it is checked when it is made and
never changes. (SamplingConfig stands with what it configures, in `textgen.writing.sampling` and
`textgen.writing.transforms`.) This module knows nothing of files, models or the command line.
"""

import math
from dataclasses import dataclass

from textgen.errors import UsageError
from textgen.options import Config, option, texts
from textgen.tokens import TOKENIZERS


@dataclass(frozen=True)
class ModelConfig(Config):
    """What the model is. Everything the engine needs to know the name and shape of each weight.

    Fields that are None are settled in `textgen.planning.plan`; a run's configuration has none.
    """

    tokenizer: str = option(
        "char", "What the model reads and writes one at a time.", choices=tuple(TOKENIZERS), flag="--unit"
    )
    vocabulary_size: int | None = option(
        None,
        "Keep this many symbols at most, the commonest first; the rest become the unknown symbol. "
        "[default: every character, or 10000 words]",
        low=3,
        high=1_000_000,
    )
    encoder: str = option(
        "embedding",
        "How a symbol enters the first LSTM layer: as a one-hot vector or as a learned embedding.",
        choices=("onehot", "embedding"),
    )
    embedding_size: int = option(64, "Length of an embedding vector.", low=1, high=65_536)
    units: int | None = option(None, "LSTM units in each layer. [default: by --size]", low=1, high=65_536)
    layers: int | None = option(None, "LSTM layers, one on another. [default: by --size]", low=1, high=64)
    dropout: float | None = option(
        None, "Dropout between LSTM layers (not after the last). [default: by --size]", low=0, below=1
    )
    output_dropout: float | None = option(
        None, "Dropout between the last LSTM layer and the logits. [default: by --size]", low=0, below=1
    )
    recurrent_dropconnect: float | None = option(
        None, "Share of the recurrent kernel's connections dropped in a step. [default: by --size]", low=0, below=1
    )
    bias: bool = option(True, "Bias in the LSTM layers (the forget gate's begins at 1).")

    @property
    def input_size(self):
        """Length of the first layer's input vector: the vocabulary for one-hot, else the embedding."""
        return self.vocabulary_size if self.encoder == "onehot" else self.embedding_size

    def weight_shapes(self):
        """The name and shape of every weight, in the order text passes through them.

        Kernels are Keras's: an LSTM kernel is (input, 4 x units), its columns the input gate, forget gate, candidate
        and output gate in that order; the output kernel is (units, vocabulary). All are float32.
        """
        shapes = {}
        if self.encoder == "embedding":
            shapes["embedding"] = (self.vocabulary_size, self.embedding_size)
        for layer in range(self.layers):
            inputs = self.units if layer else self.input_size
            shapes[f"lstm.{layer}.kernel"] = (inputs, 4 * self.units)
            shapes[f"lstm.{layer}.recurrent_kernel"] = (self.units, 4 * self.units)
            if self.bias:
                shapes[f"lstm.{layer}.bias"] = (4 * self.units,)
        shapes["output.kernel"] = (self.units, self.vocabulary_size)
        shapes["output.bias"] = (self.vocabulary_size,)
        return shapes

    def parameters(self):
        """How many numbers the model learns."""
        return sum(math.prod(shape) for shape in self.weight_shapes().values())

    def arithmetic(self):
        """Floating-point operations of one symbol's products in training: forward, and twice that backward.

        The first layer's input product is left out, since it picks rows of a table.
        """
        recurrent = (2 * self.layers - 1) * 4 * self.units**2
        return 6 * (recurrent + self.units * self.vocabulary_size)


@dataclass(frozen=True)
class TrainingConfig(Config):
    """How the model learns."""

    epochs: int | None = option(
        None, "Passes over the text. [default: as many as make about 2000 steps]", low=1, high=1_000_000
    )
    minutes: float | None = option(
        None, "Train this long in all, from start to end, in place of --epochs.", above=0, high=1_000_000
    )
    size: str = option(
        "auto",
        "How large a model, and how strongly kept from learning by heart; auto goes by the text and the budget. "
        "Options of your own win.",
        choices=("auto", "small", "medium", "large", "huge"),
    )
    batch_size: int = option(32, "Streams of text read side by side.", low=1, high=65_536)
    sequence_length: int = option(64, "Time steps of one truncated back-propagation through time.", low=1, high=65_536)
    learning_rate: float | None = option(
        None, "Adam's rate at its highest, after the warm-up. [default: by units and layers]", above=0, high=10
    )
    warmup: float = option(0.05, "Share of the steps in which the rate rises; after it, a cosine down.", low=0, below=1)
    clip_norm: float = option(1.0, "Longest gradient (global norm) that is taken as it is.", above=0, high=1e9)
    validation: float = option(0.1, "Share of the text, at its end, held out.", low=0, high=0.5)
    documents: str = option(
        "file",
        "What one document is: a whole file, a block between blank lines, a line (headlines), or a poem (a block, "
        "cleaned and laid out line by line, for textgen poem). JSON of poems is always poems.",
        choices=("file", "block", "line", "poem"),
    )
    form: tuple[str, ...] = option(
        (), "Learn only poems of this form, such as jueju5.", parse=texts, metavar="FORM", since=2
    )
    author: str | None = option(None, "Learn only poems by this author.", since=2)
    script: str = option(
        "as-is",
        "Turn Chinese poems into simplified or traditional characters.",
        choices=("as-is", "simplified", "traditional"),
        since=2,
    )
    field: str | None = option(
        None, "Of a CSV table or lines of JSON: what to read; each row is a document.", metavar="NAME", since=2
    )
    lowercase: bool = option(False, "Make capitals small.", since=2)
    normalise: str | None = option(
        None, "Bring text to a Unicode normal form. [default: as it is]", choices=("nfc", "nfkc"), since=2
    )
    direction: str = option(
        "forward",
        "Read each line from its beginning, or backward from its end, which suits rhyme.",
        choices=("forward", "backward"),
        since=2,
    )
    patience: int | None = option(
        None,
        "Stop after this many epochs in a row without a better validation loss; 0 never stops. "
        "[default: 5, or 0 with --minutes]",
        low=0,
        high=1_000_000,
    )
    save_every: float = option(
        60.0, "Seconds between two saves of the state that --resume goes on from.", low=0, high=1e9
    )
    seed: int = option(0, "Seed of the initial weights, dropout and the order of the text.", low=0, high=2**63 - 1)
    sample_temperature: float = option(0.8, "Temperature of the sample written after each epoch.", low=0, high=100)
    sample_length: int = option(
        200, "Symbols in the sample written after each epoch; 0 for none.", low=0, high=1_000_000
    )

    def __post_init__(self):
        super().__post_init__()
        if self.epochs is not None and self.minutes is not None:
            raise UsageError(f"--epochs {self.epochs} and --minutes {self.minutes:g} both say how long: give one")
