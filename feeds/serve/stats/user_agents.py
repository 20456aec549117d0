"""What a User-Agent header tells: an aggregator and its readers, a reader, or none. Pure; no I/O.

No standard says how aggregators report, only custom: a number before or after `subscribers`,
`readers` or `users` (RFC 9110 §10.1.5 leaves comments in a User-Agent free).
"""

import re
from functools import lru_cache
from typing import Literal

import msgspec

from feeds.util.text import one_line

# More is what scrapers write to get past blocks, and no feed of one site has it.
_MOST_SUBSCRIBERS = 10_000_000
_LONGEST_NAME = 60
_LONGEST_AGENT = 1000  # characters that are looked at

# Singular readers and users are most often part of a name: `Feed Reader 3.14`. Gaps give nothing
# back (`*+`), or an agent of nothing but gaps would take seconds.
_COUNT = re.compile(
    r"(?<![A-Za-z0-9.,:/])(?P<before>\d{1,3}(?:,\d{3})+|\d+)[\s_+]+(?:subscribers?|readers|users)\b"
    r"|\b(?:subscribers?|readers|users)[\s_+]*+(?:count[\s_+]*+)?(?:[:=][\s_+]*+)?"
    r"(?P<after>\d+)\b(?!\.)"
    r"|(?<![A-Za-z0-9.,:/])(?P<one>1)[\s_+]+(?:reader|user)\b",
    re.IGNORECASE,
)
_FEED_ID = re.compile(r"\bfeed[-_ ]?id\s*[:=]\s*(?P<id>[\w-]{1,64})", re.IGNORECASE)
# NewsBlur names its own page of the feed, LiveJournal and Dreamwidth the account that shows it.
_PAGE_ID = re.compile(
    r"newsblur\.com/site/(?P<site>\d+)|;[\s_]*for[\s_]+(?P<page>[^\s;)]{1,200})", re.IGNORECASE
)

# What is in the User-Agent of those who fetch for many -> what people call them.
_AGGREGATORS = {
    "feedly": "Feedly",
    "feedbin": "Feedbin",
    "newsblur": "NewsBlur",
    "inoreader": "Inoreader",
    "theoldreader": "The Old Reader",
    "bazqux": "BazQux",
    "feeder.co": "Feeder",
    "newsgator": "NewsGator",
    "bloglovin": "Bloglovin",
    "bloglines": "Bloglines",
    "netvibes": "Netvibes",
    "dreamwidth": "Dreamwidth",
    "livejournal": "LiveJournal",
    "yahoofeedseeker": "Yahoo",
    "yahoo pipes": "Yahoo Pipes",
    "g2reader": "G2Reader",
    "feed wrangler": "Feed Wrangler",
    "feedspot": "Feedspot",
    "feedhq": "FeedHQ",
    "flipboard": "Flipboard",
    "superfeedr": "Superfeedr",
    "blogtrottr": "Blogtrottr",
    "follow.it": "follow.it",
    "feedburner": "FeedBurner",
    "feedpress": "FeedPress",
    "daum": "Daum",
    "hanrss": "HanRSS",
    "livedoor": "livedoor",
    "feedfetcher-google; (": "Google Feedfetcher",
    "google-podcast": "Google Podcasts",
    "podcastindex": "Podcast Index",
    "spotify": "Spotify",
    "apple-pubsub": "Apple PubSub",
}
_AGGREGATOR = re.compile(rf"\b(?:{'|'.join(map(re.escape, _AGGREGATORS))})", re.IGNORECASE)
_BOT = re.compile(
    r"bot\b|bot[/_;-]|crawl|spider|slurp|archiver|scrap|facebookexternalhit|preview|validator"
    r"|uptime|monitor|pingdom|statuscake|healthcheck|kube-probe|blackbox|nagios|zabbix|checkly"
    r"|site24x7|prometheus|headless|lighthouse|curl/|wget|python-requests|python-urllib"
    r"|python-httpx|aiohttp|go-http-client|okhttp|libwww|java/|axios|node-fetch|undici|guzzle|http\.rb|scanner|masscan"
    r"|zgrab|nmap|ahrefs|semrush|gptbot|mediapartners|internet ?measurement|expanse",
    re.IGNORECASE,
)
# Readers that call themselves browsers too, so that sites let them in.
_READER = re.compile(
    r"rss|feed|reader|thunderbird|vienna|akregator|liferea|newsboat|newsflash|reeder|miniflux"
    r"|unread|netnewswire|nextcloud|podcast|antennapod|overcast|castro|simplepie|magpie|syndication"
    r"|fluent|emacs|gnus|yarr|\blire\b|snarfer|\bsage\b",
    re.IGNORECASE,
)
_SEPARATORS = re.compile(r"[\s+/();,]+")
_BROWSER = re.compile(r"(?:Mozilla|Opera)/\d(?!.*\(compatible; (?!MSIE))")
_COMPATIBLE = re.compile(r"\(compatible;\s*(?P<name>[^;)/]+)")
_PRODUCT = re.compile(r"(?P<name>.*?)(?:/\d|\s*[(;,]|\s+-\s|\s+feed-?id|\s+v?\d|$)", re.IGNORECASE)


class Agent(msgspec.Struct, frozen=True):
    """Who asks: `kind` and a name for people.

    An aggregator reads for many: `subscribers` is what it reports, None if it reports nothing;
    `feed_id` says which of its feeds that is, where it keeps several for one URL. A reader
    reads for one. None of the others, browsers, bots and monitors, is a subscriber.
    """

    kind: Literal["aggregator", "reader", "other"]
    name: str
    subscribers: int | None = None
    feed_id: str = ""


_OTHER = Agent("other", "")


def classify(agent: str) -> Agent:
    """What a User-Agent header tells; spaces may have become `_` or `+`, as some logs have it."""
    return _known(agent[:_LONGEST_AGENT])


@lru_cache(4096)
def _known(agent: str) -> Agent:
    count = _count(agent)
    found = _AGGREGATOR.search(agent.replace("like FeedFetcher-Google", ""))
    if count is not None:
        name = _AGGREGATORS[found[0].lower()] if found else _name(agent)
        return Agent("aggregator", name, count, _feed_id(agent))
    if found:
        return Agent("aggregator", _AGGREGATORS[found[0].lower()])
    if not agent.strip("- ") or _BOT.search(agent):
        return _OTHER
    if not _BROWSER.match(agent):
        return Agent("reader", _name(agent))
    words = _SEPARATORS.split(agent)
    return next((Agent("reader", _cut(word)) for word in words if _READER.search(word)), _OTHER)


def _count(agent: str) -> int | None:
    """How many subscribers the agent reports."""
    for found in _COUNT.finditer(agent):
        digits = (found["before"] or found["after"] or found["one"]).replace(",", "")
        if len(digits) <= len(str(_MOST_SUBSCRIBERS)) and int(digits) <= _MOST_SUBSCRIBERS:
            return int(digits)
    return None


def _feed_id(agent: str) -> str:
    if found := _FEED_ID.search(agent):
        return found["id"]
    found = _PAGE_ID.search(agent)
    return (found["site"] or found["page"]) if found else ""


def _name(agent: str) -> str:
    """What the agent calls itself, without version and number."""
    said = one_line(_COUNT.sub(" ", agent))
    found = _COMPATIBLE.search(said) or _PRODUCT.match(said)
    return _cut(found["name"] if found else "") or _cut(said.strip("-_+;,() ")) or "unknown"


def _cut(name: str) -> str:
    return one_line(name)[:_LONGEST_NAME].strip()
