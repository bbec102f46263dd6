"""The options for the labels of a text (`textgen.engine.labelled`). Importing them does not import NumPy."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textgen.arguments import texts
from textgen.errors import UsageError
from textgen.options import Config, option


@dataclass(frozen=True)
class LabelConfig(Config):
    """Which labels a text has, and how strongly the model follows them."""

    label: tuple[str, ...] = option(
        (),
        "Tell the model this label of the text: NAME=LABEL, or a mixture: NAME=LABEL:0.6,LABEL:0.4.",
        parse=texts,
        metavar="LABEL",
        group="Sampling",
    )
    guidance: float = option(
        1.0,
        "Follow the labels this strongly: above 1, prefer what the labels make likelier than it is without them "
        "(classifier-free guidance).",
        low=0,
        high=100,
        group="Sampling",
    )


def label_config(given: Mapping[str, Any]) -> LabelConfig | None:
    """The labels that a person or a program gives a text; None where none are given.

    Args:
        given: fields of LabelConfig by name; a field that is None or missing was not given.

    Raises:
        UsageError: a field out of its range, or a guidance without labels that it would follow.
    """
    names = [field.name for field in dataclasses.fields(LabelConfig)]
    config = LabelConfig(**{name: given[name] for name in names if given.get(name) is not None})
    if config.label:
        return config
    if given.get("guidance") is not None:
        raise UsageError("`guidance` says how strongly labels are followed; give `label` too")
    return None
