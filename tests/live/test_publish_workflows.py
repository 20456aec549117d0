"""The examples of publishing in the documentation: GitHub workflows, cron and a container."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.commands import run
from tests.support.fake_hub import FakeHub
from tests.support.object_store import Store, environ
from tests.support.published_site import Published, article
from tests.support.site import Publication

pytestmark = pytest.mark.xdist_group("s3")

DOCS = Path(__file__).parents[2] / "docs"


EXAMPLES = DOCS / "examples"


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


def make_repository(tmp_path: Path, store: Store, name: str) -> tuple[Published, dict[str, str]]:
    """Create a checkout with the site in `config`; return the environment of a runner too."""
    root = tmp_path / name
    site = Published(root, store, "workflow")
    shutil.move(site.articles.root, root / "config")
    return site, make_runner(root)


def make_runner(root: Path) -> dict[str, str]:
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


def fill_in(value: str, secrets: dict[str, str]) -> str:
    """Replace the expressions for secrets and variables in a value of a workflow."""
    return re.sub(r"\$\{\{ (?:secrets|vars)\.(\w+) \}\}", lambda match: secrets[match[1]], value)


def run_in_bash(
    script: str, at: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub does without the key `shell`."""
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=at, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_workflow_report_fails_without_a_publish_report(tmp_path: Path, store: Store) -> None:
    workflow = yaml.safe_load((EXAMPLES / "publish.yml").read_text())
    (report,) = [
        step for step in workflow["jobs"]["publish"]["steps"] if step.get("name") == "Report"
    ]
    site, environment = make_repository(tmp_path, store, "runner")
    (site.root / "config" / "site.yaml").write_text("titel: wrong\n")
    done = run_in_bash(report["run"], site.root, {**environment, "FEEDS_CONFIG": "config"})
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
        site, environment = make_repository(tmp_path, store, name)
        for step in (steps["Publish"], steps["Report"]):
            variables = {key: fill_in(value, environment) for key, value in step["env"].items()}
            done = run_in_bash(step["run"], site.root, {**environment, **variables})
            assert done.returncode == 0, done.stderr
        bodies.append(site.there())
        assert "Example\t2" in (site.root / "summary.md").read_text()
    assert bodies[0] == bodies[1] != {}


def git(at: Path, *arguments: str) -> str:
    """Run git without user settings; return its output."""
    user = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", *user, *arguments], cwd=at, check=True, capture_output=True, text=True, timeout=60
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
        done = run_in_bash(script[1], self.author, {**os.environ, **identity})
        assert done.returncode == 0, done.stderr

    def commit(self) -> None:
        git(self.author, "add", "--all")
        git(self.author, "commit", "-m", "articles")
        git(self.author, "push", "origin", "HEAD:main")

    def run(self, name: str, hub: FakeHub | None = None) -> None:
        """Run the workflow on a new runner, with stubs for actions."""
        runner = self.root / name
        environment = make_runner(runner)
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
                done = run_in_bash(step["run"], runner / "work", {**environment, **job["env"]})
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
        "Store the memory", "actions/upload-pages-artifact", "actions/deploy-pages",
        "Notify hubs and caches", "Store the memory again",
    ]  # fmt: skip


def test_cron_line_publishes(tmp_path: Path, store: Store) -> None:
    site, environment = make_repository(tmp_path, store, "server")
    page = (DOCS / "guides/ci.md").read_text()
    line = re.search(r"^\*/10 \* \* \* \* (.*)$", page, re.MULTILINE)
    assert line
    command = line[1].replace("/srv/site/.venv/bin/feeds", "feeds")
    command = command.replace("/srv/site", shlex.quote(str(site.root)))
    done = subprocess.run(
        ["sh", "-c", command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
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
