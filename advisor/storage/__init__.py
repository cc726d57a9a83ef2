"""The store: schema, migrations and queries."""

from advisor.storage.store import open_store

__all__ = ["open_store"]
