"""Several processes, on one machine or many, that train one model: how they meet, agree, and notice that one is lost.

Knows nothing of Keras, of texts or of what is trained: `textgen.training.distribution` divides the work.
"""

from textgen.group.membership import Membership

__all__ = ["Membership"]
