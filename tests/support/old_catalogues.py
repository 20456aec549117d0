"""Turns an SQLite catalogue of the current version into one of an older version."""

import sqlite3

from feeds.catalogue import checksums

TO_VERSION_5 = """
ALTER TABLE entry DROP COLUMN source;
ALTER TABLE feed DROP COLUMN shown;
DROP TABLE departure;
DROP TABLE adopted;
UPDATE meta SET value = '5' WHERE key = 'schema';
"""
TO_VERSION_4 = f"""
{TO_VERSION_5}
ALTER TABLE entry DROP COLUMN sum;
ALTER TABLE fragment DROP COLUMN sum;
ALTER TABLE feed DROP COLUMN sum;
ALTER TABLE archive DROP COLUMN sum;
UPDATE meta SET value = '4' WHERE key = 'schema';
"""
TO_VERSION_3 = f"""
{TO_VERSION_4}
DROP TABLE place;
DROP TABLE archive;
DROP TABLE hub;
DROP TABLE ping;
UPDATE meta SET value = '3' WHERE key = 'schema';
"""
TO_VERSION_2 = f"""
{TO_VERSION_3}
DROP TABLE term;
DROP INDEX file_with_problems;
DROP INDEX entry_by_link;
CREATE INDEX entry_by_link ON entry (link);
ALTER TABLE feed DROP COLUMN title;
ALTER TABLE feed DROP COLUMN revision;
ALTER TABLE feed DROP COLUMN due;
DELETE FROM meta WHERE key IN ('feeds', 'terms', 'articles', 'linked', 'walked');
INSERT INTO meta VALUES ('refreshed', '1718452800');
UPDATE meta SET value = '2' WHERE key = 'schema';
"""


def convert_to_version_5(connection: sqlite3.Connection) -> None:
    """Convert a catalogue with the checksums that version 5 stored."""
    connection.executescript(TO_VERSION_5)
    columns = [name for name in checksums.ENTRY if name != "source"]
    rows = connection.execute(f"SELECT seq, {', '.join(columns)} FROM entry").fetchall()
    sums = [(checksums.of_entry(values), seq) for seq, *values in rows]
    connection.executemany("UPDATE entry SET sum = ? WHERE seq = ?", sums)
    connection.commit()
