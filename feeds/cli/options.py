"""Options that several commands share."""

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
import msgspec
from click.core import ParameterSource

from feeds.compare.harm import KINDS
from feeds.config import load
from feeds.config.settings import HostName
from feeds.config.site import Site

if TYPE_CHECKING:
    from feeds.build.builder import BuildRequest

HOSTS: tuple[HostName, ...] = get_args(HostName)
# The values of `--force`; the first is the default of a bare `--force`.
_FORCED = ("guard", "clock", *KINDS)


def _config_folder(context: click.Context, parameter: click.Parameter, value: Path) -> Path:
    """Return the folder that the user names, or else the one that `feeds init` wrote."""
    source = context.get_parameter_source(str(parameter.name))
    return load.default_folder() if source is ParameterSource.DEFAULT else value


config = click.option(
    "--config",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("config"),
    envvar="FEEDS_CONFIG",
    show_default=True,
    callback=_config_folder,
    help="The folder with site.yaml and feeds.yaml.",
)
json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
force = click.option("--force", is_flag=True, help="Continue even if the guard would stop.")
forced = click.option(
    "--force",
    "forced",
    multiple=True,
    metavar="[KIND]",
    type=click.Choice(_FORCED),
    help="Continue even if the guard would stop: whatever the reason, or only because of one KIND "
    "of harm, as its message names it. With `clock`, if the clock was set back since the last "
    "build.",
)
overwrite = click.option(
    "--overwrite",
    is_flag=True,
    help="Overwrite existing files and objects that no earlier export or upload recorded.",
)
verify = click.option(
    "--verify", is_flag=True, help="Read every file instead of trusting sizes and times."
)
wait = click.option(
    "--wait",
    metavar="SECONDS",
    type=click.IntRange(0, 86_400),
    default=600,
    show_default=True,
    help="How many seconds to wait for another run that publishes to the same destination.",
)


class BuildOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of every command that builds."""

    verify: bool
    forced: tuple[str, ...]

    @property
    def force(self) -> bool:
        """True to continue where the guard would stop."""
        return "guard" in self.forced

    @property
    def permitted(self) -> frozenset[str]:
        """The kinds of harm that the guard lets through."""
        return frozenset(self.forced)

    @property
    def trust_clock(self) -> bool:
        """True to continue although the clock was set back."""
        return "clock" in self.forced

    def request(self) -> "BuildRequest":
        """Return the build that these options describe."""
        from feeds.build.builder import BuildRequest

        return BuildRequest(
            verify=self.verify,
            force=self.force,
            permitted=self.permitted,
            trust_clock=self.trust_clock,
        )


def grouped(type_: type[msgspec.Struct]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Pass the options named as the fields of `type_` to a command as one argument, `given`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def call(**arguments: Any) -> None:
            fields = {name: arguments.pop(name) for name in type_.__struct_fields__}
            command(**arguments, given=type_(**fields))

        return call

    return decorate


class Forcible(click.Command):
    """A command with the option `forced`.

    Only its known values are taken as its value: in `feeds export --force DIR`, DIR is the
    argument.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse arguments after giving every bare `--force` its default value."""
        return super().parse_args(ctx, _with_values(args))


def _with_values(args: Sequence[str]) -> list[str]:
    options, literal = list(args), list[str]()
    if "--" in options:
        end = options.index("--")
        options, literal = options[:end], options[end:]
    completed: list[str] = []
    for arg in options:
        if completed[-1:] == ["--force"]:
            completed[-1] = f"--force={arg if arg in _FORCED else _FORCED[0]}"
            if arg in _FORCED:
                continue
        completed.append(arg)
    if completed[-1:] == ["--force"]:
        completed[-1] = f"--force={_FORCED[0]}"
    return [*completed, *literal]


def site(root: Path) -> Site:
    """Load the site from the config folder and the environment. Raises `ConfigError`."""
    return load.load(root, os.environ)
