"""Services of Python and the operating system: files, locks, signals, threads, optional packages."""
