"""Compiled templates, kept as Python keeps modules: compiling takes longer than filling in."""

import sys
from contextlib import suppress
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

_FOLDER = Path(__file__).parent / "templates" / "__pycache__"


class Templates(FileSystemBytecodeCache):
    """Jinja's cache in files, which is never in the way: without one templates are compiled.

    `version` is another one wherever the same template is to be compiled otherwise. A file is as
    trusted as the modules that Python compiles into folders of this name.
    """

    def __init__(self, version: int, folder: Path = _FOLDER) -> None:
        super().__init__(str(folder), f"%s.{sys.implementation.cache_tag}-{version}.jinja")

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
                Path(self.directory).mkdir(exist_ok=True)
                super().dump_bytecode(bucket)
