"""The static hosts: their configuration files, and their limits."""
