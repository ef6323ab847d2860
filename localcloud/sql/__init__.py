"""Athena's SQL: read by Trino's own grammar, compiled with its types, and DuckDB executes what was understood.

The compiler turns a query of Athena engine version 3 (Trino) into DuckDB SQL; a `task` is one query with the files of
its tables, executed in a process of its own. Nothing here knows the catalog or S3: whoever calls hands in definitions
and files.
"""
