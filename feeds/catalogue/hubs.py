"""The tables `hub` and `ping`: which content WebSub hubs have been notified of."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, select

from feeds.catalogue.records import HubRows, HubState, TopicState
from feeds.catalogue.schema import hub, ping
from feeds.catalogue.selection_sql import batches
from feeds.catalogue.table import Table


class Hubs(Table):
    """WebSub hubs, and the topics (feed URLs) they were notified of."""

    def states(self) -> dict[str, HubState]:
        """Return the state of every hub that feeds name, or named at the last write, by URL."""
        return {
            row.url: HubState(row.tries, row.due) for row in self._connection.execute(select(hub))
        }

    def topics(self, url: str) -> dict[str, TopicState]:
        """Return the state of each topic that a hub was notified of, by topic URL."""
        rows = self._connection.execute(
            select(ping.c.topic, ping.c.digest, ping.c.tries, ping.c.due).where(ping.c.hub == url)
        )
        return {topic: TopicState(digest, tries, due) for topic, digest, tries, due in rows}

    def put(self, url: str, state: HubState, topics: Mapping[str, TopicState | None]) -> None:
        """Store the state of a hub and of these topics; None deletes a topic."""
        self._connection.execute(delete(hub).where(hub.c.url == url))
        self._insert(hub, [{"url": url, "tries": state.tries, "due": state.due}])
        for batch in batches(list(topics)):
            old = (ping.c.hub == url) & ping.c.topic.in_(batch)
            self._connection.execute(delete(ping).where(old))
        self._insert(
            ping,
            [
                {
                    "hub": url,
                    "topic": topic,
                    "digest": topic_state.digest,
                    "tries": topic_state.tries,
                    "due": topic_state.due,
                }
                for topic, topic_state in topics.items()
                if topic_state is not None
            ],
        )

    def forget(self, urls: Sequence[str]) -> None:
        """Delete hubs that feeds no longer name."""
        for url in urls:
            self._connection.execute(delete(hub).where(hub.c.url == url))
            self._connection.execute(delete(ping).where(ping.c.hub == url))

    def dump(self) -> HubRows:
        """Return all rows, to be stored outside the catalogue."""
        return {
            table.name: [dict(row) for row in self._connection.execute(select(table)).mappings()]
            for table in (hub, ping)
        }

    def load(self, rows: HubRows) -> None:
        """Replace all rows by those of a `dump`."""
        for table in (hub, ping):
            self._connection.execute(delete(table))
            self._insert(table, rows.get(table.name, []))
