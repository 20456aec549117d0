"""Golden files: each folder has an article and its fragment in each format.

`pytest tests/render/test_golden.py --update-golden` rewrites the fragments; review the diff.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feeds.articles import parser
from feeds.model import document
from feeds.render import fragment
from tests.support.site import make_site

FOLDERS = sorted(path for path in (Path(__file__).parent / "golden").iterdir() if path.is_dir())
FILES: dict[document.Format, str] = {"rss": "item.xml", "atom": "entry.xml", "json": "item.json"}
SEEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PC_MAGAZINE = {
    "name": "PC Magazine",
    "url": "https://www.pcmag.example/",
    "feed": "https://www.pcmag.example/feed.xml",
}
# The hash of the golden files at the current `fragment.VERSION`.
GOLDEN = {5: "429388d67e0c8ede586a917a709f78d3027d8ebde9ddbf7a6522cb7c79fd7aee"}
SITE = make_site(
    assets_url="https://cdn.example/",
    timezone="Europe/Berlin",
    permalink="https://example.org/{category}/{year}/{name}/",
    providers={"pc magazine": PC_MAGAZINE},
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_fragments_equal_the_golden_files(folder: Path, update_golden: bool) -> None:
    (file,) = (path for path in folder.iterdir() if path.name not in FILES.values())
    article = parser.parse(f"_news/{file.name}", file.read_bytes(), SEEN, SITE)
    assert article.problems == ()
    assert article.entry is not None
    rendered = fragment.render_entry(article.entry, SITE)
    for format_, name in FILES.items():
        if update_golden:
            (folder / name).write_bytes(rendered[format_])
        assert rendered[format_].decode() == (folder / name).read_text(encoding="utf-8")


def test_changed_golden_files_need_a_new_version() -> None:
    digest = hashlib.sha256()
    for file in sorted(FOLDERS[0].parent.rglob("*.*")):
        if file.is_file():
            content = file.read_bytes()
            digest.update(f"{file.parent.name}/{file.name} {len(content)}\n".encode() + content)
    message = (
        "the golden files changed: unless you only added a folder, raise fragment.VERSION, "
        "or catalogues keep their old fragments; then update the hash in GOLDEN"
    )
    assert {fragment.VERSION: digest.hexdigest()} == GOLDEN, message
