"""What a run makes of texts that exist: whose they are, how sure it is, and which of them are alike."""
