"""Looks at an existing site and writes the config folder for it (`feeds init`)."""
