"""The store: where everything lies on disk (`state`), and our own services' resources in SQLite (`resources`)."""
