"""Content encodings and their negotiation (RFC 9110 §8.4, §12.5.3)."""

import re

import pytest

from tests.support.feeds_server import Server
from tests.support.http_site import KINDS, decoded, raw, send

pytestmark = pytest.mark.xdist_group("http")


@pytest.mark.rule("H1", "H2", "H3", "H30", "H34")
@pytest.mark.parametrize("path", KINDS)
def test_each_encoding_has_its_own_etag_and_the_same_content(server: Server, path: str) -> None:
    answers = {
        coding: server.ask(path, Accept_Encoding=coding) for coding in ("identity", "gzip", "br")
    }
    tags = {answer.headers["etag"] for answer in answers.values()}
    assert len(tags) == 3
    assert all(re.fullmatch(r'"[!#-~]*"', tag) for tag in tags)
    for coding, answer in answers.items():
        assert answer.headers.get("content-encoding", "identity") == coding
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-length"] == str(len(answer.body))
        assert decoded(answer) == answers["identity"].body


@pytest.mark.rule("H31", "H32", "H33", "H35")
@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br, gzip", "br"),
        ("gzip, br", "br"),
        ("br;q=0, gzip;q=0.1", "gzip"),
        ("br;q=0.5, gzip", "gzip"),
        ("", None),
        ("identity;q=0, gzip", "gzip"),
        ("identity;q=0", None),  # by choice, not 406
        ("zstd", None),
        ("deflate", None),
        ("*", "br"),
        ("*;q=0", None),
        ("br;q=0, *;q=1", "gzip"),
        ("identity;q=0, *", "br"),
        ("gzip;q=0", None),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip;q=1.001", None),
        ("gzip;q=abc, br;q=-1", None),
        ("identity;q=1, br;q=0.5", None),
        (",,, ;;;===", None),
        ("gzip;q=1" * 2000, None),
        (", ".join(f"x{number}" for number in range(4000)) + ", br", None),
    ],
)
def test_encoding_follows_weights(server: Server, accepted: str, coding: str | None) -> None:
    answer = server.ask("/all.rss", Accept_Encoding=accepted)
    assert (answer.status, answer.headers.get("content-encoding")) == (200, coding)


@pytest.mark.rule("H32")
def test_identity_is_sent_without_accept_encoding(server: Server) -> None:
    answer = raw(server, "/all.rss")
    assert (answer.status, answer.get("content-encoding")) == (200, [])
    assert answer.get("vary") == ["Accept-Encoding"]


@pytest.mark.rule("H31")
def test_two_accept_encoding_lines_are_one_list(server: Server) -> None:
    answer = raw(server, "/all.rss", "Accept-Encoding: br;q=0.1", "Accept-Encoding: gzip")
    assert answer.get("content-encoding") == ["gzip"]


@pytest.mark.rule("H36")
def test_encodings_are_sent_to_proxies_and_http_1_0(server: Server) -> None:
    head = b"GET /all.rss HTTP/1.0\r\nVia: 1.0 proxy\r\nAccept-Encoding: gzip\r\n\r\n"
    answer = send(server.port, head)
    assert (answer.status, answer.get("content-encoding")) == (200, ["gzip"])
