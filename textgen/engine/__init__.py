"""The network in NumPy: step, mix, probabilities, and how well it predicts a text."""
