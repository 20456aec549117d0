"""Classifies User-Agent headers: an aggregator and its subscribers, a reader, or other. No I/O.

No standard defines how aggregators report subscribers (RFC 9110 §10.1.5 leaves comments in a
User-Agent free). By custom it is a number before or after `subscribers`, `readers` or `users`.
"""

import re
from functools import lru_cache
from typing import Literal

import msgspec

from feeds.util.text import one_line

# Larger numbers are ignored: scrapers invent them to get past blocks.
_MAX_SUBSCRIBERS = 10_000_000
_MAX_NAME = 60
_MAX_AGENT = 1000  # characters that are searched

# A singular `reader` or `user` is usually part of a name: `Feed Reader 3.14`. Gaps are possessive
# (`*+`), because backtracking over a long run of gaps would take seconds.
_COUNT = re.compile(
    r"(?<![A-Za-z0-9.,:/])(?P<before>\d{1,3}(?:,\d{3})+|\d+)[\s_+]+(?:subscribers?|readers|users)\b"
    r"|\b(?:subscribers?|readers|users)[\s_+]*+(?:count[\s_+]*+)?(?:[:=][\s_+]*+)?"
    r"(?P<after>\d+)\b(?!\.)"
    r"|(?<![A-Za-z0-9.,:/])(?P<one>1)[\s_+]+(?:reader|user)\b",
    re.IGNORECASE,
)
_FEED_ID = re.compile(r"\bfeed[-_ ]?id\s*[:=]\s*(?P<id>[\w-]{1,64})", re.IGNORECASE)
# NewsBlur sends its page of the feed, LiveJournal and Dreamwidth the account that shows it.
_PAGE_ID = re.compile(
    r"newsblur\.com/site/(?P<site>\d+)|;[\s_]*for[\s_]+(?P<page>[^\s;)]{1,200})", re.IGNORECASE
)

# Part of an aggregator's User-Agent -> its name.
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
# Readers that also claim to be browsers.
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
    """The kind of a client, and its name.

    An aggregator fetches for many: `subscribers` is the number it reports, or None; `feed_id`
    distinguishes its feeds if it has several for one URL. A reader fetches for one person.
    Browsers, bots and monitors are `other`, and no subscribers.
    """

    kind: Literal["aggregator", "reader", "other"]
    name: str
    subscribers: int | None = None
    feed_id: str = ""


_OTHER = Agent("other", "")


def classify(agent: str) -> Agent:
    """Classify a User-Agent header; spaces may be `_` or `+`, as in some logs."""
    return _classify(agent[:_MAX_AGENT])


@lru_cache(4096)
def _classify(agent: str) -> Agent:
    count = _count(agent)
    match = _AGGREGATOR.search(agent.replace("like FeedFetcher-Google", ""))
    if count is not None:
        name = _AGGREGATORS[match[0].lower()] if match else _name(agent)
        return Agent("aggregator", name, count, _feed_id(agent))
    if match:
        return Agent("aggregator", _AGGREGATORS[match[0].lower()])
    if not agent.strip("- ") or _BOT.search(agent):
        return _OTHER
    if not _BROWSER.match(agent):
        return Agent("reader", _name(agent))
    words = _SEPARATORS.split(agent)
    return next((Agent("reader", _cut(word)) for word in words if _READER.search(word)), _OTHER)


def _count(agent: str) -> int | None:
    """Return the number of subscribers that the agent reports, or None."""
    for match in _COUNT.finditer(agent):
        digits = (match["before"] or match["after"] or match["one"]).replace(",", "")
        if len(digits) <= len(str(_MAX_SUBSCRIBERS)) and int(digits) <= _MAX_SUBSCRIBERS:
            return int(digits)
    return None


def _feed_id(agent: str) -> str:
    if match := _FEED_ID.search(agent):
        return match["id"]
    match = _PAGE_ID.search(agent)
    return (match["site"] or match["page"]) if match else ""


def _name(agent: str) -> str:
    """Return the name of the agent, without versions and numbers."""
    text = one_line(_COUNT.sub(" ", agent))
    match = _COMPATIBLE.search(text) or _PRODUCT.match(text)
    return _cut(match["name"] if match else "") or _cut(text.strip("-_+;,() ")) or "unknown"


def _cut(name: str) -> str:
    return one_line(name)[:_MAX_NAME].strip()
