"""The run folder, where training and writing meet: what is in it, read and written."""
