"""The network in NumPy: one step, several networks as one, probabilities, and how well a network predicts a text."""
