"""The fields of both configurations as keyword arguments, for type checkers.

A test keeps them equal to `textgen.runs.config`. Knows nothing else.
"""

from typing import TypedDict


class ModelOptions(TypedDict, total=False):
    """The fields of ModelConfig as keyword arguments (a test keeps the two equal)."""

    tokenizer: str
    vocabulary_size: int | None
    subwords: str
    special: tuple[str, ...]
    encoder: str
    embedding_size: int | None
    units: int | None
    layers: int | None
    projection: int
    tie: bool | None
    dropout: float | None
    output_dropout: float | None
    recurrent_dropconnect: float | None
    embedding_dropout: float | None
    input_dropout: float | None
    variational: bool
    bias: bool
    label_size: int
    classify: str


class TrainingOptions(TypedDict, total=False):
    """The fields of TrainingConfig as keyword arguments (a test keeps the two equal)."""

    epochs: int | None
    minutes: float | None
    size: str
    batch_size: int
    sequence_length: int
    softmax_samples: int | None
    learning_rate: float | None
    warmup: float
    clip_norm: float
    activation_penalty: float | None
    change_penalty: float | None
    validation: float
    documents: str
    form: tuple[str, ...]
    author: str | None
    script: str
    heading: str
    title_field: str | None
    field: str | None
    label: tuple[str, ...]
    label_dropout: float
    classify_weight: float
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
