"""ModelConfig: what determines the name and the shape of every weight. See `textgen.runs.config`."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from textgen.arguments import items, text, texts
from textgen.errors import UsageError
from textgen.options import Config, option
from textgen.system.keywords import answers_keywords
from textgen.tokens import TOKENIZERS
from textgen.tokens.labels import MAX_LABELS, LabelSet

# The groups of options in the help of a command.
TEXT, MODEL, TRAINING, OUTPUT, ADVANCED = "Text", "Model", "Training", "Output", "Advanced"

# The fields of ModelConfig that act in training alone.
DROPOUTS = ("dropout", "output_dropout", "recurrent_dropconnect", "embedding_dropout", "input_dropout")
# Up to so many symbols are a small vocabulary. Of a larger one, a step reads each symbol about so many times.
SMALL_VOCABULARY, SYMBOLS_PER_KIND = 1024, 3
# The length of an embedding vector that has no other reason to be longer.
EMBEDDING_SIZE = 64


class Sizes(NamedTuple):
    """The sizes of a model, those that are None until `textgen.planning.plan` sets them among them.

    Attributes:
        vocabulary: symbols.
        units: of each LSTM layer: the length of its cell state c.
        layers: LSTM layers.
        output: what each layer gives: the length of its hidden state h.
    """

    vocabulary: int
    units: int
    layers: int
    output: int


def _rate(description: str, group: str = ADVANCED, **more: Any) -> Any:
    """An option that is a share of what is dropped."""
    return option(None, f"{description} [default: by the preset]", low=0, below=1, group=group, **more)


def _label_sets(name: str, value: object) -> tuple[LabelSet, ...]:
    """Read the labels that a model knows: pairs of a name and its labels. Raises UsageError."""
    sets = []
    for each in items(name, value, "pairs of a name and its labels"):
        if not isinstance(each, (tuple, list)) or len(each) != 2 or not isinstance(each[1], (tuple, list)):
            raise UsageError(f"`{name}`: expected pairs of a name and its labels")
        known = LabelSet(text(name, each[0]), tuple(text(name, label) for label in each[1]))
        if not known.values or len(set(known.values)) < len(known.values) or len(known.values) > MAX_LABELS:
            raise UsageError(f"`{name}`: {known.name} needs 1 to {MAX_LABELS:,} labels, each once")
        sets.append(known)
    if len({known.name for known in sets}) < len(sets):
        raise UsageError(f"`{name}`: a name is there twice")
    return tuple(sets)


@answers_keywords
@dataclass(frozen=True)
class ModelConfig(Config):
    """The model. It determines the name and the shape of every weight that the engine needs.

    `textgen.planning.plan` replaces every None by a value; the configuration of a saved run has none.
    """

    tokenizer: str = option(
        "char",
        "Choose the unit that the model reads and writes: a character, a word, or a part of a word.",
        choices=tuple(TOKENIZERS),
        flag="--unit",
        group=MODEL,
    )
    vocabulary_size: int | None = option(
        None,
        "Keep at most N symbols, the most frequent first; replace all others with the unknown symbol. "
        "[default: every character, 10000 words, or 4000 subwords]",
        low=3,
        high=1_000_000,
        group=MODEL,
    )
    subwords: str = option(
        "bpe",
        "Learn subwords by byte-pair encoding or by a unigram language model.",
        choices=("bpe", "unigram"),
        since=4,
        group=MODEL,
    )
    special: tuple[str, ...] = option(
        (),
        'Make this text one word wherever it occurs, such as "<unk>".',
        parse=texts,
        metavar="TEXT",
        since=4,
        group=MODEL,
    )
    encoder: str = option(
        "embedding",
        "Feed a symbol to the first LSTM layer as a one-hot vector or as a learned embedding.",
        choices=("onehot", "embedding"),
        group=MODEL,
    )
    embedding_size: int | None = option(
        None,
        "Set the length of an embedding vector. [default: 64, or with tied weights the size of the LSTM's output]",
        low=1,
        high=65_536,
        group=MODEL,
    )
    units: int | None = option(
        None, "Set the number of LSTM units in each layer. [default: by the preset]", low=1, high=65_536, group=MODEL
    )
    layers: int | None = option(
        None, "Set the number of LSTM layers. [default: by the preset]", low=1, high=64, group=MODEL
    )
    projection: int = option(
        0,
        "Project the output of each LSTM layer to N numbers (LSTMP), so that many units and a large vocabulary cost "
        "less. 0 projects nothing.",
        low=0,
        high=65_536,
        since=4,
        group=MODEL,
    )
    tie: bool | None = option(
        None,
        "Use one table of numbers to read symbols and to predict them. It learns large vocabularies better. "
        "[default: from 1000 symbols on]",
        since=4,
        before=False,
        group=MODEL,
    )
    dropout: float | None = _rate("Set the dropout rate between LSTM layers.", group=TRAINING)
    output_dropout: float | None = _rate("Set the dropout rate between the last LSTM layer and the logits.")
    recurrent_dropconnect: float | None = _rate(
        "Drop this share of the recurrent kernel's connections in each training step."
    )
    embedding_dropout: float | None = _rate(
        "Drop this share of the vocabulary's embeddings in each training step: whole symbols, wherever they occur.",
        since=4,
        before=0.0,
    )
    input_dropout: float | None = _rate(
        "Set the dropout rate between the embedding and the first LSTM layer.", since=4, before=0.0
    )
    variational: bool = option(
        False,
        "Drop the same values at all time steps of a training step (variational dropout).",
        since=4,
        group=ADVANCED,
    )
    bias: bool = option(True, "Give the LSTM layers a bias (the forget gate's is 1 before training).", group=ADVANCED)
    labels: tuple[LabelSet, ...] = option(
        (), "The labels that the model knows.", parse=_label_sets, since=5, is_planned=True, group=MODEL
    )
    label_size: int = option(
        32, "Set the length of the vector that is learned for each label.", low=1, high=65_536, since=5, group=ADVANCED
    )
    classify: str = option(
        "",
        "Read this label of each document, and learn to predict it from the text (textgen classify).",
        metavar="NAME",
        since=5,
        group=MODEL,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.units is not None and self.projection >= self.units:
            raise UsageError(
                f"`projection={self.projection}` is not smaller than `units={self.units}`; choose fewer numbers than a "
                "layer has units, or 0 for no projection"
            )
        if self.special and self.tokenizer != "word":
            raise UsageError('`special` makes a text one word; choose `tokenizer="word"`')
        if self.encoder == "onehot":
            for name in ("embedding_dropout", "input_dropout"):
                if rate := getattr(self, name):
                    raise UsageError(f'`{name}={rate:g}` drops from the embedding; choose `encoder="embedding"`')
        if not self.tie:
            return
        if self.encoder == "onehot":
            raise UsageError('`tie` uses the embedding to predict symbols too; choose `encoder="embedding"`')
        output = self.projection or self.units
        if None not in (self.embedding_size, output) and self.embedding_size != output:
            raise UsageError(
                f"`tie` needs embeddings as long as what the LSTM gives, {output} numbers; "
                f"`embedding_size={self.embedding_size}` is not: leave it out, or turn `tie` off"
            )

    @property
    def sizes(self) -> Sizes:
        """The sizes as plain integers. Raises UsageError while one of them is None."""
        if self.vocabulary_size is None or self.units is None or self.layers is None:
            raise UsageError("a model needs `vocabulary_size`, `units` and `layers`; one of them is None")
        return Sizes(self.vocabulary_size, self.units, self.layers, self.projection or self.units)

    @property
    def input_size(self) -> int:
        """Length of the first layer's input vector: the vocabulary size for one-hot, else the embedding size."""
        if self.encoder == "onehot":
            return self.sizes.vocabulary
        return self.embedding_size or (self.sizes.output if self.tie else EMBEDDING_SIZE)

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the name and the shape of every weight, in the order of the forward pass.

        Kernels have Keras's layout: an LSTM kernel is (input, 4 x units), its columns the input gate, forget gate,
        candidate and output gate in this order; the output kernel is (output, vocabulary), and is missing where the
        embedding takes its place. All weights are float32.
        """
        vocabulary, units, layers, output = self.sizes
        shapes: dict[str, tuple[int, ...]] = {}
        if self.encoder == "embedding":
            shapes["embedding"] = (vocabulary, self.input_size)
        for layer in range(layers):
            inputs = output if layer else self.input_size
            shapes[f"lstm.{layer}.kernel"] = (inputs, 4 * units)
            shapes[f"lstm.{layer}.recurrent_kernel"] = (output, 4 * units)
            if self.bias:
                shapes[f"lstm.{layer}.bias"] = (4 * units,)
            if self.projection:
                shapes[f"lstm.{layer}.projection"] = (units, output)
        if not self.tie:
            shapes["output.kernel"] = (output, vocabulary)
        shapes["output.bias"] = (vocabulary,)
        return shapes | self.label_shapes()

    def label_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the name and the shape of every weight that has to do with labels."""
        shapes: dict[str, tuple[int, ...]] = {}
        for place, labels in enumerate(self.labels):  # not by its name, which may be any text
            shapes[f"label.{place}.embedding"] = (len(labels.values), self.label_size)
        if self.labels:
            shapes["label.kernel"] = (self.label_size, 4 * self.sizes.units)
        if classes := self.classes:
            shapes["classifier.kernel"] = (self.sizes.output, classes)
            shapes["classifier.bias"] = (classes,)
        return shapes

    @property
    def classes(self) -> int:
        """How many labels the classifier predicts; 0 where there is none."""
        return next((len(labels.values) for labels in self.labels if labels.name == self.classify), 0)

    def parameters(self) -> int:
        """Return the number of trainable parameters."""
        return sum(math.prod(shape) for shape in self.weight_shapes().values())

    def arithmetic(self, samples: int | None = None) -> int:
        """Return the floating-point operations that training spends on matrix products for one symbol.

        The backward pass counts twice the forward pass. Of a small vocabulary, the first layer's input product is left
        out, since it only picks rows of a table; of a large one, it is computed once for each symbol that occurs.

        Args:
            samples: symbols that the loss is over; None or 0 for all.
        """
        vocabulary, units, layers, output = self.sizes
        recurrent = (2 * layers - 1) * 4 * units * output
        projection = layers * units * self.projection
        inputs = 4 * units * self.input_size // SYMBOLS_PER_KIND if vocabulary > SMALL_VOCABULARY else 0
        return 6 * (recurrent + projection + inputs + output * min(samples or vocabulary, vocabulary))
