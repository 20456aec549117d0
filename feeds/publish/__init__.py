"""Uploads an export, purges caches, and keeps the published state."""
