"""The command `feeds`."""
