"""Bodies of Pelican: Python-Markdown with the tags of the plugin `liquid_tags`. No I/O."""

import re
from typing import ClassVar

from feeds.articles.bodies import code, known, python_markdown, tags
from feeds.articles.bodies.calls import Call
from feeds.articles.bodies.liquid import Liquid
from feeds.articles.bodies.page import Page

_LABEL = re.compile(r"""(?:\[([^\[\]]*)\]|"([^"]*)"|'([^']*)')\s*\Z""")


class _Tags(Liquid):
    """The tags `{% img %}`, `{% youtube %}`, …; the plugin has no values in `{{ }}`."""

    pattern: ClassVar[re.Pattern[str]] = re.compile(r"\{%-?((?:[^%{]|%(?!\})|\{(?![%{]))*+)%\}")

    def _known(self, call: Call, name: str) -> str | None:
        """Return what a tag with a known name shows; None for any other."""
        if name == "include_code":  # a file of a folder that is not known
            return None
        if name != "img":
            return super()._known(call, name)
        path = next((part for part in call.positional if "/" in part or "." in part), "")
        label = _LABEL.search(call.tag.arguments)
        alt = next(filter(None, label.groups()), "") if label else ""
        return known.figure(call._replace(positional=[path, alt]), self.page)


def expand(text: str, page: Page) -> str:
    """Return the body with tags as HTML, and Markdown as CommonMark."""
    if "{%" in text:
        literal = code.in_html(text) if page.is_html else code.in_markdown(text)
        text = tags.expand(_Tags(page), text, literal)
    return text if page.is_html else python_markdown.expand(text)
