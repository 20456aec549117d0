"""Of a folder of Markdown, the articles and the names of their fields are guessed."""

from pathlib import Path

import pytest

from feeds.init import plain
from tests.init.sites import post, write


def articles(**matter: str) -> dict[str, str]:
    lines = "".join(f"{name}: {value}\n" for name, value in matter.items())
    return {f"posts/{number}.md": f"---\n{lines}---\nText\n" for number in range(5)}


def test_the_article_folder_is_the_deepest_with_nearly_all_front_matter(tmp_path: Path) -> None:
    files = {f"content/posts/{year}/{n}.md": post("a") for year in (2023, 2024) for n in range(5)}
    write(tmp_path, {**files, "content/about.md": post("b"), "README.md": "# Hello"})
    assert plain.inspect(tmp_path).folder == "content/posts"


def test_folders_of_dependencies_and_built_sites_are_not_searched(tmp_path: Path) -> None:
    files = {f"{folder}/{n}.md": post("a") for folder in ("node_modules", "dist") for n in range(9)}
    write(tmp_path, {**files, "notes/a.md": post("a")})
    assert plain.detect(tmp_path) == ("notes",)


def test_common_names_need_no_setting(tmp_path: Path) -> None:
    write(tmp_path, articles(title="A title", pubDate="2024-05-31", tags="[a]"))
    assert plain.inspect(tmp_path).fields == {}


def test_other_names_are_guessed_by_their_values(tmp_path: Path) -> None:
    write(tmp_path, articles(kop="A long title", geschreven="2024-05-31", onderwerpen="[a, b]"))
    findings = plain.inspect(tmp_path)
    assert {ours: names[0] for ours, names in findings.fields.items()} == {
        "title": "kop",
        "published": "geschreven",
        "topics": "onderwerpen",
    }
    assert sum("by its values" in sentence for sentence in findings.unclear) == 3


def test_a_date_in_the_file_name_needs_no_field(tmp_path: Path) -> None:
    files = {
        f"posts/2024-05-0{n}-a.md": "---\ntitle: A b\nseen: 2020-01-01\n---\n" for n in range(1, 5)
    }
    write(tmp_path, files)
    assert "published" not in plain.inspect(tmp_path).fields


@pytest.mark.parametrize("value", ["5", "true", "text", "''"])
def test_values_that_are_no_dates_are_not_taken_for_dates(tmp_path: Path, value: str) -> None:
    write(tmp_path, articles(title="A title", other=value))
    assert "published" not in plain.inspect(tmp_path).fields


def test_a_guessed_url_is_said_to_be_a_guess(tmp_path: Path) -> None:
    write(tmp_path, articles(title="A title"))
    assert any("are a guess" in sentence for sentence in plain.inspect(tmp_path).unclear)
    write(tmp_path, articles(title="A title", permalink="/x/"))
    assert not any("are a guess" in sentence for sentence in plain.inspect(tmp_path).unclear)
