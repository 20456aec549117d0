"""`feeds publish` from end to end, as people, cron and CI run it."""

import errno
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from feeds.cli.main import main
from feeds.export.exporter import export
from feeds.model.document import FORMATS
from feeds.util.progress import clock
from tests.support.fake_hub import FakeHub, Handler, Reply, serving
from tests.support.object_store import Fault, Faulty, Store, environ
from tests.support.published_site import Published, article
from tests.support.site import Publication, front_matter

pytestmark = pytest.mark.xdist_group("s3")

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = DOCS / "examples"


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def hooked(tmp_path: Path, store: Store, name: str = "a", **settings: Any) -> Published:
    return Published(tmp_path / name, store, **settings)


@pytest.mark.rule("C10")
def test_upload_comes_before_purge_and_purge_before_ping(
    tmp_path: Path, store: Store, faulty: Faulty
) -> None:
    events: list[str] = []

    def noted(method: str, path: str) -> Fault:
        if method == "PUT" and ".feeds-state" not in path:
            events.append("upload")
        return None

    def answer(_topic: str) -> Reply:
        events.append("ping")
        return 204, {}

    faulty.fault = noted

    class Cache(Handler):
        def purge(self) -> None:
            events.append("purge")
            self.reply(200)

        do_PURGE = purge  # noqa: N815

    with FakeHub().run() as hub, serving(Cache) as port:
        hub.answer = answer
        site = Published(
            tmp_path,
            store,
            upload={"endpoint": faulty.endpoint},
            purge=[{"via": "http", "servers": [f"http://127.0.0.1:{port}"]}],
            hub=hub.url,
        )
        first = site.run("publish")
        assert first.returncode == 0, first.stderr
        assert "ping" not in events  # there are no subscribers yet
        site.articles.write("c.md", article("c", "Maps"))
        events.clear()
        done = site.run("publish", "--json")
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert report.keys() == {"to", "memory", "build", "export", "upload", "purge", "ping"}
        assert list(dict.fromkeys(events)) == ["upload", "purge", "ping"]
        assert hub.take() == sorted(
            f"https://example.org/{path}.{name}"
            for path in ("all", "topics/maps")
            for name in ("rss", "atom", "json")
        )


@pytest.mark.rule("W5")
def test_restored_machine_repeats_no_ping(tmp_path: Path, store: Store) -> None:
    with FakeHub().run() as hub:
        one = hooked(tmp_path, store, hub=hub.url)
        one.publish()
        one.articles.write("c.md", article("c", "Maps"))
        one.publish()
        assert len(hub.take()) == 6
        two = Published(tmp_path / "two", store, one.prefix, hub=hub.url, articles={})
        shutil.copytree(
            one.articles.root / "articles", two.articles.root / "articles", dirs_exist_ok=True
        )
        assert two.publish().memory == "taken up"
        assert hub.take() == []
        two.articles.write("d.md", article("d", "AI"))
        two.publish()
        assert hub.take() == sorted(
            f"https://example.org/{path}.{name}"
            for path in ("all", "topics/ai")
            for name in ("rss", "atom", "json")
        )


@pytest.mark.rule("W7")
def test_failing_hub_does_not_fail_the_publish(tmp_path: Path, store: Store) -> None:
    with FakeHub().run() as hub:
        site = hooked(tmp_path, store, hub=hub.url)
        site.publish()
        hub.answer = lambda _: (500, {})
        site.articles.write("c.md", article("c", "Maps"))
        done = site.run("publish")
    assert done.returncode == 0
    assert "6 failed" in done.stdout
    assert site.there() == site.exported()


@pytest.mark.rule("C10")
def test_failed_purge_prevents_the_ping(tmp_path: Path, store: Store) -> None:
    """Otherwise the hub would fetch the old copy, and distribute it as the new one."""

    class Refuses(Handler):
        def purge(self) -> None:
            self.reply(403 if refusing else 200)

        do_PURGE = purge  # noqa: N815

    refusing = False
    with FakeHub().run() as hub, serving(Refuses) as port:
        purge = [{"via": "http", "servers": [f"http://127.0.0.1:{port}"]}]
        site = hooked(tmp_path, store, hub=hub.url, purge=purge)
        site.publish()
        site.articles.write("c.md", article("c", "Maps"))
        refusing = True
        assert site.run("publish").returncode == 3
        assert hub.take() == []
        refusing = False
        assert site.run("publish").returncode == 0
        assert len(hub.take()) == 6


def test_publish_reports_each_step(tmp_path: Path, store: Store) -> None:
    site = hooked(tmp_path, store)
    done = site.run("publish")
    assert done.stdout.splitlines() == [
        "2 articles, 2 read: 2 added, 0 changed, 0 withdrawn; 3 of 3 feeds changed",
        "exported: 17 files written, 0 removed, 0 unchanged",
        f"s3://bucket/{site.prefix}: 17 documents changed, 0 deleted, 0 unchanged",
    ]
    assert done.stderr == ""


def test_publish_reports_limitations_of_the_host_and_a_missing_memory(tmp_path: Path) -> None:
    site = Publication(
        tmp_path / "site",
        {"a.md": article("a")},
        export={"for": "netlify"},
        http={"canonical_host": True},
    )
    done = run("publish", str(tmp_path / "out"), "--config", str(site.root))
    assert "The memory is not kept, because anyone can read" in done.stdout
    assert "Lead other host names to example.org" in done.stdout


def test_guard_stops_the_publish_before_readers_see_anything(tmp_path: Path, store: Store) -> None:
    articles = {f"{number}.md": article(f"{number}") for number in range(40)}
    site = hooked(tmp_path, store, articles=articles)
    site.publish()
    before = site.there()
    for file in sorted((site.articles.root / "articles").iterdir())[:30]:
        file.unlink()
    done = site.run("publish")
    assert done.returncode == 2
    assert "would withdraw 30 of 40 entries" in done.stderr
    assert site.there() == before
    assert site.run("publish", "--force").returncode == 0


@pytest.mark.parametrize("name", ["guides/object-storage.md", "reference/settings.md"])
def test_examples_in_the_documentation_are_valid_settings(tmp_path: Path, name: str) -> None:
    blocks = re.findall(
        r"^```yaml\n(.*?)^```$", (DOCS / name).read_text(), re.MULTILINE | re.DOTALL
    )
    examples = [yaml.safe_load(text) for text in blocks if text.startswith(("upload:", "purge:"))]
    assert examples
    merged = {key: value for example in examples for key, value in example.items()}
    settings = Publication(tmp_path, {}, **merged).site.settings
    assert settings.upload
    assert settings.purge


def test_upload_needs_a_store(tmp_path: Path) -> None:
    site = Publication(tmp_path, {})
    result = run("upload", str(tmp_path / "out"), "--config", str(site.root))
    assert result.exit_code == 2
    assert "upload: is missing; name a store" in result.stderr


def test_purge_without_a_store_needs_the_folder(tmp_path: Path) -> None:
    site = Publication(tmp_path / "site", {})
    result = run("purge", "--config", str(site.root))
    assert result.exit_code == 2
    assert "give the DIR that feeds publish was given" in result.stderr
    assert run("purge", str(tmp_path / "out"), "--config", str(site.root)).exit_code == 0


def test_upload_refuses_a_folder_without_an_export(tmp_path: Path, store: Store) -> None:
    site = hooked(tmp_path, store)
    done = site.run("upload")
    assert done.returncode == 2
    assert "is not an export; create one with feeds export" in done.stderr


def a_repository(tmp_path: Path, store: Store, name: str) -> tuple[Published, dict[str, str]]:
    """Create a checkout with the site in `config`; return the environment of a runner too."""
    root = tmp_path / name
    site = Published(root, store, "workflow")
    shutil.move(site.articles.root, root / "config")
    return site, a_runner(root)


def a_runner(root: Path) -> dict[str, str]:
    """Return the environment of a runner with this folder, with `feeds` in its PATH."""
    programs = root / "bin"
    programs.mkdir(parents=True)
    (programs / "feeds").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m feeds "$@"\n')
    (programs / "feeds").chmod(0o755)
    return {
        **environ(),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(DOCS.parent),
        "GITHUB_STEP_SUMMARY": str(root / "summary.md"),
    }


def filled(value: str, secrets: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ (?:secrets|vars)\.(\w+) \}\}", lambda match: secrets[match[1]], value)


def in_bash(script: str, at: Path, around: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub does without the key `shell`."""
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=at, env=around, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_workflow_report_fails_without_a_publish_report(tmp_path: Path, store: Store) -> None:
    workflow = yaml.safe_load((EXAMPLES / "publish.yml").read_text())
    (report,) = [
        step for step in workflow["jobs"]["publish"]["steps"] if step.get("name") == "Report"
    ]
    site, around = a_repository(tmp_path, store, "runner")
    (site.root / "config" / "site.yaml").write_text("titel: wrong\n")
    done = in_bash(report["run"], site.root, {**around, "FEEDS_CONFIG": "config"})
    assert done.returncode != 0
    assert "titel" in done.stderr


def test_workflow_publishes_on_fresh_runners(tmp_path: Path, store: Store) -> None:
    workflow = yaml.safe_load((EXAMPLES / "publish.yml").read_text())
    assert workflow["concurrency"] == {"group": "publish-feeds", "cancel-in-progress": False}
    (job,) = workflow["jobs"].values()
    assert [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step] == [
        "actions/checkout", "actions/setup-python",
    ]  # fmt: skip
    steps = {step["name"]: step for step in job["steps"] if "run" in step}
    assert list(steps) == ["Install", "Publish", "Report"]
    bodies = []
    for name in ("runner-1", "runner-2"):
        site, around = a_repository(tmp_path, store, name)
        for step in (steps["Publish"], steps["Report"]):
            variables = {key: filled(value, around) for key, value in step["env"].items()}
            done = in_bash(step["run"], site.root, {**around, **variables})
            assert done.returncode == 0, done.stderr
        bodies.append(site.there())
        assert "Example\t2" in (site.root / "summary.md").read_text()
    assert bodies[0] == bodies[1] != {}


def git(at: Path, *arguments: str) -> str:
    """Run git without user settings; return its output."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", *who, *arguments], cwd=at, check=True, capture_output=True, text=True, timeout=60
    ).stdout


needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


class Pages:
    """A repository whose feeds are published to GitHub Pages from fresh runners."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.workflow = yaml.safe_load((EXAMPLES / "pages.yml").read_text())
        self.origin, self.root, self.deployed = root / "origin", root, root / "deployed"
        self.origin.mkdir()
        git(self.origin, "init", "--bare")
        git(root, "clone", str(self.origin), "author")
        self.author = root / "author"
        export_ = {"for": "github-pages", "state": "../memory/feeds"}
        self.articles = Publication(self.author / "config", {}, export=export_, **settings)
        self.before_deploy: list[list[str]] = []

    def create_the_branch(self) -> None:
        """Set up the repository as the documentation says."""
        page = (DOCS / "guides/ci.md").read_text()
        script = re.search(r"^```sh\n(git switch --orphan feeds-memory.*?)^```$", page, re.M | re.S)
        assert script
        names = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
        identity = {f"GIT_{name}": "a" for name in names}
        done = in_bash(script[1], self.author, {**os.environ, **identity})
        assert done.returncode == 0, done.stderr

    def commit(self) -> None:
        git(self.author, "add", "--all")
        git(self.author, "commit", "-m", "articles")
        git(self.author, "push", "origin", "HEAD:main")

    def run(self, name: str, hub: FakeHub | None = None) -> None:
        """Run the workflow on a new runner, with stubs for actions."""
        runner = self.root / name
        around = a_runner(runner)
        (job,) = self.workflow["jobs"].values()
        for step in job["steps"]:
            action = step.get("uses", "").partition("@")[0]
            if action == "actions/checkout":
                inputs = {"ref": "main", "path": ".", **step.get("with", {})}
                at = str(runner / "work" / inputs["path"])
                url = f"file://{self.origin}"
                git(runner, "clone", "--depth=1", "--branch", inputs["ref"], url, at)
            elif action == "actions/upload-pages-artifact":
                shutil.rmtree(self.deployed, ignore_errors=True)
                ignore = shutil.ignore_patterns(".*")
                self.before_deploy.append(hub.take() if hub else [])
                shutil.copytree(
                    runner / "work" / step["with"]["path"], self.deployed, ignore=ignore
                )
            elif "run" in step and step["name"] != "Install":
                done = in_bash(step["run"], runner / "work", {**around, **job["env"]})
                assert done.returncode == 0, f"{step['name']}: {done.stderr}"

    def items(self) -> dict[str, dict[str, Any]]:
        """Return the published items by title."""
        items = json.loads((self.deployed / "all.json").read_bytes())["items"]
        return {item["title"]: item for item in items}


@needs_git
def test_pages_workflow_keeps_ids_and_dates_on_fresh_runners(
    tmp_path: Path,
) -> None:
    with FakeHub().run() as hub:
        pages = Pages(tmp_path, hub=hub.url)
        pages.articles.write("a.md", article("a", publishedDateTime=None))
        pages.articles.write("b.md", article("b"))
        pages.commit()
        pages.create_the_branch()
        pages.run("one")
        first = pages.items()
        assert first.keys() == {"a", "b"}
        assert hub.take() == []
        git(pages.author, "mv", "config/articles/a.md", "config/articles/renamed.md")
        pages.articles.write("c.md", article("c", "Maps"))
        pages.commit()
        time.sleep(1.1)  # the first-seen date of an undated article would differ
        pages.run("two", hub)
        second = pages.items()
        assert second.keys() == {"a", "b", "c"}
        for title, item in first.items():
            same = ("id", "date_published", "date_modified")
            assert [second[title].get(key) for key in same] == [item.get(key) for key in same]
        assert pages.before_deploy[-1] == []  # otherwise the hub would fetch the old feeds
        assert len(hub.take()) == 6
        pages.run("three", hub)
        assert pages.items() == second
        assert hub.take() == []
        assert git(pages.origin, "rev-list", "--count", "feeds-memory").strip() == "1"


@needs_git
def test_pages_workflow_stops_without_the_memory(tmp_path: Path) -> None:
    pages = Pages(tmp_path)
    pages.articles.write("a.md", article("a"))
    pages.commit()
    with pytest.raises(subprocess.CalledProcessError):
        pages.run("one")
    assert not pages.deployed.exists()


def test_pages_workflow_has_the_permissions_and_order_it_needs() -> None:
    workflow = yaml.safe_load((EXAMPLES / "pages.yml").read_text())
    assert workflow["permissions"] == {"contents": "write", "pages": "write", "id-token": "write"}
    assert workflow["concurrency"] == {"group": "publish-feeds", "cancel-in-progress": False}
    (job,) = workflow["jobs"].values()
    assert [step.get("name") or step["uses"].partition("@")[0] for step in job["steps"]] == [
        "actions/checkout", "actions/checkout", "actions/setup-python", "Install", "Write",
        "Keep the memory", "actions/upload-pages-artifact", "actions/deploy-pages", "Tell",
        "Keep what was told",
    ]  # fmt: skip


def _urls(site: Publication, *paths: str) -> list[str]:
    return sorted(f"{site.site.feeds_url}{path}.{format_}" for path in paths for format_ in FORMATS)


def test_only_write_notifies_nothing_and_only_tell_writes_nothing(tmp_path: Path) -> None:
    class Cache(Handler):
        def purge(self) -> None:
            purged.append(self.path)
            self.reply(200)

        do_PURGE = purge  # noqa: N815

    purged: list[str] = []
    with FakeHub().run() as hub, serving(Cache) as port:
        purge = [{"via": "http", "servers": [f"http://127.0.0.1:{port}"]}]
        site = Publication(tmp_path / "site", {"a.md": article("a")}, hub=hub.url, purge=purge)
        out = tmp_path / "out"
        command = ("publish", str(out), "--config", str(site.root))
        assert run(*command).exit_code == 0
        site.write("b.md", article("b"))
        written = run(*command, "--only", "write", "--json")
        assert json.loads(written.stdout).keys() == {"to", "memory", "build", "export", "upload"}
        assert (purged, hub.take()) == ([], [])
        titles = [item["title"] for item in json.loads((out / "all.json").read_bytes())["items"]]
        assert "b" in titles
        site.write("c.md", front_matter(title="c", topics=["Late"]))
        site.build(clock())  # by another process, such as `feeds watch`
        done = run(*command, "--only", "tell")
        assert done.exit_code == 0
        assert "purged at http" in done.stdout
        assert "/all.rss" in purged
        assert hub.take() == _urls(site, "all", "topics/ai")
        assert '"c"' not in (out / "all.json").read_text()
        assert run(*command).exit_code == 0
        assert hub.take() == _urls(site, "all", "topics/late")


def test_guard_uses_the_record_if_the_folder_is_new(tmp_path: Path) -> None:
    """A runner exports into an empty folder, so the export itself removes nothing."""
    articles = {f"{number}.md": article(f"{number}", f"T{number}") for number in range(12)}
    site = Publication(tmp_path / "site", articles, export={"state": "../memory"})
    command = ("publish", str(tmp_path / "one"), "--config", str(site.root))
    assert run(*command).exit_code == 0
    (site.root / "feeds.yaml").write_text("feeds: [{path: all, title: Everything}]\n")
    command = ("publish", str(tmp_path / "two"), "--config", str(site.root))
    done = run(*command)
    assert done.exit_code == 2
    assert "nothing that readers see was changed" in done.stderr
    assert not [*(tmp_path / "two").glob("*.rss")]
    assert run(*command, "--force").exit_code == 0


def test_cron_line_publishes(tmp_path: Path, store: Store) -> None:
    site, around = a_repository(tmp_path, store, "server")
    page = (DOCS / "guides/ci.md").read_text()
    line = re.search(r"^\*/10 \* \* \* \* (.*)$", page, re.MULTILINE)
    assert line
    command = line[1].replace("/srv/site/.venv/bin/feeds", "feeds")
    command = command.replace("/srv/site", shlex.quote(str(site.root)))
    done = subprocess.run(
        ["sh", "-c", command], env=around, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "documents changed" in (site.root / "publish.log").read_text()


def test_container_runs_an_existing_command() -> None:
    lines = (EXAMPLES / "Containerfile").read_text().splitlines()
    pairs = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    instructions = {name: value for name, value in pairs}  # noqa: C416
    assert instructions.keys() <= {
        "FROM",
        "RUN",
        "COPY",
        "USER",
        "WORKDIR",
        "ENV",
        "ENTRYPOINT",
        "CMD",
    }
    assert json.loads(instructions["ENTRYPOINT"]) == ["feeds"]
    command = json.loads(instructions["CMD"])
    assert run(*command, "--help").exit_code == 0
    variables = dict(pair.split("=") for pair in instructions["ENV"].split())
    assert variables["FEEDS_CONFIG"] == "/site/config"
    assert instructions["USER"] == "feeds"


def test_guard_stops_the_export_before_it_removes_anything(tmp_path: Path) -> None:
    articles = {f"{number}.md": article(f"{number}", f"T{number}") for number in range(12)}
    site = Publication(tmp_path / "site", articles)
    out = tmp_path / "out"
    command = ("publish", str(out), "--config", str(site.root))
    assert run(*command).exit_code == 0
    before = {file: file.read_bytes() for file in out.glob("**/*.*") if file.suffix == ".rss"}
    assert len(before) == 13
    (site.root / "feeds.yaml").write_text("feeds: [{path: all, title: Everything}]\n")
    for _ in range(2):
        done = run(*command)
        assert done.exit_code == 2
        assert "nothing that readers see was changed" in done.stderr
        assert {file: file.read_bytes() for file in before} == before
    assert run(*command, "--force").exit_code == 0
    assert [file.name for file in out.glob("**/*.rss")] == ["all.rss"]
    assert run(*command).exit_code == 0


def test_guard_ignores_moved_feeds(tmp_path: Path) -> None:
    articles = {f"{number:03}.md": article(f"{number}") for number in range(80)}
    feeds = {"feeds": [{"path": "all", "size": 2, "history": "all"}]}
    site = Publication(tmp_path / "site", articles, feeds=feeds)
    out = tmp_path / "out"
    command = ("publish", str(out), "--config", str(site.root))
    assert run(*command).exit_code == 0
    (site.root / "feeds.yaml").write_text("feeds: [{path: everything}]\n")
    done = run(*command)
    assert done.exit_code == 2
    assert re.search(
        r"would delete \d+ of the \d+ .* such as all.atom, all.html, all.json: more", done.stderr
    )
    (site.root / "feeds.yaml").write_text("feeds: [{path: everything}]\nmoved: {all: everything}\n")
    done = run(*command)
    assert done.exit_code == 0, done.stderr
    assert not list(out.glob("all*"))


def a_foreign_file(out: Path) -> Path:
    (out / "all.rss").write_text("not ours")
    return out / "all.rss"


def a_folder_in_place_of_a_feed(out: Path) -> Path:
    (out / "topics/ai.rss").mkdir(parents=True)
    return out / "topics/ai.rss"


def a_file_in_place_of_a_folder(out: Path) -> Path:
    (out / "topics").write_text("not ours")
    return out / "topics"


@pytest.mark.parametrize(
    "obstacle", [a_foreign_file, a_folder_in_place_of_a_feed, a_file_in_place_of_a_folder]
)
def test_permanent_errors_are_reported_before_anything_is_written(
    tmp_path: Path, obstacle: Callable[[Path], Path]
) -> None:
    site = Publication(tmp_path / "site", {"a.md": article("a")})
    out = tmp_path / "out"
    command = ("publish", str(out), "--config", str(site.root))
    out.mkdir()
    at = obstacle(out)
    done = run(*command)
    assert done.exit_code == 2
    assert f"feeds: {at}" in done.stderr
    assert "run the same command again" not in done.stderr
    assert [each.name for each in out.iterdir() if not each.name.startswith(".feeds-")] == [
        at.relative_to(out).parts[0]
    ]
    if at.is_dir():
        at.rmdir()
    else:
        at.unlink()
    assert run(*command).exit_code == 0


def test_read_only_folder_is_reported_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write anywhere, so the system call is patched instead."""
    site = Publication(tmp_path / "site", {"a.md": article("a")})
    (tmp_path / "out/topics").mkdir(parents=True)
    really = os.access
    monkeypatch.setattr(os, "access", lambda at, how: Path(at).name != "topics" and really(at, how))
    done = run("publish", str(tmp_path / "out"), "--config", str(site.root))
    assert done.exit_code == 2
    assert "out/topics cannot be written to" in done.stderr
    assert not list((tmp_path / "out").glob("[a-z]*.*"))


def test_interrupted_export_to_a_live_folder_is_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers see the files as they are written."""
    site = Publication(tmp_path / "site", {"a.md": article("a")})
    out = tmp_path / "out"
    command = ("publish", str(out), "--config", str(site.root))
    really = Path.replace

    def refused(self: Path, to: Path) -> Path:
        if to.name == "ai.rss":
            raise OSError(errno.EIO, "Input/output error", str(self), None, str(to))
        return really(self, to)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refused)
        done = run(*command)
    assert done.exit_code == 3
    assert f"cannot write {out}/topics/ai.rss: Input/output error" in done.stderr
    assert "run the same command again" in done.stderr
    assert run(*command).exit_code == 0
    whole = (out / "all.rss").read_bytes()
    (out / "all.rss").write_bytes(bytes(len(whole)))
    assert run(*command, "--verify").exit_code == 0
    assert (out / "all.rss").read_bytes() == whole


@pytest.mark.rule("S22")
def test_export_for_cloudfront_is_uploaded_with_its_variants(tmp_path: Path, store: Store) -> None:
    """The CloudFront Function routes readers to them."""
    site = hooked(tmp_path, store, export={"for": "s3"})
    site.publish()
    variants = {file.name for file in site.out.glob("*.br")}
    assert "all.rss.br" in variants
    assert variants <= set(site.names())
    assert site.there()["all.rss.br"] == (site.out / "all.rss.br").read_bytes()
    _, headers, _ = store.fetch(f"{site.prefix}/all.rss.br")
    assert headers["content-encoding"] == "br"
    assert site.publish().upload.written == ()
    gzip = Published(tmp_path / "b", store, export={"for": "s3"}, upload={"coding": "gzip"})
    done = gzip.run("publish")
    assert done.returncode == 2
    assert "remove upload.coding: gzip from" in done.stderr
    assert gzip.names() == []


@pytest.mark.parametrize(
    ("host", "file"),
    [
        ("apache", ".htaccess"), ("netlify", "_headers"), ("cloudflare-pages", "_redirects"),
        ("github-pages", ".nojekyll"), ("nginx", ".feeds-nginx.conf"),
    ],
)  # fmt: skip
def test_files_for_a_web_server_are_not_uploaded(
    tmp_path: Path, store: Store, host: str, file: str
) -> None:
    site = hooked(tmp_path, store, export={"for": host, "codings": []})
    site.publish()
    assert (site.out / file).exists()
    kept = {file.name for file in site.out.glob("*.*") if not file.name.startswith(".")}
    assert {"404.html", "all.rss", "feed.xml"} & kept <= set(site.names())
    assert not {file, "_headers", "_redirects"} & set(site.names())


def test_concurrent_build_before_the_export_is_saved(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = hooked(tmp_path, store)

    def late(*arguments: Any, **options: Any) -> Any:
        site.articles.write("late.md", article("late"))
        site.articles.build()
        return export(*arguments, **options)

    monkeypatch.setattr("feeds.publish.publisher.export", late)
    site.publish()
    with site.articles.read() as reader:
        revision = reader.meta.revision()
    assert "late" in [item["title"] for item in site.items()]
    saved = site.record.catalogue
    assert saved
    assert saved.revision == revision
