"""A cache of compiled templates on disk, because compiling one takes longer than rendering it."""

import importlib.util
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

# The folder in which Python would cache compiled files beside the templates.
_FOLDER = Path(importlib.util.cache_from_source(str(Path(__file__).parent / "templates/_"))).parent


class TemplateCache(FileSystemBytecodeCache):
    """Jinja's bytecode cache in files; templates with a missing or corrupt file are compiled.

    Change `version` when the same template must be compiled differently. Each version of Jinja
    and Python has its own files, which are trusted as much as Python's own compiled modules.
    """

    def __init__(self, version: int, folder: Path = _FOLDER) -> None:
        tag = f"{sys.implementation.cache_tag}-{metadata.version('jinja2')}-{version}"
        super().__init__(str(folder), f"%s.{tag}.jinja")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load the compiled template from its file, if there is an intact one."""
        try:
            super().load_bytecode(bucket)
        except Exception:  # noqa: BLE001 - however the file is corrupt, the template can be compiled
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write the compiled template to its file, unless Python must not write bytecode."""
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                Path(self.directory).mkdir(parents=True, exist_ok=True)
                super().dump_bytecode(bucket)
                # Jinja makes it private, but other users may run this program too.
                Path(self._get_cache_filename(bucket)).chmod(0o644)
