"""Athena's SQL: statements are parsed by sqlglot, compiled with their types, and DuckDB executes what was understood.

`compile` turns a query of Athena engine version 3 (Trino) into DuckDB SQL, `tables` reads a table as its definition in
the catalog says, `worker` executes one query in a process of its own. Nothing here knows the catalog or S3: whoever
calls hands in definitions and files.
"""
