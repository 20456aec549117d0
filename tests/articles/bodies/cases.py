"""Bodies for the tests: rendered without a site, with a few other articles."""

from typing import Any

from feeds.articles.bodies import body
from feeds.articles.bodies.page import Page
from feeds.articles.site_files import NoFiles
from feeds.presets.reading import Dialect

URL = "https://example.org/blog/a/"


class Files(NoFiles):
    """A site with two other articles and a file to include."""

    def read(self, path: str, near: str) -> str | None:  # noqa: ARG002
        """Return the text of a file."""
        texts = {"part.md": "Included *text*", "_includes/box.html": "<b>{{ include.name }}</b>"}
        return texts.get(path)

    def link(self, path: str) -> str | None:
        """Return the URL of an article."""
        stem = path.removesuffix(".md")
        return f"https://example.org/{stem}/" if stem in ("posts/b", "posts/2024-01-02-c") else None

    def find(self, name: str) -> str | None:
        """Return the path of an article by the end of its name."""
        return "posts/2024-01-02-c.md" if name == "2024-01-02-c" else None


def page(*templates: Any, path: str = "posts/a.md", **fields: Any) -> Page:
    """Return the page of an article, in a dialect with these templates."""
    dialect = fields.pop("dialect", {})
    return Page(
        path=path,
        url=URL,
        base=URL,
        site="https://example.org/",
        title="The title",
        site_title="The site",
        dialect=Dialect(templates=templates, **dialect),
        files=Files(),
        notices={},
        variables={},
        **fields,
    )


def render(text: str, *templates: Any, **fields: Any) -> str:
    """Return the HTML of a body, on one line."""
    return " ".join(body.render(text, page(*templates, **fields)).html.split())


def notices(text: str, *templates: Any, **fields: Any) -> list[str]:
    """Return what the notices of a body are about."""
    its_page = page(*templates, **fields)
    body.render(text, its_page)
    return [notice.subject for notice in its_page.notices]
