"""Compiled templates, kept as Python keeps modules: compiling takes longer than filling in."""

import importlib.util
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

# Where Python keeps what it compiles of the files beside the templates.
_FOLDER = Path(importlib.util.cache_from_source(str(Path(__file__).parent / "templates/_"))).parent


class TemplateCache(FileSystemBytecodeCache):
    """Jinja's cache in files. Without one, or with a torn one, templates are compiled.

    `version` is another one wherever the same template is to be compiled otherwise; another
    version of Jinja does that too. A file is as trusted as the modules that Python compiles.
    """

    def __init__(self, version: int, folder: Path = _FOLDER) -> None:
        made_by = f"{sys.implementation.cache_tag}-{metadata.version('jinja2')}-{version}"
        super().__init__(str(folder), f"%s.{made_by}.jinja")

    def load_bytecode(self, bucket: Bucket) -> None:
        """What is kept of a template, if anything whole is."""
        try:
            super().load_bytecode(bucket)
        except Exception:  # noqa: BLE001 - whatever is wrong with the file, the template is there
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template, where that is wanted and can be."""
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                Path(self.directory).mkdir(parents=True, exist_ok=True)
                super().dump_bytecode(bucket)
                # Jinja lets nobody else read it: whoever runs the program is to have it.
                Path(self._get_cache_filename(bucket)).chmod(0o644)
