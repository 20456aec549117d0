"""`feeds init`, as users and scripts run it, and the commands after it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from feeds.cli import init as init_command
from feeds.cli.main import main
from tests.init.sites import post, write
from tests.support.commands import run

POSTS = {f"posts/{n}.md": post(f"Post {n}", f"2024-05-{n:02}") for n in range(1, 7)}


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write(tmp_path, POSTS))
    monkeypatch.delenv("FEEDS_CONFIG", raising=False)
    return tmp_path


def test_the_commands_after_it_need_no_option() -> None:
    result = run("init", "--yes")
    assert result.exit_code == 0
    assert result.stdout.endswith("Next: feeds serve\n")
    assert "6 articles, 6 read: 6 added" in run("build").stdout
    assert run("check").exit_code == 0


def test_they_find_settings_in_another_folder(site: Path) -> None:
    write(site, {"config/app.toml": ""})
    assert "feeds/site.yaml" in run("init").stdout
    assert "6 added" in run("build").stdout


def test_a_second_run_overwrites_nothing() -> None:
    run("init")
    result = run("init")
    assert result.exit_code == 2
    assert result.stderr == (
        "feeds: config/site.yaml exists already and is not overwritten; edit it, or delete it and "
        "run feeds init again\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "is not a folder"),
        (("--url", "mailto:x"), "is not the URL of a site"),
        (("--old-feed", "nothing.xml"), "nothing.xml: cannot be read"),
        (("--old-feed", "posts/1.md"), "is neither RSS nor Atom nor JSON Feed"),
        (("--generator", "unheard"), "is not one of"),
    ],
)
def test_a_mistake_is_a_message(arguments: tuple[str, ...], message: str) -> None:
    result = run("init", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not Path("config").exists()


def test_a_difference_from_the_old_feed_is_status_1() -> None:
    items = '[{"id": "urn:1", "url": "https://example.org/1/", "title": "Post 1"}]'
    write(Path(), {"old.json": f'{{"title": "X", "items": {items}}}'})
    result = run("init", "--old-feed", "old.json")
    assert result.exit_code == 1
    assert "Post 1: id urn:1 became tag:example.org" in result.stdout
    assert Path("config/site.yaml").exists()


def test_no_article_is_status_1(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("init", "empty")
    assert result.exit_code == 1
    assert "No site generator was found in empty" in result.stdout
    assert "cd empty && feeds serve" in result.stdout


def test_json_has_what_the_report_says() -> None:
    data = json.loads(run("init", "--json").stdout)
    assert data["generator"] == "plain"
    assert data["counts"]["published"] == 6
    assert data["written"] == ["config/site.yaml", "config/feeds.yaml", "config/.gitignore"]


def test_on_a_terminal_it_asks_for_what_it_cannot_find(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init_command, "_can_ask", lambda: True)
    result = CliRunner().invoke(main, ["init"], input="blog.example.net\nMy blog\n")
    assert result.exit_code == 0
    text = Path("config/site.yaml").read_text()
    assert "url: https://blog.example.net/\ntitle: My blog\n" in text


def test_with_yes_it_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init_command, "_can_ask", lambda: True)
    assert "[https:" not in run("init", "--yes").output
