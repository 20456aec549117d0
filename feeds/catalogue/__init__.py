"""The store of entries, fragments, feeds and memory; all SQL is here."""
