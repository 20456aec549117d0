"""What WebSub hubs have been told, within one transaction."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import delete, select

from feeds.catalogue.records import HubState, TopicState
from feeds.catalogue.schema import feed, hub, ping
from feeds.catalogue.selection_sql import batches


class Hubs:
    """What hubs have been told of feeds; writing needs a connection that may write."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def digests(self) -> dict[str, str]:
        """The digest of what each feed shows, by path."""
        return {row.path: row.digest for row in self._connection.execute(select(feed))}

    def hubs(self) -> dict[str, HubState]:
        """Every hub that feeds name, or named when this was last written, by URL."""
        return {
            row.url: HubState(row.tries, row.due) for row in self._connection.execute(select(hub))
        }

    def told(self, url: str) -> dict[str, TopicState]:
        """What a hub has been told, by topic."""
        rows = self._connection.execute(
            select(ping.c.topic, ping.c.digest, ping.c.tries, ping.c.due).where(ping.c.hub == url)
        )
        return {topic: TopicState(digest, tries, due) for topic, digest, tries, due in rows}

    def put(self, url: str, state: HubState, told: Mapping[str, TopicState | None]) -> None:
        """Remember how a hub is, and what it was told of topics; None forgets a topic."""
        self._connection.execute(delete(hub).where(hub.c.url == url))
        self._connection.execute(
            hub.insert(), [{"url": url, "tries": state.tries, "due": state.due}]
        )
        for part in batches(list(told)):
            old = (ping.c.hub == url) & ping.c.topic.in_(part)
            self._connection.execute(delete(ping).where(old))
        rows = [
            {
                "hub": url,
                "topic": topic,
                "digest": each.digest,
                "tries": each.tries,
                "due": each.due,
            }
            for topic, each in told.items()
            if each is not None
        ]
        if rows:
            self._connection.execute(ping.insert(), rows)

    def forget(self, urls: Sequence[str]) -> None:
        """Forget hubs that feeds no longer name."""
        for url in urls:
            self._connection.execute(delete(hub).where(hub.c.url == url))
            self._connection.execute(delete(ping).where(ping.c.hub == url))
