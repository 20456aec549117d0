"""The things that are published, as plain frozen values."""
