"""The commands as users and scripts run them."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from feeds.cli.main import main
from tests.support.site import front_matter, write_article, write_site


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_site(
        tmp_path,
        {
            "_news/a.md": front_matter(title="First", topics=["AI", "Maps"]),
            "_news/b.md": front_matter(title="Second", webUrl="https://example.org/b"),
            "_news/held.md": front_matter(webUrl="https://example.org/h", published=False),
            "_news/later.md": front_matter(
                webUrl="https://example.org/l", publishedDateTime="2999-01-01T00:00:00Z"
            ),
            "_news/bad.md": "no front matter",
        },
    )


def test_build_says_what_it_did_and_what_is_wrong(root: Path) -> None:
    result = run("build", "--config", str(root))
    assert result.exit_code == 0
    assert "5 articles, 5 read: 3 added, 0 changed, 0 withdrawn; 3 of 3 feeds" in result.stdout
    assert "error: _news/bad.md:1: has no front matter" in result.stderr


def test_json_is_for_machines(root: Path) -> None:
    report = json.loads(run("build", "--config", str(root), "--json").stdout)
    assert (report["added"], report["problems"][0]["path"]) == (3, "_news/bad.md")
    listed = json.loads(run("list", "--config", str(root), "--json").stdout)
    assert [feed["path"] for feed in listed] == ["all", "topics/ai", "topics/maps"]
    exported = run("export", "--config", str(root), str(root / "out"), "--json").stdout
    assert json.loads(exported)["export"]["written"]


@pytest.mark.parametrize("command", ["build", "list"])
def test_no_command_loads_what_it_does_not_need(root: Path, command: str) -> None:
    run("build", "--config", str(root))
    code = (
        "import sys; from feeds.cli.main import main; main(standalone_mode=False); "
        "print(*sorted({'jinja2', 'watchfiles', 'granian', 'flask', 'rich'} & {*sys.modules}))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, command, "--config", str(root)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize(
    "command",
    ["build", "export {}/out", "list", "show _news/a.md", "subscribers {}/log", "ping"],
)
def test_after_a_command_the_catalogue_is_one_file(root: Path, command: str) -> None:
    """Whoever copies or replaces it must not miss what stands in a log beside it."""
    (root / "log").write_text("")
    for _ in range(2):
        run("build", "--config", str(root))
    write_article(root, "_news/a.md", front_matter(title="Edited"))
    name, *rest = command.split()
    code = "from feeds.cli.main import main; main()"
    arguments = [each.format(root) for each in rest]
    subprocess.run(
        [sys.executable, "-c", code, name, *arguments, "--config", str(root)],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert [file.name for file in root.glob("catalogue*")] == ["catalogue.sqlite"]


def test_a_catalogue_that_is_refused_is_left_as_it_was(root: Path) -> None:
    run("build", "--config", str(root))
    with closing(sqlite3.connect(root / "catalogue.sqlite")) as made:
        made.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
        made.commit()
    assert run("list", "--config", str(root)).exit_code == 2
    assert [file.name for file in root.glob("catalogue*")] == ["catalogue.sqlite"]


def test_export_says_what_the_host_cannot_do(root: Path) -> None:
    out = root / "out"
    result = run("export", "--config", str(root), str(out), "--for", "netlify")
    assert (out / "_headers").exists()
    assert "files written" in result.stdout
    assert "Netlify sends no Link header" in result.stdout
    assert run("export", "--config", str(root), str(out), "--for", "nowhere").exit_code == 2


def test_check_exits_1_where_there_is_a_problem_and_0_where_not(root: Path) -> None:
    result = run("check", "--config", str(root))
    assert result.exit_code == 1
    assert "5 articles, 1 problems, of which 1 keep" in result.stdout
    (root / "articles/_news/bad.md").unlink()
    assert run("check", "--config", str(root)).exit_code == 0


def test_check_needs_no_catalogue_and_makes_none(root: Path) -> None:
    run("check", "--config", str(root))
    assert not list(root.glob("catalogue*"))


def test_list_has_a_line_for_every_feed(root: Path) -> None:
    run("build", "--config", str(root))
    lines = run("list", "--config", str(root)).stdout.splitlines()
    assert lines[0].split("\t") == [
        "Example", "2", "2024-05-31", "2024-05-31 09:00", "https://example.org/all.atom",
    ]  # fmt: skip
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("_news/a.md", ["status: published", "in: all", "in: topics/maps"]),
        ("tag:example.org,2026:site/_news/a", ["status: published", "title: First"]),
        ("_news/held.md", ["status: withheld by its author"]),
        ("_news/later.md", ["status: held back until 2999-01-01 00:00 UTC"]),
        ("_news/bad.md", ["status: not published", "has no front matter"]),
    ],
)
def test_show_says_what_becomes_of_an_article(root: Path, name: str, said: list[str]) -> None:
    run("build", "--config", str(root))
    result = run("show", "--config", str(root), name)
    assert result.exit_code == 0
    for each in said:
        assert each in result.stdout


def test_show_takes_a_path_as_the_shell_completes_it(root: Path) -> None:
    run("build", "--config", str(root))
    file = str(root / "articles/_news/a.md")
    assert "status: published" in run("show", "--config", str(root), file).stdout


def test_show_of_an_article_that_is_gone_says_so(root: Path) -> None:
    run("build", "--config", str(root))
    (root / "articles/_news/a.md").unlink()
    run("build", "--config", str(root))
    assert "withdrawn" in run("show", "--config", str(root), "_news/a.md").stdout


def test_show_of_a_new_article_says_that_a_build_is_wanted(root: Path) -> None:
    run("build", "--config", str(root))
    write_article(root, "new.md", front_matter(webUrl="https://example.org/n"))
    assert "the next build publishes it" in run("show", "--config", str(root), "new.md").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "no-such-article.md"),
        ("build",),
        ("export", "articles/below"),
    ],
)
def test_a_mistake_of_the_user_is_a_message_and_exit_2(
    root: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    if arguments == ("build",):
        (root / "site.yaml").write_text("colour: red", encoding="utf-8")
    result = run(*arguments, "--config", str(root))
    assert result.exit_code == 2
    assert result.stderr.startswith("feeds: ")
    assert "Traceback" not in result.output


def test_output_that_is_no_terminal_is_plain(root: Path) -> None:
    assert "\x1b" not in run("build", "--config", str(root)).output
    assert "\x1b" not in run("list", "--config", str(root)).output
