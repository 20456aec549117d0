"""The commands, as users and scripts run them."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from feeds.cli.main import main
from tests.support.commands import run
from tests.support.site import front_matter, write_article, write_site


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


def test_build_reports_changes_and_problems(root: Path) -> None:
    result = run("build", "--config", str(root))
    assert result.exit_code == 0
    assert "5 articles, 5 read: 3 added, 0 changed, 0 withdrawn; 3 of 3 feeds" in result.stdout
    assert "error: _news/bad.md:1: has no front matter" in result.stderr


def test_json_option_prints_json(root: Path) -> None:
    report = json.loads(run("build", "--config", str(root), "--json").stdout)
    assert (report["added"], report["problems"][0]["path"]) == (3, "_news/bad.md")
    listed = json.loads(run("list", "--config", str(root), "--json").stdout)
    assert [feed["path"] for feed in listed] == ["all", "topics/ai", "topics/maps"]
    exported = run("export", "--config", str(root), str(root / "out"), "--json").stdout
    assert json.loads(exported)["export"]["written"]


@pytest.mark.parametrize("command", ["build", "list"])
def test_commands_import_only_what_they_need(root: Path, command: str) -> None:
    run("build", "--config", str(root))
    code = (
        "import sys; from feeds.cli.main import main; main(standalone_mode=False); "
        "print(*sorted({'jinja2', 'watchfiles', 'granian', 'flask', 'rich'} & {*sys.modules}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, command, "--config", str(root)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize(
    "command",
    ["build", "export {}/out", "list", "show _news/a.md", "subscribers {}/log", "ping"],
)
def test_commands_leave_the_catalogue_as_one_file(root: Path, command: str) -> None:
    """Copying the file must not lose changes in a write-ahead log next to it."""
    (root / "log").write_text("")
    for _ in range(2):
        run("build", "--config", str(root))
    write_article(root, "_news/a.md", front_matter(title="Edited"))
    name, *rest = command.split()
    code = "from feeds.cli.main import main; main()"
    arguments = [argument.format(root) for argument in rest]
    subprocess.run(
        [sys.executable, "-c", code, name, *arguments, "--config", str(root)],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert [file.name for file in root.glob("catalogue*")] == ["catalogue.sqlite"]


def test_rejected_catalogue_is_left_unchanged(root: Path) -> None:
    run("build", "--config", str(root))
    with closing(sqlite3.connect(root / "catalogue.sqlite")) as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
        connection.commit()
    assert run("list", "--config", str(root)).exit_code == 2
    assert [file.name for file in root.glob("catalogue*")] == ["catalogue.sqlite"]


def test_export_prints_limitations_of_the_host(root: Path) -> None:
    out = root / "out"
    result = run("export", "--config", str(root), str(out), "--for", "netlify")
    assert (out / "_headers").exists()
    assert "files written" in result.stdout
    assert "Netlify sends no Link header" in result.stdout
    assert run("export", "--config", str(root), str(out), "--for", "nowhere").exit_code == 2


def test_check_exits_with_1_only_if_there_is_a_problem(root: Path) -> None:
    result = run("check", "--config", str(root))
    assert result.exit_code == 1
    assert "5 articles, 1 problem, of which 1 keeps" in result.stdout
    (root / "articles/_news/bad.md").unlink()
    assert run("check", "--config", str(root)).exit_code == 0


def test_check_neither_needs_nor_creates_a_catalogue(root: Path) -> None:
    run("check", "--config", str(root))
    assert not list(root.glob("catalogue*"))


def test_list_prints_one_line_per_feed(root: Path) -> None:
    run("build", "--config", str(root))
    lines = run("list", "--config", str(root)).stdout.splitlines()
    assert lines[0].split("\t") == [
        "Example", "2", "2024-05-31", "2024-05-31 09:00", "https://example.org/all.atom",
    ]  # fmt: skip
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("_news/a.md", ["status: published", "in: all", "in: topics/maps"]),
        ("tag:example.org,2026:site/_news/a", ["status: published", "title: First"]),
        ("_news/held.md", ["status: withheld by its author"]),
        ("_news/later.md", ["status: held back until 2999-01-01 00:00 UTC"]),
        ("_news/bad.md", ["status: not published", "has no front matter"]),
    ],
)
def test_show_explains_the_status_of_an_article(root: Path, name: str, expected: list[str]) -> None:
    run("build", "--config", str(root))
    result = run("show", "--config", str(root), name)
    assert result.exit_code == 0
    for line in expected:
        assert line in result.stdout


def test_show_accepts_a_path_from_shell_completion(root: Path) -> None:
    run("build", "--config", str(root))
    file = str(root / "articles/_news/a.md")
    assert "status: published" in run("show", "--config", str(root), file).stdout


def test_show_reports_a_withdrawn_article(root: Path) -> None:
    run("build", "--config", str(root))
    (root / "articles/_news/a.md").unlink()
    run("build", "--config", str(root))
    assert "withdrawn" in run("show", "--config", str(root), "_news/a.md").stdout


def test_show_of_a_new_article_announces_the_next_build(root: Path) -> None:
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
def test_user_error_is_a_message_and_exit_status_2(
    root: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    if arguments == ("build",):
        (root / "site.yaml").write_text("colour: red", encoding="utf-8")
    result = run(*arguments, "--config", str(root))
    assert result.exit_code == 2
    assert result.stderr.startswith("feeds: ")
    assert "Traceback" not in result.output


def test_output_to_a_pipe_is_plain(root: Path) -> None:
    assert "\x1b" not in run("build", "--config", str(root)).output
    assert "\x1b" not in run("list", "--config", str(root)).output


def test_help_has_a_whole_sentence_for_each_command_in_80_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == sorted(main.commands)
    assert all(line.endswith(".") and not line.endswith("...") for line in lines)
