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

VERSION = 5

metadata = MetaData()

# Order, and the least of names, go by bytes everywhere; PostgreSQL's own go by its locale.
_Text = Text().with_variant(Text(collation="C"), "postgresql")


def _sum() -> Column[int]:
    """The column by which damage of a row is found."""
    return Column("sum", BigInteger, nullable=False, server_default="0")


# `revision` grows with every build that changes anything; `fingerprint` says with which
# settings the entries were made, `definitions` of which feeds.yaml the feeds are; `feeds` is the
# revision in which the set of feeds or their titles last changed, `terms` the families whose
# terms are counted; `articles` is how many article files there are, `linked` whether there are
# links among them, `walked` hashes of how all looked (articles.scan_digest), as far as `file`
# has the same; `awaited` is when articles have to be read again though their files stay as they are
# (build.scheduled_reads), `assets` the sizes of own files that articles refer to
# (build.asset_sizes); `clock` is when the last build was that changed anything, in seconds;
# `schema` is VERSION; `published:URL` is the id of the copy in the state at that URL that this
# catalogue goes on from, and the revision in which it was the same; `damaged` is what was found
# to be, until a build has it made again.
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
# So that the report is found without a look at every file. The number is written out, as only
# then SQLite finds that a question fits the index. (To say the same of PostgreSQL would load its
# dialect into every command.)
has_problems = func.length(file.c.problems) > literal_column("0")
Index("file_with_problems", file.c.path, sqlite_where=has_problems).ddl_if(dialect="sqlite")

# Entries, and the memory: id, first_seen, content_hash, updated and withdrawn outlive every
# rebuild. An article that was never out has no row. Of a withdrawn one `data` has no text, `link`
# is a hash, and no name is left (feeds.catalogue.withdrawal). `sum` is that of the row
# (feeds.catalogue.checksums), here as in the tables below.
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
    Index("entry_by_date", "published", "id"),
    Index("entry_by_link", "link", "withdrawn", "path"),
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

# One entry in the three formats; made when a feed first shows the entry. `sum` is also of what the
# entry was when they were made.
fragment = Table(
    "fragment",
    metadata,
    Column("entry", Integer, primary_key=True),
    Column("rss", LargeBinary, nullable=False),
    Column("atom", LargeBinary, nullable=False),
    Column("json", LargeBinary, nullable=False),
    _sum(),
)

# The terms in use, counted so that no build has to look at all entries for them: how many entries
# that are not withdrawn have this combination of slugs, and name its terms so (JSON lists), for a
# family's fields.
# `comes` is when an entry dated in the future comes out, 0 for those that are out; `own` is
# false where a topic is only the parent of one that the article names.
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

# What each feed last showed: `digest` of that, and when it last changed; in which `revision` of
# the catalogue that was, and when time alone changes it next (`due`).
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
)

# Which archive document of a feed has a place for an entry, once and for all; 0 while the entry
# waits for one, and since when. Withdrawn entries keep their places: they may come back.
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

# What each archive document shows: `digest` of that, when it last changed, and in which
# `revision` of the catalogue.
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
