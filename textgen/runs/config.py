"""How a configuration is declared, and the two of a run: ModelConfig and TrainingConfig.

A field is declared once, with its default, its range and its help text; the command-line option, its validation and
the saved JSON all come from that declaration. A configuration is a frozen value: it is checked when it is made and
never changes. (SamplingConfig stands with what it configures, in `textgen.writing.sampling` and
`textgen.writing.transforms`.) This module knows nothing of files, models or the command line.
"""

import dataclasses
import math
import operator
import types
import typing
from dataclasses import dataclass

from textgen.errors import UsageError
from textgen.writing.parsing import texts


def option(
    default,
    help,
    *,
    low=None,
    high=None,
    above=None,
    below=None,
    choices=None,
    flag=None,
    parse=None,
    metavar=None,
    make=None,
    since=1,
):
    """Declare a field that is also a command-line option.

    Args:
        default: the value when none is given; None in an optional field means "chosen by the tool".
        help: the option's help text, and what an error message quotes.
        low, high: inclusive bounds of a number.
        above, below: exclusive bounds of a number.
        choices: the allowed words.
        flag: the option's name where it is not the field's own (`--sequence-length` for `sequence_length`).
        parse: for a field that is no plain number, text or truth: takes (flag, value), the value as a program or the
            command line gives it, and returns it in the one form that is kept, or raises UsageError. A field whose
            default is a tuple may then be given several times on the command line.
        metavar: what stands for the value in the help; default: N for a whole number, X for others.
        make: kept with the field, for whoever declares it (`textgen.writing.transforms`).
        since: the run format that first had the field; older runs are read without.
    """
    rule = {"help": help, "low": low, "high": high, "above": above, "below": below, "choices": choices, "flag": flag}
    return dataclasses.field(
        default=default, metadata=rule | {"parse": parse, "metavar": metavar, "make": make, "since": since}
    )


def flag_of(field):
    """The command-line spelling of a field: `--learning-rate`."""
    return field.metadata["flag"] or "--" + field.name.replace("_", "-")


def type_of(field):
    """The plain type of a field, and whether None is allowed: `int | None` gives (int, True)."""
    if isinstance(field.type, types.UnionType):
        kinds = typing.get_args(field.type)
        return next(kind for kind in kinds if kind is not type(None)), type(None) in kinds
    return field.type, False


def _allowed(rule):
    if rule["choices"]:
        return "one of " + ", ".join(rule["choices"])
    words = {"low": "at least {}", "above": "above {}", "high": "at most {}", "below": "below {}"}
    return " and ".join(text.format(rule[key]) for key, text in words.items() if rule[key] is not None)


def _checked(field, value):
    """The value in the field's own type, or UsageError naming the option, the rule and the value."""
    kind, optional = type_of(field)
    if value is None and optional:
        return None
    rule = field.metadata
    if rule["parse"]:
        return rule["parse"](flag_of(field), value)
    if not isinstance(value, bool):  # numpy's numbers are welcome too
        if kind is int and hasattr(value, "__index__"):
            value = operator.index(value)
        elif kind is float and hasattr(value, "__float__"):
            value = float(value)
    good = type(value) is kind and not (kind is float and not math.isfinite(value))
    if good and rule["choices"]:
        good = value in rule["choices"]
    if good and kind in (int, float):
        good = (
            (rule["low"] is None or value >= rule["low"])
            and (rule["high"] is None or value <= rule["high"])
            and (rule["above"] is None or value > rule["above"])
            and (rule["below"] is None or value < rule["below"])
        )
    if not good:
        nouns = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
        wanted = " ".join(part for part in (nouns[kind], _allowed(rule)) if part)
        raise UsageError(f"{flag_of(field)} takes {wanted}; got {value!r}")
    return value


@dataclass(frozen=True)
class Config:
    """What all configurations share: checking, and the way to and from plain JSON values."""

    def __post_init__(self):
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _checked(field, getattr(self, field.name)))

    def to_json(self):
        """A dict of plain JSON values, one entry a field."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values, format=math.inf):
        """The configuration that `to_json` wrote into a run of a format, by default the latest. Unknown, missing or
        bad entries raise UsageError; those that the format did not have yet take their defaults."""
        names = {field.name for field in dataclasses.fields(cls) if field.metadata["since"] <= format}
        if not isinstance(values, dict) or set(values) != names:
            given = set(values) if isinstance(values, dict) else set()
            odd = sorted(map(repr, given - names)) or ["none"]
            lacking = sorted(map(repr, names - given)) or ["none"]
            raise UsageError(f"{cls.__name__}: unknown entries {', '.join(odd)}; missing entries {', '.join(lacking)}")
        return cls(**values)


@dataclass(frozen=True)
class ModelConfig(Config):
    """What the model is. Everything the engine needs to know the name and shape of each weight.

    Fields that are None are settled in `textgen.planning.plan`; a run's configuration has none.
    """

    tokenizer: str = option(
        "char", "What the model reads and writes one at a time.", choices=("char", "word"), flag="--unit"
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
