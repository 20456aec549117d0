"""A difference as one HTML page without scripts, to be sent to those who decide."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from feeds.diff.changes import Difference, words


def render(difference: Difference, title: str) -> str:
    """Return the page; `title` is that of the site."""
    environment = Environment(
        loader=PackageLoader("feeds.diff", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("difference.html")
    return template.render(difference=difference, title=title, words=words)
