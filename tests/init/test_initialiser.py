"""`feeds init` writes settings that work at once, and overwrites nothing."""

from pathlib import Path
from shutil import copyfile, copytree

import pytest
import yaml

from feeds.config import load
from feeds.errors import FeedsError
from feeds.init import registry
from feeds.init.findings import OldFeed
from feeds.init.initialiser import Request, initialise
from feeds.util.progress import silent
from tests.init.sites import NOW, default, init, post, report_of, write
from tests.support.site import CORPUS

POSTS = {f"posts/{n}.md": post(f"Post {n}", f"2024-05-{n:02}") for n in range(1, 7)}

TAGGED = {
    f"posts/{n}.md": post(f"Post {n}", f"2024-05-{n:02}", tags="[a]" if n % 2 else "[b]")
    for n in range(1, 5)
}


def test_the_settings_that_it_writes_work(tmp_path: Path) -> None:
    outcome = init(write(tmp_path, POSTS), url="x.org/blog")
    site = load.load(outcome.config, {})
    assert site.settings.url == "https://x.org/blog/"
    assert site.settings.id == "tag:x.org,2026:"
    assert site.folder.resolve() == tmp_path / "posts"
    assert [feed.path for feed in site.feeds] == ["all"]
    assert outcome.trial.counts.published == 6


def test_the_files_explain_their_settings(tmp_path: Path) -> None:
    outcome = init(write(tmp_path, POSTS))
    text = (outcome.config / "site.yaml").read_text()
    assert "Never change it" in text
    assert text.count("#") >= 5
    assert (outcome.config / ".gitignore").read_text().endswith("/catalogue.sqlite*\n")


def test_it_never_overwrites_settings(tmp_path: Path) -> None:
    outcome = init(write(tmp_path, POSTS))
    before = (outcome.config / "site.yaml").read_bytes()
    with pytest.raises(FeedsError, match=r"site\.yaml exists already and is not overwritten"):
        init(tmp_path)
    assert (outcome.config / "site.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({}, "config"),
        ({"config/topics/a.yaml": "name: A"}, "config"),
        ({"config/app.toml": ""}, "feeds"),
        ({"config/app.toml": "", "feeds/old.xml": ""}, "_feeds"),
    ],
)
def test_it_takes_no_folder_that_the_site_uses(
    tmp_path: Path, files: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = init(write(tmp_path, {**POSTS, **files}))
    assert outcome.config == tmp_path / name
    monkeypatch.chdir(tmp_path)
    assert load.default_folder() == Path(name)  # feeds serve finds it


def test_the_config_folder_is_not_read_as_articles(tmp_path: Path) -> None:
    files = {f"{n}.md": post(f"Post {n}") for n in range(3)}
    outcome = init(write(tmp_path, {**files, "config/topics/a.md": post("A", name="A")}))
    assert load.load(outcome.config, {}).settings.articles.ignore == ("config",)
    assert outcome.trial.files == 3


def test_the_counts_say_where_the_articles_went(tmp_path: Path) -> None:
    files = {
        "posts/7.md": post("Draft", draft="true"),
        "posts/8.md": post("Later", "2030-01-01"),
        "posts/9.md": post("Broken", "never"),
        "posts/same.md": post("Same", url="/1/"),
    }
    text = report_of(init(write(tmp_path, {**POSTS, **files})))
    assert "7 articles are published" in text
    assert "1 not published: draft: true: 7.md" in text
    assert "https://example.org/1/ is the link of 2 articles: 1.md, same.md" in text
    assert "from the front matter" in text


def test_a_setting_that_cannot_be_used_is_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = registry.generator("plain").inspect(write(tmp_path, POSTS))
    findings.timezone, findings.icon = "Europe/Nowhere", "javascript:1"
    findings.rules = {"unheard": True}
    plain = registry.generator("plain")._replace(inspect=lambda _: findings)
    monkeypatch.setattr(registry, "generators", lambda: [plain])
    outcome = init(tmp_path)
    site = load.load(outcome.config, {})
    assert (site.settings.timezone, site.settings.icon) == ("UTC", None)
    for name in ("timezone", "icon", "articles.rules.unheard"):
        assert any(sentence.startswith(name) for sentence in findings.unclear), name


def test_a_feed_that_cannot_be_defined_is_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = registry.generator("plain").inspect(write(tmp_path, TAGGED))
    findings.old_feeds = (
        OldFeed("feed.xml", "rss", 9),
        OldFeed("a//b.xml", "rss", 9),
        OldFeed("tags/a.rss/b.atom", "atom", 9, term=("topic", "a")),
        OldFeed("tags/b.xml", "rss", 9, term=("topic", "b")),
    )
    plain = registry.generator("plain")._replace(inspect=lambda _: findings)
    monkeypatch.setattr(registry, "generators", lambda: [plain])
    outcome = init(tmp_path)
    site = load.load(outcome.config, {})
    assert [feed.path for feed in site.feeds] == ["all", "topics/b"]
    assert set(outcome.plan.moved) == {"feed.xml", "tags/b.xml"}
    assert sum("it is left out" in sentence for sentence in findings.unclear) == 2


def test_an_article_folder_that_does_not_exist_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = registry.generator("plain").inspect(write(tmp_path, POSTS))
    findings.folder = "content/blog"
    plain = registry.generator("plain")._replace(inspect=lambda _: findings)
    monkeypatch.setattr(registry, "generators", lambda: [plain])
    assert "the article folder content/blog does not exist" in report_of(init(tmp_path))


def test_a_folder_without_articles_gets_settings_of_a_plain_folder(tmp_path: Path) -> None:
    outcome = init(write(tmp_path, {"README.md": "# My project\n"}))
    text = report_of(outcome)
    assert "No site generator was found" in text
    assert "Known are hexo, jekyll, hugo" in text
    site = load.load(outcome.config, {})
    assert (site.settings.title, site.settings.articles.preset) == ("My project", "plain")


def test_the_user_is_asked_only_for_what_cannot_be_found(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    def ask(question: str, answer: str) -> str:
        asked.append((question, answer))
        return default(question, answer)

    write(tmp_path, {**POSTS, "CNAME": "blog.example.net\n", "README.md": "# The *blog*\n"})
    outcome = initialise(Request(tmp_path), ask, NOW, silent)
    assert asked == [
        ("URL of the site", "https://blog.example.net"),
        ("Title of the site", "The blog"),
    ]
    assert outcome.findings.url == "https://blog.example.net/"


@pytest.mark.parametrize(
    ("file", "text", "url"),
    [
        ("package.json", '{"homepage": "https://a.example"}', "https://a.example/"),
        (".git/config", "url = git@github.com:Jane/blog.git\n", "https://jane.github.io/blog/"),
        (".git/config", "url = https://github.com/j/j.github.io\n", "https://j.github.io/"),
        ("a.txt", "", "https://example.org/"),
    ],
)
def test_the_url_is_guessed_from_other_files(
    tmp_path: Path, file: str, text: str, url: str
) -> None:
    assert init(write(tmp_path, {**POSTS, file: text})).findings.url == url


def test_a_wrong_url_is_a_message(tmp_path: Path) -> None:
    with pytest.raises(FeedsError, match="is not the URL of a site"):
        init(write(tmp_path, POSTS), url="mailto:x")


@pytest.mark.skipif(not (CORPUS / "powerapps").is_dir(), reason="needs the corpus")
def test_a_site_in_our_own_vocabulary_keeps_it(tmp_path: Path) -> None:
    root = tmp_path / "site"
    copytree(CORPUS / "powerapps", root, copy_function=copyfile)
    root.chmod(0o755)
    outcome = init(root)
    settings = yaml.safe_load((outcome.config / "site.yaml").read_text())
    assert settings["url"] == "https://everyday.cc/powerapps"
    assert settings["assets_url"] == "https://everyday-cc.github.io/powerapps"
    assert settings["permalink"] == "https://everyday.cc/powerapps/{path}/"
    assert settings["articles"] == {"folder": "..", "ignore": ["_data", "api", "config"]}
    site = load.load(outcome.config, {})
    assert len(site.topics) == 7
    assert site.providers
