"""The run folder, where training and writing meet: its configuration, its files, reading and writing them."""
