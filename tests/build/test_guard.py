"""The guard stops builds that would withdraw too many entries."""

from datetime import timedelta
from pathlib import Path

import pytest

from feeds.config.site import Site
from feeds.errors import GuardError, RenderError
from feeds.model import document
from feeds.model.entry import Entry
from feeds.render import fragment
from tests.support.built_site import LATER, article
from tests.support.site import Publication


def test_guard_stops_a_build_that_withdraws_too_much(tmp_path: Path) -> None:
    site = Publication(tmp_path, {f"{n:02}.md": article(f"t{n}") for n in range(40)}, guard=60)
    site.build()
    before = site.items()
    for number in range(25):
        site.file(f"{number:02}.md").unlink()
    with pytest.raises(GuardError, match="25 of 40 entries"):
        site.build()
    assert site.items() == before
    assert site.build(force=True).withdrawn == 25
    assert len(site.items()) == 15


def test_guard_accepts_withdrawals_up_to_the_setting(tmp_path: Path) -> None:
    site = Publication(tmp_path, {f"{n:02}.md": article(f"t{n}") for n in range(40)}, guard=60)
    site.build()
    for number in range(24):
        site.file(f"{number:02}.md").unlink()
    assert site.build().withdrawn == 24


def test_expired_entries_do_not_count_for_the_guard(tmp_path: Path) -> None:
    expiry = f"{LATER:%Y-%m-%dT%H:%M:%SZ}"
    articles = {f"{n:02}.md": article(f"t{n}", expiryDate=expiry) for n in range(30)}
    articles |= {f"{n:02}.md": article(f"t{n}") for n in range(30, 40)}
    site = Publication(tmp_path, articles)
    site.build()
    site.write("new.md", article("breaking"))
    report = site.build(LATER + timedelta(hours=1))
    assert (report.withdrawn, report.added, len(site.items())) == (30, 1, 11)


def test_guard_names_the_front_matter_that_withholds_most(tmp_path: Path) -> None:
    site = Publication(tmp_path, {f"{n:02}.md": article(f"t{n}") for n in range(40)})
    site.build()
    for number in range(25):
        site.write(f"{number:02}.md", article(f"t{number}", draft=True))
    with pytest.raises(GuardError, match=r"front matter of 25 of them .* first is 00\.md:.*draft"):
        site.build()


def fail_to_render(monkeypatch: pytest.MonkeyPatch, *titles: str) -> None:
    """Raise RenderError for entries with these titles."""
    render = fragment.render_entry

    def failing(entry: Entry, site: Site) -> dict[document.Format, bytes]:
        if entry.title in titles:
            raise RenderError(entry.id, "refused")
        return render(entry, site)

    monkeypatch.setattr(fragment, "render_entry", failing)


def test_guard_counts_entries_that_cannot_be_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Publication(tmp_path, {f"{n:02}.md": article(f"t{n}") for n in range(40)}, guard=60)
    site.build()
    before = site.items()
    with monkeypatch.context() as patch:
        patch.setattr(fragment, "VERSION", -1)  # all entries are rendered again
        fail_to_render(patch, *(f"t{number}" for number in range(25)))
        with pytest.raises(GuardError, match=r"25 of 40.* 25 of them cannot be rendered.*refused"):
            site.build()
        assert site.items() == before
        assert site.build(force=True).withdrawn == 25
        assert len(site.items()) == 15
        assert site.build().read == 0
    report = site.build(LATER)
    assert (len(site.items()), report.problems) == (40, ()), "another version did not try again"
    assert {entry["id"] for entry in site.items()} == {entry["id"] for entry in before}


def test_guard_accepts_a_few_failures_in_the_first_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"t{number}" for number in range(60)]
    site = Publication(tmp_path, {f"{name}.md": article(name) for name in names}, guard=50)
    fail_to_render(monkeypatch, *names[:30])
    assert site.build().withdrawn == 30
    assert len(site.items()) == 30
