"""Untrusted text is shown on terminals and in logs without being interpreted."""

import ast
import io
import json
import logging
import logging.config
import os
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from feeds.cli import console
from feeds.errors import PurgeError
from feeds.serve.runner import _LOGGING
from feeds.util import terminal
from feeds.util.terminal import LogFormatter, escaped
from tests.support.commands import run
from tests.support.site import front_matter, write_site

# Markup of rich (an unmatched tag, and a link); terminal escapes for a link and a colour, with
# 7-bit and 8-bit controls; a direction override; and line breaks.
MARKUP = "[/bold] [link=https://evil.example]here[/link]"
CONTROLS = "\x1b]8;;https://evil.example\x07x\x9b31m\u202egpj\r"
NAME = "x\x1b[31m\nerror: forged.md:1: y.md"
HARMFUL = [chr(number) for number in (*range(32), *range(0x7F, 0xA0), 0x2028, 0x202E, 0x2066)]

# User-Agent headers never contain controls below U+0020.
AGENT = f"{MARKUP}\x9b31m\u202e/1.0"
LOG = json.dumps(
    {"time": 1718000000, "method": "GET", "path": "/all.rss", "status": 200, "user_agent": AGENT}
)
REPORTED = json.dumps(
    {
        "time": 1718000000, "method": "GET", "path": "/all.rss", "status": 200,
        "user_agent": f"{AGENT} (5 subscribers)", "client": "\x1b[2J",
    }
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "log").write_text(f"{LOG}\n{REPORTED}\n", encoding="utf-8")
    return write_site(
        tmp_path,
        {
            "a.md": front_matter(title=f"T {MARKUP} \u202egpj", topics=[MARKUP, "\u202egpj"]),
            NAME: "no front matter",
            "b.md": front_matter(webUrl="javascript:\x9b31m\u202e", publishedDateTime="\u202e12"),
        },
        title=f"Site {MARKUP} \u202e",
    )


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print tables as on a terminal without colours."""
    monkeypatch.setattr(console, "is_terminal", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "400")


def harmless(output: str) -> bool:
    return not [
        character
        for character in HARMFUL
        if character in output.replace("\n", "").replace("\t", "")
    ]


def commands(root: Path) -> list[tuple[str, ...]]:
    config = ("--config", str(root))
    return [
        ("build", *config),
        ("list", *config),
        ("check", *config),
        ("show", *config, "a.md"),
        ("show", *config, NAME),
        ("show", *config, f"no {CONTROLS}\n"),
        ("subscribers", *config, str(root / "log")),
        ("subscribers", *config, f"no {CONTROLS}\n"),
        ("export", *config, str(root / f"out{CONTROLS}\n[/bold]")),
        ("ping", *config),
        ("build", "--config", f"{root}/no{CONTROLS}\n"),
        ("build", f"--no{CONTROLS}\n"),
        (f"--no{CONTROLS}\n",),
        (f"no{CONTROLS}\n",),
        ("serve", *config, "--metrics-token", f"no{CONTROLS}\n"),
    ]


@pytest.mark.parametrize("shown", ["plain", "table"])
def test_no_command_prints_control_characters(
    root: Path, shown: str, request: pytest.FixtureRequest
) -> None:
    if shown == "table":
        request.getfixturevalue("at_terminal")
    for arguments in commands(root):
        result = run(*arguments)
        assert harmless(result.output), (arguments, result.output)
        assert not [line for line in result.output.split("\n") if "rror: forged" in line[:16]]


@pytest.mark.usefixtures("at_terminal")
def test_tables_show_markup_literally(root: Path) -> None:
    run("build", "--config", str(root))
    assert f"– {MARKUP}" in run("list", "--config", str(root)).output
    counted = run("subscribers", "--config", str(root), str(root / "log"))
    assert counted.exit_code == 0
    assert "[/bold] [link=https:" in counted.output


def test_name_with_a_line_break_is_one_row_of_the_report(root: Path) -> None:
    rows = run("check", "--config", str(root)).output.splitlines()
    assert [row for row in rows if "forged" in row] == [
        r"error: x\x1b[31m\nerror: forged.md:1: y.md:1: has no front matter; begin the file with "
        "a line of ---"
    ]


def test_title_with_a_tab_adds_no_column(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.echo("a\tb", 1)
    assert capsys.readouterr().out == "a\\tb\t1\n"


def test_json_is_exact_and_escaped(root: Path) -> None:
    output = run("check", "--config", str(root), "--json").stdout
    assert harmless(output)
    assert NAME in [problem["path"] for problem in json.loads(output)["problems"]]
    run("build", "--config", str(root))
    output = run("list", "--config", str(root), "--json").stdout
    assert harmless(output)
    assert f"Site {MARKUP} \u202e" in [
        feed["title"].partition(" –")[0] for feed in json.loads(output)
    ]


def test_escaped_shows_controls_and_keeps_other_text() -> None:
    assert escaped("a\x1b[0m\n\r\t\x00\x7f\x9b\u2028\u202e\u2069") == (
        r"a\x1b[0m\n\r\t\x00\x7f\x9b\u2028\u202e\u2069"
    )
    assert escaped(os.fsdecode(b"caf\xe9")) == r"caf\xe9"
    assert escaped("\ud800") == r"\ud800"
    for text in ("plain", r"C:\new", "Ünï – “x”", "שלום", "👩‍🚀", "می‌خواهم"):
        assert escaped(text) == text


def test_log_line_cannot_be_forged() -> None:
    stream = io.StringIO()
    with redirect_stderr(stream):
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **_LOGGING})
    log = logging.getLogger("feeds")

    def fail() -> None:
        raise ValueError(f"{CONTROLS}\n2026-01-01 00:00:00,000 all is well")

    try:
        log.warning("%s: bad", NAME + CONTROLS)
        try:
            fail()
        except ValueError:
            log.exception("GET %s failed", "/x\n2026-01-01 00:00:00,000 all is well")
    finally:
        log.handlers.clear()
        log.propagate = True
    lines = stream.getvalue().splitlines()
    assert harmless(stream.getvalue())
    assert len([line for line in lines if not line.startswith("  ")]) == 2
    assert r"x\x1b[31m\nerror: forged.md:1: y.md" in lines[0]


def test_warnings_without_logging_configuration_are_escaped(root: Path) -> None:
    run("check", "--config", str(root))
    assert logging.lastResort
    assert isinstance(logging.lastResort.formatter, LogFormatter)


def test_each_line_of_an_error_has_the_prefix(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        error = PurgeError("one\nfeeds: forged")
        error.more = ("two",)
        raise error

    monkeypatch.setattr("feeds.build.builder.build", fail)
    result = run("build", "--config", str(root))
    assert result.stderr == "feeds: one\\nfeeds: forged\nfeeds: two\n"


def test_progress_bars_show_markup_literally() -> None:
    from rich.text import Text

    assert Text.from_markup(terminal.label(MARKUP + "\x1b")).plain == MARKUP + r"\x1b"


def test_only_the_terminal_module_prints() -> None:
    """Printing directly would bypass the escaping of untrusted text."""
    folder = Path(__file__).parents[2]
    for file in [*folder.glob("feeds/**/*.py"), folder / "server.py"]:
        if file.name == "terminal.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                function = ast.unparse(node.func)
                assert function not in ("print", "click.echo", "click.secho", "sys.stdout.write"), (
                    file
                )


def test_subscribers_page_escapes_user_agents(root: Path) -> None:
    run("build", "--config", str(root))
    log, page = root / "log", root / "page.html"
    log.write_text(REPORTED.replace("[/bold]", "<script>alert(1)</script>"))
    result = run("subscribers", "--config", str(root), str(log), "--html", str(page))
    assert result.exit_code == 0
    assert "<script" not in page.read_text(encoding="utf-8")
