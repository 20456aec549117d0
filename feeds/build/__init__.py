"""Brings the catalogue and its feeds up to date with the articles."""
