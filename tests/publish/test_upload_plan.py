"""The upload plan: which objects change, and in which order."""

from typing import Any, Literal, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.cli.publish import print_plan
from feeds.export.manifest import File, Kind, Manifest
from feeds.publish import upload_plan
from feeds.publish.record import (
    Record,
    after_purge,
    after_upload,
    pending_purge,
    published_paths,
    with_tag_header,
)
from feeds.publish.upload import tag_header
from feeds.publish.upload_plan import UPLOAD_ORDER, Upload, UploadPlan
from tests.support.site import make_site

Coding = Literal["identity", "gzip"]


def file(kind: Kind = "feed", sha256: str = "a", **fields: Any) -> File:
    known = {"size": 3, "media_type": "application/rss+xml", "cache_control": "max-age=60"}
    return File(**{"sha256": sha256, "kind": kind, **known, **fields})


FILES = {
    "index.html": file("list"),
    "all.html": file("page"),
    "all.rss": file("feed"),
    "feed.css": file("asset"),
    "archive/1.rss": file("archive"),
}


@pytest.mark.rule("S24")
def test_archives_come_first_then_assets_feeds_pages_and_lists() -> None:
    plan = upload_plan.plan_uploads(Record(), FILES)
    assert [upload.path for upload in plan.uploads] == [
        "archive/1.rss", "feed.css", "all.rss", "all.html", "index.html",
    ]  # fmt: skip
    assert {upload.why for upload in plan.uploads} == {"new"}


@pytest.mark.rule("S24")
def test_unchanged_objects_are_not_uploaded() -> None:
    plan = upload_plan.plan_uploads(Record(files=FILES), {**FILES, "all.rss": file(sha256="b")})
    assert [(upload.path, upload.why) for upload in plan.uploads] == [("all.rss", "content")]
    assert plan.unchanged == 4


@pytest.mark.rule("S23")
@pytest.mark.parametrize(
    "fields", [{"media_type": "text/xml"}, {"cache_control": "max-age=61"}, {"tags": ("all",)}]
)
def test_changed_metadata_alone_is_uploaded_and_purged(fields: dict[str, Any]) -> None:
    files = {**FILES, "all.rss": file(**fields)}
    plan = upload_plan.plan_uploads(Record(files=FILES), files)
    assert [(upload.path, upload.why) for upload in plan.uploads] == [("all.rss", "metadata")]
    assert after_upload(Record(files=FILES), {"all.rss": files["all.rss"]}, ()).purge == {
        "all.rss": ""
    }


@pytest.mark.parametrize("coding", get_args(Coding))
def test_guard_counts_each_document_once_whatever_its_coding(coding: Coding) -> None:
    gzip = {f"{name}.gz": file(coding="gzip") for name in FILES}
    brotli = {f"{name}.br": file(coding="br") for name in FILES}
    manifest = Manifest({**FILES, **gzip, **brotli})
    files = upload_plan.expected_objects(manifest, coding, variants=coding == "identity")
    assert sorted(published_paths(Record(files=files))) == sorted(FILES)


@pytest.mark.rule("S22")
def test_precompressed_variants_are_not_uploaded() -> None:
    manifest = Manifest({"all.rss": file(), "all.rss.gz": file(coding="gzip")})
    assert upload_plan.expected_objects(manifest, "identity") == {"all.rss": file()}
    assert upload_plan.expected_objects(manifest, "identity", variants=True) == manifest.files
    assert upload_plan.expected_objects(manifest, "gzip") == {"all.rss": file(coding="gzip")}


@pytest.mark.rule("S22")
def test_changed_coding_counts_as_changed_content() -> None:
    gzip = upload_plan.expected_objects(Manifest({"all.rss": file()}), "gzip")
    plan = upload_plan.plan_uploads(Record(files={"all.rss": file()}), gzip)
    assert [upload.why for upload in plan.uploads] == ["content"]
    assert upload_plan.object_headers(plan.uploads[0].file, None)["Content-Encoding"] == "gzip"


def test_uncertain_objects_are_written_again() -> None:
    """A run wrote other content and was killed, then the author reverted the change."""
    plan = upload_plan.plan_uploads(Record(files=FILES, open=("all.rss", "gone.rss")), FILES)
    assert [(upload.path, upload.why) for upload in plan.uploads] == [("all.rss", "unsure")]
    assert plan.deletes == ("gone.rss",)


def test_only_recorded_objects_are_deleted() -> None:
    assert upload_plan.plan_uploads(Record(), {}).deletes == ()
    assert upload_plan.plan_uploads(Record(files=FILES), {}).deletes == tuple(sorted(FILES))


@pytest.mark.rule("C9")
def test_feed_is_purged_by_its_own_tag_only() -> None:
    tagged = file(tags=("all", "feed:topics/ai", "topic:ai", "entry:1"))
    record = after_upload(Record(), {"topics/ai.rss": tagged, "index.html": file("list")}, ())
    assert record.purge == {"topics/ai.rss": "feed:topics/ai", "index.html": ""}


def test_deleted_document_is_purged_by_its_former_tag() -> None:
    before = Record(files={"a.rss": file(tags=("all", "feed:a"))})
    assert after_upload(before, {}, ["a.rss"]) == Record(purge={"a.rss": "feed:a"})


@pytest.mark.rule("C7", "C8")
@pytest.mark.parametrize(
    ("header", "expected"),
    [("Surrogate-Key", "all feed:a"), ("Cache-Tag", "all,feed:a"), ("xkey", "all feed:a")],
)
def test_tags_have_the_header_and_separator_of_the_cache(header: str, expected: str) -> None:
    assert upload_plan.object_headers(file(tags=("all", "feed:a")), header)[header] == expected


@pytest.mark.rule("C7")
def test_dry_run_shows_the_tags_that_an_upload_stores(capsys: pytest.CaptureFixture[str]) -> None:
    tagged = file(tags=("all", "feed:all"))
    plan = UploadPlan((Upload("all.rss", tagged, "new"),), (), 0)
    for url, expected in (
        ("s3://b", "xkey: all feed:all"),
        ("az://b", "Cache-Control: max-age=60\n"),
    ):
        site = make_site(http={"cache_tags": "xkey"}, upload={"url": url})
        print_plan(plan, tag_header(site), url)
        assert expected in capsys.readouterr().out


@pytest.mark.rule("C7")
def test_changed_tag_header_uploads_tagged_objects() -> None:
    files = {"all.rss": file(tags=("all",)), "index.html": file("list")}
    record = with_tag_header(Record(files=files, tagged="xkey"), "Cache-Tag")
    plan = upload_plan.plan_uploads(record, files)
    assert [(upload.path, upload.why) for upload in plan.uploads] == [("all.rss", "metadata")]
    record = after_upload(upload_plan.before_upload(record, plan), files, ())
    assert upload_plan.plan_uploads(with_tag_header(record, "Cache-Tag"), files).uploads == ()


def test_tags_beyond_the_limit_of_the_store_are_dropped() -> None:
    tags = ("all", *(f"entry:{number:010}" for number in range(500)))
    kept = upload_plan.object_headers(file(tags=tags), "Surrogate-Key")["Surrogate-Key"]
    assert len(kept) <= 1_800
    assert kept.startswith("all entry:0000000000")


def test_paths_purged_by_every_cache_are_dropped() -> None:
    record = Record(purge={"a.rss": "feed:a", "b.rss": ""})
    record = after_purge(record, "one", ["a.rss", "b.rss"], ["one", "two"])
    assert (pending_purge(record, "one"), len(pending_purge(record, "two"))) == ({}, 2)
    record = after_purge(record, "two", ["a.rss"], ["one", "two"])
    assert record == Record(purge={"b.rss": ""}, purged={"one": ("b.rss",)})
    assert (
        after_purge(record, "one", [], ["one"]) == Record()
    )  # "two" was removed from the settings


def test_path_that_changed_again_is_purged_again_everywhere() -> None:
    record = Record(purge={"a.rss": ""}, purged={"one": ("a.rss",)})
    record = after_upload(record, {"a.rss": file()}, ())
    assert pending_purge(record, "one") == {"a.rss": ""}


_caches = st.frozensets(st.sampled_from(["one", "two", "three"]), min_size=1)
_paths = st.frozensets(st.sampled_from("abcd"))


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("change"), _caches, _paths),
            st.tuples(st.sampled_from(["one", "two", "three"]), _caches, _paths),
        ),
        max_size=12,
    )
)
def test_no_cache_keeps_an_old_copy_when_caches_come_and_go(
    steps: list[tuple[str, frozenset[str], frozenset[str]]],
) -> None:
    """Every path that a configured cache has not purged since its change is pending for it."""
    record, before = Record(), frozenset(["one", "two", "three"])
    stale: dict[str, set[str]] = {each: set() for each in before}
    for what, caches, paths in steps:
        if what == "change":
            record = after_upload(record, {path: file() for path in paths}, ())
            for pending in stale.values():
                pending |= paths
        else:
            there = sorted(caches | {what})
            record = after_purge(record, what, paths, there)
            stale[what] -= paths
            for name in stale.keys() - there:  # caches that are not configured are ignored
                stale[name] &= record.purge.keys()
        for name, old in stale.items():
            assert old <= pending_purge(record, name).keys()


_files = st.dictionaries(
    st.sampled_from("abcdef"),
    st.builds(file, st.sampled_from(UPLOAD_ORDER), st.sampled_from("xyz")),
)


def carried_out(store: dict[str, File], plan: UploadPlan, steps: int) -> tuple[set[str], set[str]]:
    """Carry out the first steps of a plan; return the paths written and deleted."""
    written, deleted = set(), set()
    for upload in plan.uploads[:steps]:
        store[upload.path] = upload.file
        written.add(upload.path)
    for path in plan.deletes[: max(0, steps - len(plan.uploads))]:
        store.pop(path, None)
        deleted.add(path)
    return written, deleted


def differing(before: dict[str, File], after: dict[str, File]) -> set[str]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


@given(
    runs=st.lists(
        st.tuples(_files, st.integers(0, 12), st.integers(0, 12), st.booleans()), max_size=6
    ),
    last=_files,
)
def test_next_run_repairs_any_killed_run(
    runs: list[tuple[dict[str, File], int, int, bool]], last: dict[str, File]
) -> None:
    """The record of a killed run is as it last wrote it, or as it was at the start."""
    store: dict[str, File] = {}
    record, stale = Record(), set()
    for files, steps, noted, has_noted in runs:
        plan = upload_plan.plan_uploads(record, files)
        record = upload_plan.before_upload(record, plan)
        before = dict(store)
        carried_out(store, plan, steps)
        stale |= {
            path for path in before.keys() | store.keys() if before.get(path) != store.get(path)
        }
        if has_noted:
            some: dict[str, File] = {}
            written, deleted = carried_out(some, plan, min(noted, steps))
            record = after_upload(record, {path: files[path] for path in written}, deleted)
    plan = upload_plan.plan_uploads(record, last)
    before = dict(store)
    carried_out(store, plan, 99)
    stale |= differing(before, store)
    record = after_upload(
        upload_plan.before_upload(record, plan),
        {upload.path: upload.file for upload in plan.uploads},
        plan.deletes,
    )
    assert store == last == record.files
    assert record.open == ()
    assert stale <= record.purge.keys()
    assert upload_plan.plan_uploads(record, last) == UploadPlan((), (), len(last))
    assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
