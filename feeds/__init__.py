"""Publishes a folder of articles as RSS, Atom and JSON Feed; see ARCHITECTURE.md."""
