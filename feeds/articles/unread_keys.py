"""Finds keys of front matter that are not read, although they look like keys that are. No I/O."""

from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import Any

from feeds.articles.withholding_keys import OWN, find_meaning
from feeds.errors import Notice
from feeds.presets import vocabulary
from feeds.presets.matter import fold

# How alike a misspelt key and the right one are, and the length below which keys are not compared.
_ALIKE, _MIN_LENGTH = 0.85, 5
# Keys that are examined: comparing names is slow, and no author writes more.
_MAX_KEYS = 200
_NAMES = {
    **{fold(name): name for names in vocabulary.COMMON.values() for name in names},
    **{fold(name): name for name in OWN},
}


def notices(data: Mapping[Any, Any], *, has_date: bool) -> Iterable[Notice]:
    """Yield a notice for each key of `data` that its author may expect to be read.

    `data` is front matter without the keys that were read under other names (`Reading.data`).
    `has_date` is False if the article is dated by its first build.
    """
    for name, value in islice(data.items(), _MAX_KEYS):
        if not isinstance(name, str) or name in OWN:
            continue
        if (suggestion := _suggestion(name)) is not None:
            message = f"is not read; did you mean {suggestion}?"
            yield Notice(name, message)
        elif not has_date and isinstance(value, date):
            message = "is a date, but is not read, and the article has no other; if it is the date "
            yield Notice(
                name, f"{message}of publication, write articles.fields: {{published: {name}}}"
            )


@lru_cache(2_000)
def _suggestion(name: str) -> str | None:
    """Return the key that a misspelt one resembles; None for other keys, and for correct ones."""
    folded = fold(name)
    if find_meaning(name) is not None:
        return None
    if folded in _NAMES:
        # A common name that was not needed, or one of ours in other letters.
        return _NAMES[folded] if _NAMES[folded] in OWN else None
    if len(folded) < _MIN_LENGTH:
        return None
    close = get_close_matches(folded, _NAMES, 1, _ALIKE)
    return _NAMES[close[0]] if close else None
