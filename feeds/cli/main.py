"""The command `feeds` and its subcommands."""

import atexit
import gc
import sys
from typing import Any

import click

from feeds.cli import adopt, build, diff, init, inspect, memory, publish, serve, subscribers
from feeds.errors import FeedsError
from feeds.util.terminal import echo, escape_log, escaping

# New objects before Python collects its youngest generation.
_GC_THRESHOLD = 50_000


class _Group(click.Group):
    """A group that reports expected errors as messages, with their exit status."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        with escaping():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with escaping():
                return super().invoke(ctx)
        except FeedsError as error:
            for line in error.lines:
                echo(f"feeds: {line}", err=True)
            sys.exit(error.status)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Publish a folder of articles as RSS, Atom and JSON Feed."""
    # Garbage collections, also the one at exit, would scan all articles and free almost nothing.
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)
    escape_log()
    atexit.register(gc.freeze)


for _command in (
    init.init,
    adopt.adopt,
    publish.publish,
    publish.upload,
    publish.purge,
    publish.ping,
    build.build,
    diff.diff,
    publish.export,
    inspect.check,
    inspect.list_,
    inspect.show,
    memory.memory,
    subscribers.subscribers,
    serve.serve,
    build.watch,
):
    main.add_command(_command)
