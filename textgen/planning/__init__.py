"""From documents and options to a plan: what will be trained, and for how long. Knows nothing of Keras."""
