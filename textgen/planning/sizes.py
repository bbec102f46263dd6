"""How large a model suits a text and a budget: what --size small, medium, large and huge mean, and what auto takes.

The figures come from measurements (docs/log.md, "the recipe"). Knows nothing of Keras or of files.
"""

import dataclasses
import math
from dataclasses import dataclass

# Assumed of a machine whose speed is not known yet: floating-point operations a second, all cores.
ASSUMED_SPEED = 2.3e11
# ... and seconds that a training takes to start and to measure itself.
ASSUMED_START = 10
# ... and what it takes in truth, where its end is to be told and not to be kept to.
START = 6
# What a training without --epochs and --minutes aims at.
TARGET_STEPS = 2000
FEWEST_PASSES, MOST_PASSES = 4, 100


@dataclass(frozen=True)
class Size:
    """A model's size, and the fewest steps in which it learns more than a smaller one would in the same time."""

    units: int
    layers: int
    steps: int


SIZES = {
    "small": Size(256, 1, steps=0),
    "medium": Size(384, 1, steps=1000),
    "large": Size(512, 1, steps=2400),
    "huge": Size(768, 1, steps=6000),
}
# The more often a text is read, the more must be left out for it not to be learned by heart:
# from how many passes on, dropout between layers and before the logits, DropConnect on the recurrent kernel.
DROPOUTS = [(0, 0.0, 0.0), (4, 0.1, 0.0), (9, 0.3, 0.1), (14, 0.4, 0.2)]


def step_seconds(model, symbols):
    """Seconds that one training step on so many symbols takes on an ordinary machine, roughly."""
    return symbols * model.arithmetic() / ASSUMED_SPEED


def expected_seconds(model, training, steps, speed, measured):
    """Seconds that a training takes, from its start to its end.

    Args:
        model, training: the configurations, settled.
        steps: in all.
        speed: floating-point operations a second that training reaches.
        measured: symbols that the loss is measured on after each epoch, at a third of the work of training.
    """
    symbols = training.batch_size * training.sequence_length
    epochs = training.epochs
    work = (steps * symbols + epochs * measured / 3) * model.arithmetic()
    return START + work / speed


def learning_rate(units, layers):
    """The peak rate that suits a model: the larger, the lower."""
    return float(f"{min(0.01, 3.072 / (units * math.sqrt(layers))):.2g}")


def settle(model, training, symbols):
    """Choose what was left to the tool: units, layers, dropout, rate, epochs, patience.

    Args:
        model, training: the configurations, the vocabulary and the batch settled already.
        symbols: length of the training text.

    Returns:
        the configurations with no choice left, and a line that says what was chosen and why.
    """
    symbols_per_step = training.batch_size * training.sequence_length

    def steps_in_budget(size):
        sized = _fill(model, units=size.units, layers=size.layers)
        return max(60 * training.minutes - ASSUMED_START, 1) / step_seconds(sized, symbols_per_step)

    name, why = training.size, "as asked"
    if name == "auto" and training.minutes is None:
        name, why = "medium", f"the best for about {TARGET_STEPS} steps; more --minutes take a larger one"
    elif name == "auto":
        name = [name for name, size in SIZES.items() if steps_in_budget(size) >= size.steps][-1]
        why = f"the best for {training.minutes:g} minutes"
    size = SIZES[name]
    asked = [
        f"{field} {value:g}"
        for field in ("units", "layers", "dropout", "output_dropout", "recurrent_dropconnect")
        if (value := getattr(model, field)) is not None
    ]
    model = _fill(model, units=size.units, layers=size.layers)
    rate = learning_rate(model.units, model.layers)
    training = _fill(training, learning_rate=rate, patience=0 if training.minutes else 5)

    steps_per_pass = max(symbols // symbols_per_step, 1)
    if training.epochs is None and training.minutes is None:
        epochs = min(max(-(-TARGET_STEPS // steps_per_pass), FEWEST_PASSES), MOST_PASSES)
        training = dataclasses.replace(training, epochs=epochs)
    passes = training.epochs
    if passes is None:
        passes = steps_in_budget(size) / steps_per_pass
    _, dropout, dropconnect = max(row for row in DROPOUTS if row[0] <= passes)
    model = _fill(model, dropout=dropout, output_dropout=dropout, recurrent_dropconnect=dropconnect)
    reason = f"{name}, {why}; about {passes:,.{0 if passes >= 10 else 1}f} passes over the text"
    return model, training, reason + (f"; your own {', '.join(asked)}" if asked else "")


def _fill(config, **defaults):
    """A configuration with these values where it has None."""
    missing = {name: value for name, value in defaults.items() if getattr(config, name) is None}
    return dataclasses.replace(config, **missing)
