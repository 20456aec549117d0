"""Reads the published feeds of other systems, and finds the entries of their items."""
