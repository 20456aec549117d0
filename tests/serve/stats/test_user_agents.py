"""User-Agents of real logs are classified."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.serve.stats import user_agents

SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"

AGGREGATORS = {
    "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers; like FeedFetcher-Google)": (
        "Feedly", 16, ""),
    "Feedly/1.0 (poller; 131 subscribers;)": ("Feedly", 131, ""),
    "Feedbin feed-id:1234 - 5 subscribers": ("Feedbin", 5, "1234"),
    "Feedbin feed-id:1234 - 1 subscriber": ("Feedbin", 1, "1234"),
    f"NewsBlur Feed Fetcher - 12 subscribers - http://www.newsblur.com/site/77/a ({SAFARI})": (
        "NewsBlur", 12, "77"),
    "Mozilla/5.0 (compatible; inoreader.com-like FeedFetcher-Google; 3 subscribers)": (
        "Inoreader", 3, ""),
    "Mozilla/5.0 (compatible; inoreader.com; 114 subscribers)": ("Inoreader", 114, ""),
    "Inoreader/1.0 (+http://www.inoreader.com/feed-fetcher; 195 subscribers; )": (
        "Inoreader", 195, ""),
    "Mozilla/5.0 (compatible; theoldreader.com; 1 subscribers; feed-id=cead6c3a837650eeefd8fe4a)": (
        "The Old Reader", 1, "cead6c3a837650eeefd8fe4a"),
    "Mozilla/5.0 (compatible; BazQux/2.4; +https://bazqux.com/fetcher; 2 subscribers)": (
        "BazQux", 2, ""),
    "NewsGatorOnline/2.0 (http://www.newsgator.com; 20 subscribers)": ("NewsGator", 20, ""),
    "Bloglines/3.1+(http://www.bloglines.com;+154+subscribers)": ("Bloglines", 154, ""),
    "NewsGatorOnline/2.0_(http://www.newsgator.com;_20_subscribers)": ("NewsGator", 20, ""),
    "Bloglovin/1.0 (http://www.bloglovin.com; 8 subscribers)": ("Bloglovin", 8, ""),
    "Netvibes (http://www.netvibes.com/; 5 subscribers; feedId: 5404723)": (
        "Netvibes", 5, "5404723"),
    "Feedfetcher-Google; (+http://www.google.com/feedfetcher.html; 3 subscribers; feed-id=767)": (
        "Google Feedfetcher", 3, "767"),
    "YahooFeedSeeker/2.0 (compatible; Mozilla 4.0; MSIE 5.5;; users 2; views 169)": (
        "Yahoo", 2, ""),
    "Dreamwidth Studios (webmaster@dreamwidth.org; for https://www.dreamwidth.org/users/a_feed/; "
    "2 readers)": ("Dreamwidth", 2, "https://www.dreamwidth.org/users/a_feed/"),
    "PlainFeeder v0.0.1 (+http://plainfeeder.com/about ;Subscriber Count: 42)": (
        "PlainFeeder", 42, ""),
    "SomeReader/2.1 (1,204 readers)": ("SomeReader", 1204, ""),
    "kinjabot (http://www.kinja.com; 1 Readers)": ("kinjabot", 1, ""),
    "FeedLounge (http://feedlounge.com; for me; 1 reader)": ("FeedLounge", 1, "me"),
    "xianguo-rssbot/0.1 (http://www.xianguo.com/; 1 subscribers)": ("xianguo-rssbot", 1, ""),
    "1 subscriber": ("unknown", 1, ""),
    "(16 subscribers)": ("unknown", 16, ""),
    "Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)": (
        "Feedly", None, ""),
    "Blogtrottr/2.0": ("Blogtrottr", None, ""),
    "Yahoo Pipes 2.0": ("Yahoo Pipes", None, ""),
    "FeedFetcher-Google; (+http://www.google.com/feedfetcher.html)": (
        "Google Feedfetcher", None, ""),
}  # fmt: skip

READERS = {
    "NetNewsWire (RSS Reader; https://netnewswire.com/)": "NetNewsWire",
    "FreshRSS/1.24.0 (Linux; https://freshrss.org)": "FreshRSS",
    "Tiny Tiny RSS/21.11 (http://tt-rss.org/)": "Tiny Tiny RSS",
    "Mozilla/5.0 (compatible; Miniflux/2.1.0; +https://miniflux.app)": "Miniflux",
    "NextCloud-News/1.0": "NextCloud-News",
    "Feed Reader 3.14 (Newsbrain)": "Feed Reader",
    "My Readers 2.1": "My Readers",
    "Akregator/5.22.3; syndication": "Akregator",
    "Liferea/1.13.5 (Linux; en_US; https://lzone.de/liferea/)": "Liferea",
    "newsboat/2.30.1 (Linux x86_64)": "newsboat",
    "Reeder/5.3 CFNetwork/1494 Darwin/23.4.0": "Reeder",
    "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.1": "Thunderbird",
    f"{SAFARI} Reeder/5": "Reeder",
    "(Something)": "Something",
    "python-feedparser/6.0.11 +https://github.com/kurtmckee/feedparser/": "python-feedparser",
}

OTHERS = [
    "",
    "-",
    f"{SAFARI} Version/14.0.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 Firefox/102.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
    "W3C_Validator/1.3 http://validator.w3.org/services",
    "curl/8.5.0",
    "Wget/1.21.3",
    "python-requests/2.32.3",
    "Go-http-client/2.0",
    "Prometheus/2.5",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
]


@pytest.mark.parametrize("agent", AGGREGATORS)
def test_aggregator_has_name_subscribers_and_feed_id(agent: str) -> None:
    classified = user_agents.classify(agent)
    assert classified.kind == "aggregator"
    assert (classified.name, classified.subscribers, classified.feed_id) == AGGREGATORS[agent]


@pytest.mark.parametrize("agent", READERS)
def test_reader_of_one_person_is_recognised(agent: str) -> None:
    assert user_agents.classify(agent) == user_agents.Agent("reader", READERS[agent])


@pytest.mark.parametrize("agent", OTHERS)
def test_browsers_bots_monitors_and_scripts_are_not_subscribers(agent: str) -> None:
    assert user_agents.classify(agent).kind == "other"


@pytest.mark.parametrize(
    "agent",
    ["Feedly/1.0 (99999999999999999999 subscribers)", f"Feedly/1.0 ({'9' * 900} subscribers)"],
)
def test_implausible_number_is_ignored(agent: str) -> None:
    assert user_agents.classify(agent).subscribers is None


@pytest.mark.parametrize(
    "agent",
    [
        "readers" + "_" * 990,
        "readers" + "_" * 490 + "count" + "+" * 490,
        "users " * 160,
        "1" + " " * 990 + "2",
        "1_" * 490,
        "1,111" * 200,
        ";_" * 490 + "for",
        "a" + "\t" * 990 + "b",
        "Mozilla/5.0 " + "(compatible; " * 75,
    ],
)
def test_classifying_takes_linear_time(agent: str) -> None:
    start = time.perf_counter()
    user_agents.classify(agent)
    assert time.perf_counter() - start < 2  # some took more than 10 seconds


def test_cache_key_is_limited_in_length() -> None:
    user_agents._classify.cache_clear()
    assert user_agents.classify("a" * 60_000) is user_agents.classify("a" * 1000)
    assert user_agents._classify.cache_info().currsize == 1


@given(st.text())
def test_any_text_can_be_classified(agent: str) -> None:
    classified = user_agents.classify(agent)
    assert len(classified.name) <= 60
    assert classified.subscribers is None or 0 <= classified.subscribers <= 10_000_000
