"""Writes every document as a file, for a static host."""
