"""Notifies WebSub hubs of changed feeds."""
