"""What a run knows of its poems beside its weights: which words and lines go together, and what a theme calls for."""
