"""`python -m feeds` is the command `feeds`."""

from feeds.cli.main import main

main(prog_name="feeds")
