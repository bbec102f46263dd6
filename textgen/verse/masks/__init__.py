"""What may come next in a poem, as masks over the vocabulary."""
