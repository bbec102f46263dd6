"""Models that the tests of verse share."""

import pytest

from tests.helpers import poets
from tests.helpers.poets import ENGLISH, text_of

__all__ = ["ENGLISH", "LAMPLIGHTER"]

LAMPLIGHTER = text_of("lamplighter")


@pytest.fixture(scope="session")
def wordsmiths():
    """Models of words, characters and subwords, forward and backward."""
    return poets.wordsmiths()
