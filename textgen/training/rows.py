"""Tables of which a step reads some rows only: reading them, and the gradient that belongs to them.

A vocabulary of 50,000 words has a table of 100 MB. A step reads some thousand of its rows, so the gradient of the
others is zero. On TensorFlow the gradient is then an IndexedSlices, which holds the rows that were read and their
numbers; on JAX and PyTorch it is an array like any other. Holds code for one Keras backend, for that reason.
"""

from typing import Any

from textgen.training.backend import Tensor, keras, ops, tensorflow


def take_rows(table: Any, ids: Tensor) -> Tensor:
    """Some rows of a table.

    Args:
        table: a Keras variable, float (rows, size).
        ids: integers, any shape.

    Returns:
        float, the shape of `ids` and (size,).
    """
    if keras.backend.backend() == "tensorflow" and isinstance(table, keras.Variable):
        # Of the variable itself: read as a whole first, it would be copied whole at each step.
        return tensorflow().gather(table.value, ids)
    return ops.take(table, ids, axis=0)


def is_sparse(gradient: Tensor) -> bool:
    """Whether a gradient holds only the rows that were read."""
    return keras.backend.backend() == "tensorflow" and isinstance(gradient, tensorflow().IndexedSlices)


def merged(gradient: Any) -> Any:
    """A sparse gradient in which each row occurs once: rows that were read several times are summed."""
    tf = tensorflow()
    rows, places = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, places, tf.shape(rows)[0])
    return tf.IndexedSlices(values, rows, gradient.dense_shape)
