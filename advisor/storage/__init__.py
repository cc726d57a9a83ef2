"""The store: schema, migrations and queries."""
