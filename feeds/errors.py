"""Every exception of the publisher, as one tree, and the `Problem` of an article.

FeedsError
├── ConfigError           a setting is wrong: file, line, key
├── ArticleError          an article cannot become an entry: path, line, field
├── ArticleFolderError    the article folder is missing, empty or unreadable
├── MissingPackageError   the articles need an optional package that is not installed
├── CatalogueError        the catalogue cannot be opened, read or written
│   └── DamageError       some rows are damaged; the next build restores them
├── GuardError            a build would harm subscribers
├── ClockError            the clock is behind the last build
├── AdoptionError        a source of ids cannot be read, or adopted ids cannot be taken back
├── WorkerError           a worker process died
├── RenderError           an entry cannot be rendered: entry id
├── ExportError           a file of the export cannot be written
│   └── ExportBlockedError  the export folder needs manual changes; nothing was written
├── PingError             another process is notifying the hubs
├── MemoryFileError       a file with a memory is wrong: file, line, field
├── MemoryConflictError   two memories contradict each other: one row for each conflict
├── LogError              an access log cannot be read or written
├── StoreError            an object store cannot be opened, read or written
├── BusyError             another process is publishing to the same destination
├── PurgeError            a cache cannot purge the changed documents
├── UnfinishedError       a publish was interrupted: run it again
└── NotFoundError         no such feed, entry or article
"""

import msgspec


class FeedsError(Exception):
    """Base class of all exceptions that this package raises deliberately."""

    status = 2
    """The exit code of a command that ends with this exception."""
    more: tuple[str, ...] = ()
    """Further lines of the message."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The message by line; a line may contain line breaks from a quoted message."""
        return (super().__str__(), *self.more)

    def __str__(self) -> str:
        return "\n".join(self.lines)


class ConfigError(FeedsError):
    """A setting is wrong.

    `file` is the YAML file or the environment variable, `key` the dotted path of the setting,
    and `line` its line in the file, counted from 1, if known.
    """

    def __init__(self, file: str, key: str, message: str, line: int | None = None) -> None:
        self.file, self.key, self.line, self.message = file, key, line, message
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {key}: {message}" if key else f"{place}: {message}")


class Problem(msgspec.Struct, frozen=True, order=True):
    """One row of the report: a fault in an article, and how to correct it.

    `line` counts from 1. A fatal problem keeps this version of the article from being published;
    otherwise the article is published without the faulty part.
    """

    path: str
    line: int
    field: str
    message: str
    fatal: bool = False

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"{self.path}:{self.line}: {field}{self.message}"


class Notice(msgspec.Struct, frozen=True, order=True):
    """A remark that many articles share, such as an unknown key: reported once, with its count.

    `subject` is the key or name that it is about, `message` says what it means and what to do.
    """

    subject: str
    message: str


_GET_BOTH = "; readers get both; delete one of them, or withhold it with published: false"


def shared_link(path: str, link: str, first: str) -> Problem:
    """Return the problem of an entry that has the same link as an earlier one."""
    message = f"{link} is also the link of {first}; readers get both; give one another link, or "
    return Problem(path, 1, "webUrl", f"{message}delete it")


def shared_text(path: str, first: str) -> Problem:
    """Return the problem of an entry that has the same title, date and text as an earlier one."""
    return Problem(path, 1, "", f"has the same title, date and text as {first}{_GET_BOTH}")


def shared_title(path: str, first: str) -> Problem:
    """Return the problem of an entry that has the same title and date as an earlier one."""
    return Problem(path, 1, "title", f"and date are also those of {first}{_GET_BOTH}")


def shared_id(path: str, first: str) -> Problem:
    """Return the problem of an article whose path differs from another only in its extension."""
    message = f"has the same id as {first}, because they differ in extension only; rename one"
    return Problem(path, 1, "", message, fatal=True)


class ArticleError(FeedsError):
    """An article cannot become an entry; `problem` holds the reason."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class ArticleFolderError(FeedsError):
    """The article folder is missing, empty or unreadable."""


class MissingPackageError(FeedsError):
    """The articles need an optional package that is not installed."""


class CatalogueError(FeedsError):
    """The catalogue cannot be opened, read or written."""


class DamageError(CatalogueError):
    """Some rows of the catalogue are damaged, and were not published.

    The next build restores all that can be restored (`feeds.build.repair`).
    """


class AdoptionError(FeedsError):
    """A source of ids cannot be read, or adopted ids cannot be taken back."""


class GuardError(FeedsError):
    """A build would harm subscribers, more than the limits of the guard allow."""


class ClockError(FeedsError):
    """The clock is behind the last build: it is wrong now, or was wrong then."""


class WorkerError(FeedsError):
    """A worker process died before it finished."""


class RenderError(FeedsError):
    """An entry cannot be rendered; `entry_id` names it."""

    def __init__(self, entry_id: str, message: str) -> None:
        self.entry_id = entry_id
        super().__init__(f"{entry_id}: {message}")


class ExportError(FeedsError):
    """A file of the export cannot be written."""


class ExportBlockedError(ExportError):
    """The export folder needs manual changes first; nothing was written."""


class PingError(FeedsError):
    """The hubs cannot be notified now, because another process is notifying them."""


class MemoryFileError(FeedsError):
    """A file with the memory of a catalogue cannot be read or written."""


class MemoryConflictError(FeedsError):
    """Memories contradict each other, and were not merged; `more` has a line for each conflict."""

    def __init__(self, conflicts: tuple[str, ...]) -> None:
        self.more = conflicts
        super().__init__(
            f"the memories contradict each other, and nothing was changed; conflicts: "
            f"{len(conflicts):,}"
        )


class LogError(FeedsError):
    """An access log cannot be read or written."""


class StoreError(FeedsError):
    """An object store cannot be opened, read or written."""


class BusyError(FeedsError):
    """Another process is publishing to the same destination."""


class PurgeError(FeedsError):
    """A cache cannot be reached, or does not purge the changed documents."""


class UnfinishedError(FeedsError):
    """A publish was interrupted; running it again completes it."""

    status = 3


class NotFoundError(FeedsError):
    """No such feed, entry or article."""
