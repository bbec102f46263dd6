"""The network that writes: one step, several networks as one, probabilities, and how well a network predicts a text."""
