"""Logits to probabilities, and losses in nats, bits and perplexity."""

import math

import numpy as np


def softmax(logits):
    """Probabilities, float64, of logits of shape (rows, vocabulary); zeros in a row where all are forbidden."""
    highest = np.maximum.reduce(logits, axis=1, keepdims=True)
    weights = np.exp(logits - np.where(np.isfinite(highest), highest, 0))
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), np.finfo(float).tiny)


def log_probabilities(logits, ids, dtype=np.float64):
    """Natural logarithm of the probability of each row's id, shape (rows,), of logits (rows, vocabulary); reckoned in a
    dtype."""
    logits = np.asarray(logits, dtype=dtype)
    highest = logits.max(axis=1)
    whole = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest
    return logits[np.arange(len(ids)), ids] - whole


def bits(nats):
    """Nats to bits."""
    return nats / math.log(2)
