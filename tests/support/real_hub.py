"""A real WebSub hub, Flask-WebSub: python -m tests.support.real_hub PORT FILE."""

import sys

from celery import Celery
from flask import Flask
from flask_websub.hub import Hub, SQLite3HubStorage


def main(port: int, file: str) -> None:
    """Run a hub on `port` that keeps its subscriptions in `file`."""
    app = Flask("hub")
    app.config["PUBLISH_SUPPORTED"] = True  # its pings come over HTTP
    queue = Celery("hub")
    queue.conf.task_always_eager = True  # needs no broker: tasks are done while the caller waits
    hub = Hub(SQLite3HubStorage(file), queue)
    app.register_blueprint(hub.build_blueprint("/hub"))
    app.run("127.0.0.1", port, threaded=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
