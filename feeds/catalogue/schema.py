"""The tables of the catalogue. Times are whole seconds since 1970, UTC."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    literal_column,
)

VERSION = 6

metadata = MetaData()

# Text is compared by bytes everywhere; PostgreSQL's default depends on its locale.
_Text = Text().with_variant(Text(collation="C"), "postgresql")


def _sum() -> Column[int]:
    """Return the column of a row's checksum (`feeds.catalogue.checksums`)."""
    return Column("sum", BigInteger, nullable=False, server_default="0")


# Values by key:
# - `schema`: VERSION.
# - `revision`: the number of builds that changed anything.
# - `clock`: the time of the last such build, in seconds; `clock_sum`: its checksum.
# - `fingerprint`: a hash of the settings that entries were rendered with; `definitions`: a hash of
#   the feeds.yaml that the feeds were built from.
# - `feeds`: the revision that last changed the set of feeds or their titles.
# - `terms`: the families whose terms are counted in `term`.
# - `articles`: the number of article files; `linked`: whether any of them is a symbolic link.
# - `walked`: hashes of sizes and times of all files (`articles.scan_digest`), which match `file`.
# - `awaited`: when to read articles again although their files are unchanged
#   (`build.scheduled_reads`).
# - `assets`: the sizes of the site's own files that articles refer to (`build.asset_sizes`).
# - `published:URL`: the id of the copy in the state at that URL that this catalogue continues, and
#   the revision at which they were equal.
# - `imported`: "yes" from an import of the memory until the next build, empty afterwards.
# - `exported`: the revision of the last export since entries were adopted.
# - `damaged`: a message about damage, until a build has repaired it.
meta = Table(
    "meta",
    metadata,
    Column("key", _Text, primary_key=True),
    Column("value", _Text, nullable=False),
)

# Article files as the last build saw them, and their problems (JSON rows of the report).
file = Table(
    "file",
    metadata,
    Column("path", _Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("digest", _Text, nullable=False),
    Column("problems", LargeBinary, nullable=False, default=b""),
)
# An index to find the few files with problems. The literal 0 is inlined because SQLite matches a
# partial index only against literals. (`postgresql_where` would load that dialect into every
# command.)
has_problems = func.length(file.c.problems) > literal_column("0")
Index("file_with_problems", file.c.path, sqlite_where=has_problems).ddl_if(dialect="sqlite")

# Entries. `id`, `first_seen`, `content_hash`, `source`, `updated` and `withdrawn` are the memory,
# which outlives every rebuild. `content_hash` is a hash of what subscribers see, `source` one of
# what the author wrote (`presets.source_hash`), empty if it is unknown. An article that was never
# visible has no row. In withdrawn entries `data` has no text, `link` is a hash, and there are no
# names (`feeds.catalogue.withdrawal`). In imported entries `data` is empty until the next build
# reads their articles (`feeds.catalogue.memory`).
entry = Table(
    "entry",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", _Text, nullable=False, unique=True),
    Column("path", _Text, nullable=False, unique=True),
    Column("first_seen", BigInteger, nullable=False),
    Column("content_hash", _Text, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("withdrawn", BigInteger),
    Column("published", BigInteger, nullable=False),
    Column("link", _Text, nullable=False),
    Column("likeness", _Text, nullable=False),
    Column("category", _Text),
    Column("type", _Text),
    Column("provider", _Text),
    Column("provider_name", _Text),
    Column("language", _Text),
    Column("quality", BigInteger, nullable=False),
    Column("heat", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    _sum(),
    Column("source", _Text, nullable=False, server_default=""),
    Index("entry_by_date", "published", "id"),
    Index("entry_by_link", "link", "withdrawn", "path"),
    Index("entry_by_likeness", "likeness"),
    sqlite_autoincrement=True,
)

# The entries that took over an id and dates from another system (`feeds.catalogue.adopted`).
adopted = Table(
    "adopted",
    metadata,
    Column("entry", Integer, primary_key=True),
    Column("permalink", Boolean, nullable=False),
    Column("published", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("authored", BigInteger, nullable=False),
    Column("old_id", _Text, nullable=False),
    Column("old_updated", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
)

# The topics of each entry, parents included; `name` is the article's name for the topic.
# `published` is that of the entry, so that finding the newest entries of a topic reads only those.
membership = Table(
    "membership",
    metadata,
    Column("topic", _Text, primary_key=True),
    Column("published", BigInteger, primary_key=True),
    Column("entry", Integer, primary_key=True),
    Column("name", _Text, nullable=False),
    Column("own", Boolean, nullable=False),
    Index("membership_by_entry", "entry"),
    sqlite_with_rowid=False,
)

# Entries rendered in each format, from when a feed first shows them. The checksum includes the
# state of the entry at that time.
fragment = Table(
    "fragment",
    metadata,
    Column("entry", Integer, primary_key=True),
    Column("rss", LargeBinary, nullable=False),
    Column("atom", LargeBinary, nullable=False),
    Column("json", LargeBinary, nullable=False),
    _sum(),
)

# The number of entries for each combination of terms, for the fields of each family, so that a
# build need not read all entries. `slugs` and `names` are JSON lists; withdrawn entries do not
# count. `comes` is when an entry dated in the future becomes visible, 0 for visible entries; `own`
# is false if a topic is only the parent of one that the article names.
term = Table(
    "term",
    metadata,
    Column("fields", _Text, primary_key=True),
    Column("slugs", _Text, primary_key=True),
    Column("names", _Text, primary_key=True),
    Column("own", Boolean, primary_key=True),
    Column("comes", BigInteger, primary_key=True),
    Column("entries", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# The state of each feed at the last build: a `digest` of its contents, when it was last `updated`,
# in which `revision`, when time alone changes it next (`due`), and the keys of the entries that it
# showed (`shown`, a list in MessagePack; NULL if it was last built by an older version).
feed = Table(
    "feed",
    metadata,
    Column("path", _Text, primary_key=True),
    Column("digest", _Text, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("newest", BigInteger),
    Column("title", _Text, nullable=False, server_default=""),
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Column("due", BigInteger),
    _sum(),
    Column("shown", LargeBinary),
)

# The entries that each feed showed at an earlier build and no longer shows, `since` a time: readers
# know them. A feed that shows one again keeps the row.
departure = Table(
    "departure",
    metadata,
    Column("feed", _Text, primary_key=True),
    Column("entry", Integer, primary_key=True),
    Column("since", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# The archive document that has each entry, for good; 0 while the entry waits, `since` a time.
# Withdrawn entries keep their rows, because they may come back.
place = Table(
    "place",
    metadata,
    Column("feed", _Text, primary_key=True),
    Column("archive", Integer, primary_key=True),
    Column("entry", Integer, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Index("place_by_entry", "entry", "feed"),
    sqlite_with_rowid=False,
)

# The state of each archive document: a `digest` of its contents, when it was last `updated`, and in
# which `revision`.
archive = Table(
    "archive",
    metadata,
    Column("feed", _Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("digest", _Text, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    _sum(),
    sqlite_with_rowid=False,
)

# WebSub hubs: the number of failed requests in a row (`tries`), and when to try again (`due`).
hub = Table(
    "hub",
    metadata,
    Column("url", _Text, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
)

# The content that a hub was last notified of, for each feed URL: the feed's `digest`, or empty;
# and the failed attempts for newer content (`tries`), with the time of the next (`due`).
ping = Table(
    "ping",
    metadata,
    Column("hub", _Text, primary_key=True),
    Column("topic", _Text, primary_key=True),
    Column("digest", _Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
)
