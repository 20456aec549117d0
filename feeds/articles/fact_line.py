"""The facts that a course, video or download shows in a line. No I/O."""

from collections.abc import Sequence
from typing import Any

from feeds.articles.fields import Fields
from feeds.util import dates


def fact_line(fields: Fields, type_: str | None) -> Sequence[str]:
    """Return short facts about a course, video or download, such as its duration and price."""
    facts = [type_.capitalize()] if type_ and type_ != "article" else []
    if seconds := dates.iso_duration(fields.raw("length")):
        facts.append(_format_duration(seconds))
    facts += fields.names("levels")
    price = fields.raw("price")
    if isinstance(price, str):
        facts.append(fields.name("price"))
    elif isinstance(price, int | float) and not isinstance(price, bool):
        facts.append(str(price))
    ratings = fields.mapping("ratings")
    if ratings:
        facts.append(_format_rating(ratings.raw("average"), ratings.raw("count")))
    return [fact for fact in facts if fact]


def _format_rating(average: Any, count: Any) -> str:
    if isinstance(average, bool) or not isinstance(average, int | float) or not 0 < average <= 5:
        return ""
    rating = f"Rated {average:.1f} of 5"
    return f"{rating} by {count:,}" if isinstance(count, int) and count > 0 else rating


def _format_duration(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod((seconds + 30) // 60, 60)
    return " ".join(f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min")) if n)
