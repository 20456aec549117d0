"""One article file becomes one `Entry`."""
