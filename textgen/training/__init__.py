"""The Keras half: a plan to a trained run. The only package that imports Keras."""
