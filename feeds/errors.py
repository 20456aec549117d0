"""Every error of the publisher, one tree.

FeedsError
├── ConfigError      a setting is wrong: file, line, key
├── ArticleError     an article cannot become an entry: path, line, field
├── SourceError      the article folder is missing, empty or unreadable
├── CatalogueError   the store cannot be read or written
│   └── DamageError  rows of it are damaged: the next build makes them again
├── GuardError       a build would withdraw more than the site allows
├── ClockError       the clock lies before the last build
├── WorkError        a worker process died
├── RenderError      an entry cannot be rendered: entry id
├── ExportError      a file of the export cannot be written
│   └── TargetError  something is in the way of an export: nothing was written
├── PingError        another process is telling the hubs
├── LogError         an access log cannot be read or written
├── StoreError       an object store cannot be read or written
├── BusyError        another process is publishing to the same place
├── PurgeError       a cache does not purge what changed
├── UnfinishedError  a publish was begun and not finished: run it again
└── UnknownError     no such feed, entry or article

The same facts about one article, as a row of the report, are a `Problem`.
"""

import msgspec


class FeedsError(Exception):
    """Base of everything that this package raises on purpose.

    `status` is what a command that ends by it exits with, and `more` further lines of its message.
    """

    status = 2
    more: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The message in the lines that are ours; one may hold line breaks of others."""
        return (super().__str__(), *self.more)

    def __str__(self) -> str:
        return "\n".join(self.lines)


class ConfigError(FeedsError):
    """A setting that cannot be used.

    `file` is the YAML file or the environment variable, `line` its line (from 1) where
    known, `key` the dotted path of the setting.
    """

    def __init__(self, file: str, key: str, message: str, line: int | None = None) -> None:
        self.file, self.key, self.line, self.message = file, key, line, message
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {key}: {message}" if key else f"{place}: {message}")


class Problem(msgspec.Struct, frozen=True, order=True):
    """One row of the report: what is wrong in an article and what to do about it.

    `fatal` means that the article as it stands is not published; otherwise it is, without
    the part that is wrong.
    """

    path: str
    line: int
    field: str
    message: str
    fatal: bool = False

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"{self.path}:{self.line}: {field}{self.message}"


def shared_link(path: str, link: str, first: str) -> Problem:
    """The problem of an entry whose link an earlier one has."""
    return Problem(path, 1, "webUrl", f"{link} is the link of {first} too; readers get both")


def shared_id(path: str, first: str) -> Problem:
    """The problem of an article that differs from another in extension only."""
    said = f"has the id of {first}, for they differ in extension only; rename one"
    return Problem(path, 1, "", said, fatal=True)


class ArticleError(FeedsError):
    """An article that cannot become an entry, for the reason in `problem`."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class ArticleFolderError(FeedsError):
    """The article folder is missing, empty or unreadable."""


class CatalogueError(FeedsError):
    """The catalogue cannot be opened, read or written."""


class DamageError(CatalogueError):
    """Rows of the catalogue are damaged; nothing was published of them.

    A build makes again all that can be (`feeds.catalogue.mend`).
    """


class GuardError(FeedsError):
    """A build that would withdraw more entries than the site's guard allows."""


class ClockError(FeedsError):
    """The clock of this machine lies before the last build: one of the two was wrong."""


class WorkerError(FeedsError):
    """A worker process died before its work was done."""


class RenderError(FeedsError):
    """An entry that cannot be rendered; `entry_id` says which."""

    def __init__(self, entry_id: str, message: str) -> None:
        self.entry_id = entry_id
        super().__init__(f"{entry_id}: {message}")


class ExportError(FeedsError):
    """A file of the export cannot be written."""


class ExportBlockedError(ExportError):
    """What is in the folder of an export has to be changed by hand first; nothing was written."""


class PingError(FeedsError):
    """The hubs cannot be told now, for another process is telling them."""


class LogError(FeedsError):
    """An access log cannot be read or written."""


class StoreError(FeedsError):
    """An object store cannot be opened, read or written."""


class BusyError(FeedsError):
    """Another process is publishing to the same place."""


class PurgeError(FeedsError):
    """A cache cannot be asked to purge what changed, or does not."""


class UnfinishedError(FeedsError):
    """A publish was begun and not finished; running it again finishes it."""

    status = 3


class NotFoundError(FeedsError):
    """No such feed, entry or article."""
