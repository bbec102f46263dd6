"""The user's cache folder: texts that were fetched, texts that were encoded. Knows nothing of what is kept there."""

import os
from pathlib import Path

# Where another place is wanted.
VARIABLE = "TEXTGEN_CACHE"
FREE_SPACE_ADVICE = f"make room, or name another place with {VARIABLE}=DIR, then try again"


def folder(*names):
    """A folder of the cache; it may not exist yet."""
    if place := os.environ.get(VARIABLE):
        return Path(place, *names)
    from platformdirs import user_cache_path

    return user_cache_path("textgen", appauthor=False).joinpath(*names)
