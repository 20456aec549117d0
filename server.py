"""The WSGI entry: `server:app`, and `server.create_app` for a site of your own."""

from flask import Flask

from feeds.serve.app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Flask:
    """`server.app`, created on first use: importing this module reads no configuration."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = app = create_app()
    return app
