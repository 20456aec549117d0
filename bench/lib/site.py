"""A generated site on disk, and the benchmark cases that build its feeds."""

import subprocess
import sys
from pathlib import Path

from bench.lib.measure import MEGABYTE, Case, nothing, set_aside

_HERE = Path(__file__).parent
_FEEDS = (sys.executable, "-c", "from feeds.cli.main import main; main()")


class BenchSite:
    """A site of `articles` articles on `topics` topics, generated in the folder `root`.

    With `related`, each article has that many related items, and seven in eight are withheld.
    """

    def __init__(self, root: Path, articles: int, topics: int, related: int = 0) -> None:
        self.root = root
        command = [sys.executable, str(_HERE / "corpus.py"), str(root), str(articles), str(topics)]
        if related:
            command += ["--related", str(related), "--withheld", "0.875"]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        self._edited = Path(result.stdout.strip())
        self._edits = 0
        for file in (root / "articles").rglob("*.md"):
            file.read_bytes()  # warm the page cache

    def plain(self) -> Case:
        """The plain feedgen script."""
        articles, out = self.root / "articles", self.root / "plain"
        command = (sys.executable, _HERE / "plain_script.py", articles, out)
        return Case("plain script", [str(part) for part in command], nothing)

    def cold(self) -> Case:
        """`feeds export` without a catalogue or an earlier export."""
        return Case("feeds, cold", self._export(), self._forget)

    def one_edit(self) -> Case:
        """`feeds export` after the title of the newest article changed."""
        return Case("feeds, one edit", self._export(), self.edit)

    def no_change(self) -> Case:
        """`feeds export` when nothing changed."""
        return Case("feeds, no change", self._export(), nothing)

    def sizes(self) -> str:
        """One line with the sizes of the export and the catalogue."""
        documents = [file for file in (self.root / "ours").rglob("*.*") if file.is_file()]
        written = sum(file.stat().st_size for file in documents)
        catalogue = (self.root / "config" / "catalogue.sqlite").stat().st_size
        return (
            f"{len(documents):,} files exported, {written / MEGABYTE:.0f} MB; "
            f"catalogue {catalogue / MEGABYTE:.0f} MB"
        )

    def edit(self) -> None:
        """Change the title of the newest article."""
        self._edits += 1
        text = self._edited.read_text(encoding="utf-8")
        before, _, after = text.partition('title: "')
        title, _, after = after.partition('"')
        new = f"{title.split(' (edit')[0]} (edit {self._edits})"
        self._edited.write_text(f'{before}title: "{new}"{after}', encoding="utf-8")

    def _export(self) -> list[str]:
        return [*_FEEDS, "export", "--config", str(self.root / "config"), str(self.root / "ours")]

    def _forget(self) -> None:
        set_aside(self.root / "ours")
        for path in (self.root / "config").glob("catalogue.sqlite*"):
            set_aside(path)
