"""Takes ids and dates over from another system (`feeds adopt`)."""
