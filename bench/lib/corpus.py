"""A generated site of any size: articles with realistic front matter, and the configuration.

`python -m bench.lib.corpus FOLDER [ARTICLES [TOPICS]] [--related N] [--withheld SHARE]` prints the
path of the newest published article. The same numbers give the same bytes. All words are generated.
"""

import base64
import random
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

SIZE = 50
_OPENINGS = ("b", "br", "c", "d", "f", "fl", "g", "k", "l", "m", "n", "p", "r", "s", "st", "t", "v")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
_ENDINGS = ("", "l", "m", "n", "r", "s", "t", "nd", "x")
_FIRST = datetime(2017, 1, 1, tzinfo=UTC)
_MINUTES = 7 * 365 * 24 * 60

SITE = """\
id: "tag:bench.example,2024:"
url: https://bench.example/
title: Bench
articles:
  folder: ../articles
"""
FEEDS = f"""\
defaults:
  size: {SIZE}
feeds:
  - path: all
  - path: topics/{{topic}}
    each: topic
"""


class _Words:
    """Text of pronounceable words that mean nothing; common words come often, as in languages."""

    def __init__(self, chance: random.Random, count: int = 4000) -> None:
        self._rng = chance
        self._known = [self._word() for _ in range(count)]
        self._weights = list(accumulate(1 / (rank + 3) for rank in range(count)))

    def _word(self) -> str:
        parts = (_OPENINGS, _VOWELS, _ENDINGS)
        syllables = self._rng.choice((1, 2, 2, 3))
        return "".join(self._rng.choice(part) for _ in range(syllables) for part in parts)

    def some(self, count: int) -> list[str]:
        return self._rng.choices(self._known, cum_weights=self._weights, k=count)

    def sentence(self, count: int) -> str:
        return " ".join(self.some(count)).capitalize()

    def name(self, taken: set[str]) -> str:
        """A name of one or two words that is not taken yet."""
        while True:
            name = " ".join(self._rng.sample(self._known, self._rng.choice((1, 2)))).title()
            if name not in taken:
                taken.add(name)
                return name


class Corpus:
    """Generates a site of `articles` articles; the n-th of its `topics` topics has weight 1/n.

    The share `withheld` of the articles is not published. Each has `related` related items; if
    that is 0, half of the articles have one or two.
    """

    def __init__(
        self, articles: int, topics: int, related: int = 0, withheld: float = 0.08, seed: int = 1
    ) -> None:
        self._articles, self._related_each, self._withheld = articles, related, withheld
        self._rng = random.Random(seed)
        self._words = _Words(self._rng)
        taken: set[str] = set()
        self._topics = [self._words.name(taken) for _ in range(topics)]
        self._popularity = list(accumulate(1 / rank for rank in range(1, topics + 1)))
        self._providers = [self._words.name(taken) for _ in range(40)]

    def write(self, root: Path) -> Path:
        """Write `config/` and `articles/_news/` in `root`; return the newest published article."""
        news, config = root / "articles" / "_news", root / "config"
        news.mkdir(parents=True)
        config.mkdir()
        (config / "site.yaml").write_text(SITE, encoding="utf-8")
        (config / "feeds.yaml").write_text(FEEDS, encoding="utf-8")
        newest, at = news, _FIRST
        for number in range(self._articles):
            published = _FIRST + timedelta(minutes=self._rng.randrange(_MINUTES))
            draw = self._rng.random()
            if draw > 0.998:
                published = published.replace(year=2999, day=1)
            slug = "-".join(self._words.some(6))
            file = news / f"{published:%Y-%m-%d}-{slug}-{number}.md"
            text = self._article(slug, number, published, withheld=draw < self._withheld)
            file.write_text(text, encoding="utf-8")
            if self._withheld <= draw <= 0.998 and published > at:
                newest, at = file, published
        return newest

    def _article(self, slug: str, number: int, published: datetime, *, withheld: bool) -> str:
        provider = self._rng.choice(self._providers)
        url = f"https://{_domain(provider)}/{published:%Y/%m}/{slug}-{number}/"
        is_video = self._rng.random() < 0.06
        quality = self._rng.randrange(20, 120)
        lines = [
            "---",
            "category: news",
            f'title: "{self._words.sentence(self._rng.randrange(6, 15))}"',
            f'excerpt: "{self._words.sentence(self._rng.randrange(25, 50))}"',
            f"publishedDateTime: {published:%Y-%m-%dT%H:%M:%SZ}",
            f'originalUrl: "{url}"',
            f'webUrl: "{url}"',
            f"type: {'video' if is_video else 'article'}",
            f"quality: {quality}",
            f"heat: {quality - self._rng.randrange(20)}",
            f"published: {'false' if withheld else 'true'}",
            "",
            *(self._video(number) if is_video else ()),
            *_provider(provider),
            "topics:",
            *(f"  - {topic}" for topic in self._some_topics()),
            "",
            *self._images(provider, number),
            *self._related(),
            f'secured: "{self._secret(384)};{self._secret(16)}"',
            "---",
            "",
        ]
        if self._rng.random() < 0.05:
            lines += [self._words.sentence(60) + ".", "", f"See [{slug}]({url}).", ""]
        return "\n".join(lines)

    def _some_topics(self) -> list[str]:
        count = self._rng.choice((1, 1, 2, 2, 3))
        chosen = self._rng.choices(self._topics, cum_weights=self._popularity, k=count)
        return list(dict.fromkeys(chosen))

    def _video(self, number: int) -> Sequence[str]:
        player = (
            '<iframe width=\\"800\\" height=\\"500\\" frameborder=\\"0\\" '
            f'src=\\"https://www.youtube.com/embed/v{number:010}\\" allowfullscreen></iframe>'
        )
        length = f"PT{self._rng.randrange(1, 60)}M{self._rng.randrange(60)}S"
        return (f'featuredContent: "{player}"', f"length: {length}", "")

    def _images(self, provider: str, number: int) -> list[str]:
        lines = ["images:"]
        for index in range(self._rng.choice((1, 1, 1, 2))):
            url = f"https://cdn.{_domain(provider)}/pictures/{number}-{index}.jpg"
            lines += [f'  - url: "{url}"', "    width: 1200", "    height: 630"]
            lines.append("    isCached: true")
        return [*lines, ""]

    def _related(self) -> list[str]:
        count = self._related_each
        if not count and self._rng.random() < 0.5:
            count = self._rng.choice((1, 1, 2))
        if not count:
            return []
        lines = ["related:"]
        for _ in range(count):
            provider, slug = self._rng.choice(self._providers), "-".join(self._words.some(8))
            url = f"https://{_domain(provider)}/{slug}/"
            lines += [
                f'  - title: "{self._words.sentence(9)}"',
                f'    excerpt: "{self._words.sentence(28)}"',
                "    publishedDateTime: 2023-02-01T21:00:00Z",
                f'    webUrl: "{url}"',
                f'    ampWebUrl: "{url}amp/"',
                "    type: article",
                *(f"    {line}" for line in _provider(provider)[:3]),
                f"    quality: {self._rng.randrange(20, 120)}",
                "    images:",
                f'      - url: "https://cdn.{_domain(provider)}/pictures/{slug}.jpg"',
                "        width: 800",
                "        height: 448",
                "        isCached: true",
            ]
        return [*lines, ""]

    def _secret(self, count: int) -> str:
        return base64.b64encode(self._rng.randbytes(count)).decode()


def _domain(provider: str) -> str:
    return provider.lower().replace(" ", "-") + ".example"


def _provider(name: str) -> list[str]:
    icon = f"https://bench.example/assets/images/organizations/{_domain(name)}-50x50.jpg"
    return [
        "provider:",
        f"  name: {name}",
        f"  domain: {_domain(name)}",
        "  images:",
        f'    - url: "{icon}"',
        "      width: 50",
        "      height: 50",
        "",
    ]


def main() -> None:
    """Generate a site, and print the path of its newest published article."""
    parser = ArgumentParser(description="Generate a site.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("articles", type=int, nargs="?", default=10_000)
    parser.add_argument("topics", type=int, nargs="?", default=200)
    parser.add_argument("--related", type=int, default=0, help="related items of each article")
    parser.add_argument("--withheld", type=float, default=0.08, help="share of articles")
    options = parser.parse_args()
    corpus = Corpus(options.articles, options.topics, options.related, options.withheld)
    print(corpus.write(options.folder))


if __name__ == "__main__":
    main()
