"""Files to documents: find, download, decode, parse, clean, remember."""
