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
)

VERSION = 2

metadata = MetaData()

# Order, and the least of names, go by bytes everywhere; PostgreSQL's own go by its locale.
_Text = Text().with_variant(Text(collation="C"), "postgresql")

# `revision` grows with every build that changes anything; `fingerprint` says with which
# settings the entries were made, `definitions` of which feeds.yaml the feeds are; `refreshed`
# by when entries dated in the future were last seen to have come out; `schema` is VERSION.
meta = Table(
    "meta",
    metadata,
    Column("key", _Text, primary_key=True),
    Column("value", _Text, nullable=False),
)

# What was seen of each article file, and what is wrong with it (JSON rows of the report).
file = Table(
    "file",
    metadata,
    Column("path", _Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("digest", _Text, nullable=False),
    Column("problems", LargeBinary, nullable=False, default=b""),
)

# Entries, and the memory: id, first_seen, content_hash, updated and withdrawn outlive every
# rebuild. An article that was never out has no row.
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
    Index("entry_by_date", "published", "id"),
    Index("entry_by_link", "link"),
    Index("entry_by_likeness", "likeness"),
    sqlite_autoincrement=True,
)

# Which topics an entry belongs to, parents included; `name` is what its article calls the topic.
# `published` is the entry's: the newest of a topic are found without looking at the others.
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

# One entry in the three formats; made when a feed first shows the entry.
fragment = Table(
    "fragment",
    metadata,
    Column("entry", Integer, primary_key=True),
    Column("rss", LargeBinary, nullable=False),
    Column("atom", LargeBinary, nullable=False),
    Column("json", LargeBinary, nullable=False),
)

# What each feed last showed: `digest` of that, and when it last changed.
feed = Table(
    "feed",
    metadata,
    Column("path", _Text, primary_key=True),
    Column("digest", _Text, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("newest", BigInteger),
)

# Each WebSub hub that feeds name: how often it failed in a row, and until when it is left alone.
hub = Table(
    "hub",
    metadata,
    Column("url", _Text, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
)

# What a hub was last told of each feed URL: the feed's `digest` then, empty if nothing yet; and
# how often telling it what is newer failed, and when that is tried again.
ping = Table(
    "ping",
    metadata,
    Column("hub", _Text, primary_key=True),
    Column("topic", _Text, primary_key=True),
    Column("digest", _Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
)
