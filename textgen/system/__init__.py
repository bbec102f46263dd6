"""What is asked of Python and of the operating system: files, locks, signals, threads; nothing of text or models."""
