"""Runs as web pages: one file that holds a model, and the network that runs in it."""
