"""How large a model suits a text and a budget: the presets small, medium, large and huge, and the choice of `auto`.

The figures come from measurements (docs/log.md, "the recipe"). Knows nothing of Keras or of files.
"""

import dataclasses
import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from textgen.options import Config
from textgen.runs.config import DROPOUTS, EMBEDDING_SIZE, ModelConfig, TrainingConfig

# Floating-point operations a second, all cores, assumed of a machine whose speed is not known yet.
ASSUMED_SPEED = 2.3e11
# Seconds that a training needs to start and to measure itself, kept free in a budget.
ASSUMED_START_SECONDS = 10
# Measured start-up seconds, used for estimates (not for enforcing a budget).
START_SECONDS = 6
# Bytes that a training takes before it has a model: TensorFlow, Keras and the rest.
BASE_MEMORY_BYTES = 700e6
# Steps that a training without `epochs` and `minutes` aims at.
TARGET_STEPS = 2000
MIN_PASSES, MAX_PASSES = 4, 100
# From this vocabulary on (symbols), one table reads symbols and predicts them.
MIN_TIED_VOCABULARY = 1000
# Above this vocabulary, the loss of a training step is over so many symbols of it.
MAX_EXACT_VOCABULARY, SOFTMAX_SAMPLES = 2048, 1024
# The batch that the recipe was tuned for.
USUAL_BATCH = 32
# Epochs without improvement after which a training without a budget of minutes stops.
PATIENCE_EPOCHS = 5

_Config = TypeVar("_Config", bound=Config)
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Size:
    """A model's size, and the fewest steps in which it learns more than a smaller one would in the same time."""

    units: int
    layers: int
    min_steps: int


SIZES = {
    "small": Size(256, 1, min_steps=0),
    "medium": Size(384, 1, min_steps=1000),
    "large": Size(512, 1, min_steps=2400),
    "huge": Size(768, 1, min_steps=6000),
}


@dataclass(frozen=True)
class Regularisation:
    """How strongly a model is kept from learning a text by heart.

    Attributes:
        from_passes: passes over the text from which on the row applies.
        dropout: between layers and before the logits.
        dropconnect: on the recurrent kernel.
        of_input: dropout before the first layer.
        of_symbols: dropout of whole symbols.
        penalties: for large outputs, and for those that change much.
    """

    from_passes: int
    dropout: float
    dropconnect: float
    of_input: float = 0.0
    of_symbols: float = 0.0
    penalties: tuple[float, float] = (0.0, 0.0)


# The more often a text is read, the more must be dropped. Sorted by passes.
REGULARISATION = (
    Regularisation(0, 0.0, 0.0),
    Regularisation(4, 0.1, 0.0),
    Regularisation(9, 0.3, 0.1),
    Regularisation(14, 0.4, 0.2),
)
# The same for models with one table for reading and predicting: they have a vector for each of many symbols, most of
# which are rare, and learn a text by heart in fewer passes.
REGULARISATION_TIED = (
    Regularisation(0, 0.0, 0.0),
    Regularisation(3, 0.3, 0.1, of_input=0.3),
    Regularisation(7, 0.5, 0.3, of_input=0.5, of_symbols=0.1, penalties=(2.0, 1.0)),
)


class Choice(NamedTuple):
    """The configurations with nothing left to choose, and why they are as they are, in one line."""

    model: ModelConfig
    training: TrainingConfig
    reason: str


def regularisation(passes: float, is_tied: bool = False) -> Regularisation:
    """The row for a number of passes over the text, and for a model with or without one table for both ends."""
    rows = REGULARISATION_TIED if is_tied else REGULARISATION
    return rows[bisect_right(rows, passes, key=lambda row: row.from_passes) - 1]


def step_seconds(model: ModelConfig, symbols: int, samples: int | None = None) -> float:
    """Seconds that one training step takes on an ordinary machine, roughly.

    Args:
        model: the configuration, complete.
        symbols: symbols in the step.
        samples: symbols that its loss is over; None or 0 for the whole vocabulary.
    """
    return symbols * model.arithmetic(samples) / ASSUMED_SPEED


def expected_seconds(model: ModelConfig, training: TrainingConfig, steps: int, speed: float, measured: int) -> float:
    """Seconds that a training takes, from its start to its end.

    Args:
        model, training: the configurations, complete, with a number of epochs.
        steps: in all.
        speed: floating-point operations a second that training reaches.
        measured: symbols that the loss is measured on after each epoch, at a third of the work of training.
    """
    symbols = training.batch_size * training.sequence_length
    work = steps * symbols * model.arithmetic(training.softmax_samples)
    evaluations = chosen(training.epochs) * measured / 3 * model.arithmetic()
    return START_SECONDS + (work + evaluations) / speed


def expected_bytes(model: ModelConfig, training: TrainingConfig, rows: int) -> float:
    """Bytes of memory that a training takes, besides its text.

    Args:
        model, training: the configurations, complete.
        rows: of a step.
    """
    sizes, symbols = model.sizes, rows * training.sequence_length
    columns = min(training.softmax_samples or sizes.vocabulary, sizes.vocabulary)
    numbers = symbols * (10 * sizes.units * sizes.layers + 4 * model.input_size + 3 * columns)
    # An evaluation reads the whole of a table of which a training step reads some rows, and turns it round.
    if training.softmax_samples:
        numbers += 3 * sizes.vocabulary * sizes.output
    # Of each weight: itself, two moments, a copy while it is saved, and its gradient or what takes its place.
    return BASE_MEMORY_BYTES + 20 * model.parameters() + 4 * numbers


def learning_rate(units: int, layers: int, batch_size: int = USUAL_BATCH) -> float:
    """The peak rate that suits a model and a batch: lower for a larger model, higher for a larger batch."""
    return float(f"{min(0.01, 3.072 / (units * math.sqrt(layers))) * batch_factor(batch_size):.2g}")


def batch_factor(batch_size: int) -> float:
    """How many times the learning rate grows with a batch above the usual: the square root of how many times it is.

    As for Adam's steps in general (Malladi et al. 2022), and as measured here (docs/log.md, "larger batches").
    """
    return math.sqrt(max(batch_size / USUAL_BATCH, 1))


def choose(model: ModelConfig, training: TrainingConfig, symbols: int) -> Choice:
    """Choose what was left to the tool: units, layers, dropout, rate, epochs, patience.

    Args:
        model, training: the configurations; vocabulary and batch are already chosen.
        symbols: length of the training text.
    """
    samples = SOFTMAX_SAMPLES if chosen(model.vocabulary_size) > MAX_EXACT_VOCABULARY else 0
    training = _fill(training, softmax_samples=samples)
    name, why = _preset(model, training)
    size = SIZES[name]
    own = _own_options(model)
    model = _fill(model, units=size.units, layers=size.layers)
    model = _tied(model)
    rate = learning_rate(chosen(model.units), chosen(model.layers), training.batch_size)
    training = _fill(training, learning_rate=rate, patience=0 if training.minutes else PATIENCE_EPOCHS)

    steps_per_pass = max(symbols // (training.batch_size * training.sequence_length), 1)
    if training.epochs is None and training.minutes is None:
        epochs = min(max(-(-TARGET_STEPS // steps_per_pass), MIN_PASSES), MAX_PASSES)
        training = dataclasses.replace(training, epochs=epochs)
    passes: float
    if training.epochs is not None:
        passes = training.epochs
    else:
        passes = _steps_in_budget(_sized(model, size), training) / steps_per_pass
    row = regularisation(passes, bool(model.tie))
    model = _fill(
        model,
        dropout=row.dropout,
        output_dropout=row.dropout,
        recurrent_dropconnect=row.dropconnect,
        input_dropout=row.of_input,
        embedding_dropout=row.of_symbols,
    )
    activation, change = row.penalties
    training = _fill(training, activation_penalty=activation, change_penalty=change)
    reason = f"{name}, {why}; about {passes:,.{0 if passes >= 10 else 1}f} passes over the text"
    return Choice(model, training, reason + (f"; your own {', '.join(own)}" if own else ""))


def _tied(model: ModelConfig) -> ModelConfig:
    """Choose whether the embedding serves the output too, and how long its vectors are."""
    output = model.projection or chosen(model.units)
    if model.tie is None:
        fits = model.encoder == "embedding" and model.embedding_size in (None, output)
        model = dataclasses.replace(model, tie=fits and chosen(model.vocabulary_size) >= MIN_TIED_VOCABULARY)
    return _fill(model, embedding_size=output if model.tie else EMBEDDING_SIZE)


def _preset(model: ModelConfig, training: TrainingConfig) -> tuple[str, str]:
    """The name of the size to use, and why."""
    if training.size != "auto":
        return training.size, "as asked"
    if training.epochs is not None:
        return "medium", "the default with a number of epochs"
    if training.minutes is None:
        return "medium", f"the best for about {TARGET_STEPS} steps; more minutes allow a larger one"
    fitting = [
        name for name, size in SIZES.items() if _steps_in_budget(_sized(model, size), training) >= size.min_steps
    ]
    return fitting[-1], f"the best for {training.minutes:g} minutes"


def _steps_in_budget(model: ModelConfig, training: TrainingConfig) -> float:
    """Steps that fit into the budget of minutes on an ordinary machine."""
    seconds = max(60 * chosen(training.minutes) - ASSUMED_START_SECONDS, 1)
    return seconds / step_seconds(model, training.batch_size * training.sequence_length, training.softmax_samples)


def _own_options(model: ModelConfig) -> list[str]:
    """What the user chose instead of the tool, in words."""
    names = ("units", "layers", *DROPOUTS)
    return [f"{name} {value:g}" for name in names if (value := getattr(model, name)) is not None]


def _sized(model: ModelConfig, size: Size) -> ModelConfig:
    return _fill(model, units=size.units, layers=size.layers)


def _fill(config: _Config, **defaults: Any) -> _Config:
    """A configuration with these values for the fields that are None."""
    missing = {name: value for name, value in defaults.items() if getattr(config, name) is None}
    return dataclasses.replace(config, **missing)


def chosen(value: _Value | None) -> _Value:
    """A field of a configuration that planning has already filled in."""
    if value is None:
        raise ValueError("a field of the configuration has not been chosen yet")
    return value
