"""Formats that are not read are told apart, with what to do."""

from pathlib import Path

import pytest

from feeds.articles import folder, frontmatter, restructured_text
from feeds.config import load
from feeds.errors import ArticleError, ArticleFolderError, MissingPackageError

SITE = 'id: "tag:a.org,2026:"\nurl: https://a.org/\ntitle: A\narticles: {folder: ., preset: %s}\n'


def scan(root: Path, *names: str, preset: str = "pelican") -> tuple[folder.Scan, dict[str, int]]:
    (root / "config").mkdir()
    (root / "content").mkdir()
    text = SITE.replace("folder: .", "folder: ../content") % preset
    (root / "config/site.yaml").write_text(text)
    (root / "config/feeds.yaml").write_text("feeds: [{path: all}]\n")
    for name in names:
        (root / "content" / name).write_text("Title: A\nDate: 2024-03-05\n\nText\n")
    site = load.load(root / "config", {})
    return folder.scan(site), folder.count_unread(site)


def test_asciidoc_is_counted_with_what_to_do(tmp_path: Path) -> None:
    found, unread = scan(tmp_path, "a.md", "b.adoc", "c.asciidoc")
    assert list(found.files) == ["a.md"]
    assert unread == {
        f"AsciiDoc ({extension}) is not read; convert it to Markdown, for example with "
        "`npx downdoc FILE`": 1
        for extension in (".adoc", ".asciidoc")
    }


def test_folder_of_only_asciidoc_says_so(tmp_path: Path) -> None:
    with pytest.raises(ArticleFolderError, match=r"has no article .*1 × AsciiDoc \(.adoc\)"):
        scan(tmp_path, "a.adoc")


def test_asciidoc_named_as_an_extension_is_refused() -> None:
    with pytest.raises(ArticleError, match=r"a\.adoc:1: is AsciiDoc, which is not read; convert"):
        frontmatter.split("a.adoc", b"---\ntitle: A\n---\n= A\n")


def test_one_message_names_the_package_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restructured_text, "is_available", lambda: False)
    with pytest.raises(MissingPackageError) as raised:
        scan(tmp_path, "a.md", "b.rst", "c.rst")
    assert str(raised.value) == (
        "articles of reStructuredText need another package (2, such as b.rst); install it: "
        "pip install 'feed-publisher[rst]'; or leave them out with articles.ignore: ['*.rst']"
    )


def test_package_is_not_needed_without_such_articles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restructured_text, "is_available", lambda: False)
    assert list(scan(tmp_path, "a.md")[0].files) == ["a.md"]
