"""A run to text: prompts, sampling, transforms, beam search, co-writing."""
