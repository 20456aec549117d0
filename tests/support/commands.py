"""Runs the command `feeds` in the process of a test."""

from click.testing import CliRunner, Result

from feeds.cli.main import main


def run(*arguments: str) -> Result:
    """Run a command; return its exit code and output."""
    return CliRunner().invoke(main, arguments, catch_exceptions=False)
