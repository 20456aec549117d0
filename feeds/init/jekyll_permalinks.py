"""Permalinks of Jekyll become patterns with our placeholders (jekyllrb.com/docs/permalinks)."""

import re
from collections.abc import Mapping
from typing import Any

_STYLES = {
    "date": "/:categories/:year/:month/:day/:title:output_ext",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title:output_ext",
    "weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
    "none": "/:categories/:title:output_ext",
}
_TOKENS = {
    "year": "{date:%Y}", "short_year": "{date:%y}", "month": "{date:%m}", "i_month": "{date:%-m}",
    "short_month": "{date:%b}", "long_month": "{date:%B}", "day": "{date:%d}",
    "i_day": "{date:%-d}", "y_day": "{date:%j}", "week": "{date:%V}", "w_year": "{date:%G}",
    "w_day": "{date:%u}", "short_day": "{date:%a}", "long_day": "{date:%A}", "hour": "{date:%H}",
    "minute": "{date:%M}", "second": "{date:%S}", "title": "{title}", "slug": "{slug}",
    "name": "{file}", "categories": "{categories}", "slugified_categories": "{categories}",
    "collection": "posts", "path": "{path}", "output_ext": ".html",
}  # fmt: skip
_TOKEN = re.compile(r":([a-z]+(?:_[a-z]+)*)")


def template(data: Mapping[str, Any]) -> str:
    """Return the permalink of posts in Jekyll's own form."""
    collections = data.get("collections")
    posts = collections.get("posts") if isinstance(collections, Mapping) else None
    own = posts.get("permalink") if isinstance(posts, Mapping) else None
    style = str(own or data.get("permalink") or "date").strip()
    return _STYLES.get(style, style)


def site_pattern(data: Mapping[str, Any], unclear: list[str]) -> str:
    """Return the pattern of all posts."""
    return translate(template(data), unclear)


def translate(permalink: str, unclear: list[str]) -> str:
    """Return a permalink with our placeholders; a token that is not known is left, and reported."""

    def replacement(match: re.Match[str]) -> str:
        name = match[1]
        # `:title_x` is `:title` and text: the longest token counts.
        while name not in _TOKENS and "_" in name:
            name = name.rpartition("_")[0]
        if name not in _TOKENS:
            unclear.append(
                f"the permalink {permalink} has :{match[1]}, which Jekyll does not document; "
                "write a pattern into site.permalink"
            )
            return match[0]
        return _TOKENS[name] + match[1][len(name) :]

    pattern = _TOKEN.sub(replacement, permalink)
    return pattern if pattern.startswith("/") else f"/{pattern}"


def rules(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the preset that permalinks decide."""
    return {"slugified_categories": True} if ":slugified_categories" in template(data) else {}
