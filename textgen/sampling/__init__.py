"""Logits to ids: the options of sampling, the transforms that they ask for, and the draw.

Knows nothing of networks, prompts or run folders. A new transform is a class and a field in
`textgen.sampling.transforms`.
"""
