"""Documents that are not articles here: formats that are not read, and packages to install."""

from collections.abc import Iterable

from feeds.articles import restructured_text
from feeds.errors import MissingPackageError

_NAMES = {
    ".adoc": "AsciiDoc", ".asciidoc": "AsciiDoc", ".org": "Org", ".rst": "reStructuredText",
    ".ipynb": "notebook", ".mdx": "MDX", ".mdoc": "Markdoc", ".textile": "Textile",
    ".md": "Markdown", ".markdown": "Markdown", ".qmd": "Quarto",
}  # fmt: skip
# Formats that no preset reads, and what to do.
_REMEDIES = {
    "AsciiDoc": "convert it to Markdown, for example with `npx downdoc FILE`",
}


def is_document(extension: str) -> bool:
    """Return whether files with this extension, in lower case, are documents."""
    return extension in _NAMES


def reason(extension: str) -> str:
    """Return why documents with this extension are not read, and what to do."""
    name = _NAMES[extension]
    remedy = _REMEDIES.get(name)
    return f"{name} ({extension}) is not read" + (f"; {remedy}" if remedy else "")


def refusal(path: str) -> str:
    """Return why an article cannot be read, by its extension; empty if it can."""
    extension = f".{path.rpartition('.')[2].lower()}"
    name = _NAMES.get(extension, "")
    return f"is {name}, which is not read; {_REMEDIES[name]}" if name in _REMEDIES else ""


def check_packages(paths: Iterable[str]) -> None:
    """Raise `MissingPackageError` if articles are reStructuredText, and docutils is missing."""
    articles = [path for path in paths if path.endswith(".rst")]
    if articles and not restructured_text.is_available():
        raise MissingPackageError(
            f"articles of reStructuredText need another package ({len(articles)}, such as "
            f"{min(articles)}); install it: {restructured_text.INSTALL}; or leave them out with "
            "articles.ignore: ['*.rst']"
        )
