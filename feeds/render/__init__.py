"""Entries and feeds as bytes, with their HTTP headers."""
