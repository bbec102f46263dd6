"""Text to ids and back: characters, words, and how documents are laid out as one row of ids."""
