"""The publisher's files and environment, checked: a `Site` and its feed definitions."""
