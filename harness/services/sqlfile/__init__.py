"""Warehouses that are a file: SQLite and DuckDB, in the process of whoever asks."""
