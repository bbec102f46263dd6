"""The ids that mean the same in every vocabulary, and the target that means nothing."""

BOUNDARY = 0  # stands between two documents; a text begins after one
UNKNOWN = 1  # stands for every symbol outside the vocabulary
RESERVED = 2  # ids below this are not symbols of text and are never printed
IGNORED = -1  # as a target: padding, left out of the loss

# What stands between two documents when they are written out again: the text that was taken away on reading.
SEPARATORS = {"file": "\n\n", "block": "\n\n", "line": "\n", "poem": "\n\n"}
