"""Whatever happened to a site, its memory restores every document."""

from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.model.document import Document, Format
from tests.support.built_site import article
from tests.support.carried_memory import delete_catalogue, export_memory, import_memory
from tests.support.site import NOW, Publication

HOUR = timedelta(hours=1)
FEEDS = {"defaults": {"size": 2, "history": "all"}, "feeds": [{"path": "all"}, {"path": "again"}]}
ACTIONS = ("write", "write undated", "rename", "delete", "withhold", "lose catalogue")


class History:
    """A site to which things happen, with a build after each. `kept.md` stays."""

    def __init__(self, root: Path) -> None:
        self.site, self._root, self._numbers = Publication(root, {}, FEEDS), root, count()
        self.site.write("kept.md", article("kept"))
        self.now = NOW
        self.site.build(self.now)

    def act(self, action: str, name: str) -> None:
        file, title = self.site.file(f"{name}.md"), f"{name}{next(self._numbers)}"
        if action == "write":
            self.site.write(file.name, article(title))
        elif action == "write undated":
            self.site.write(file.name, article(title, publishedDateTime=None))
        elif action == "withhold":
            self.site.write(file.name, article(title, draft=True))
        elif action == "lose catalogue":
            self.lose_catalogue()
        elif file.exists() and action == "rename":
            file.rename(self.site.file(f"{title}.md"))
        elif file.exists() and action == "delete":
            file.unlink()
        self.now += HOUR
        self.site.build(self.now, force=True)

    def lose_catalogue(self) -> None:
        export_memory(self.site, self._root / "memory.jsonl")
        delete_catalogue(self.site)
        import_memory(self.site, self._root / "memory.jsonl")
        self.site.build(self.now, force=True)

    def documents(self) -> list[dict[Format, Document]]:
        return [self.site.fetch(path, self.now) for path in ("all", "again")]


@settings(max_examples=10)
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.sampled_from("abc")), max_size=8))
def test_lost_catalogue_is_restored_after_any_history(steps: list[tuple[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        history = History(Path(folder))
        for action, name in steps:
            history.act(action, name)
        documents = history.documents()
        memory = export_memory(history.site, Path(folder) / "before.jsonl")
        history.lose_catalogue()
        assert history.documents() == documents
        assert export_memory(history.site, Path(folder) / "after.jsonl") == memory
