"""Helpers without any knowledge of feeds: text, URLs, dates, YAML, processes."""
