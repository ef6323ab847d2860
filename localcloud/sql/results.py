"""A query's rows as Athena's result file: every value in quotes, NULL as nothing, a header line.

Source: Athena's result files as its users' clients read them: `"a","b"`, a quote doubled, an empty text `""`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import duckdb

from localcloud.sql.model import OutputColumn
from localcloud.sql.readers.lazy import literal
from localcloud.sql.text import render
from localcloud.sql.types import parse


def write(connection: duckdb.DuckDBPyConnection, sql: str, columns: Sequence[OutputColumn], path: str) -> int:
    """Write the result of `sql` to a new file; return the number of rows. It appears whole or not at all."""
    header = ",".join('"' + column.name.replace('"', '""') + '"' for column in columns) + "\n"
    names = ", ".join(f"c{n}" for n in range(len(columns)))
    partial = partial_path(path)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    # A row begins with a line's end when one is before it: the suffix is the last row's (or the header's own).
    options = f"""FORMAT csv, HEADER false, DELIMITER ',', QUOTE '"', ESCAPE '"', FORCE_QUOTE *, NULLSTR '',
        PREFIX {literal(header)}, SUFFIX e'\\n', USE_TMP_FILE false"""
    copy = f"COPY (SELECT {texts(columns)} FROM ({sql}) AS result({names})) TO {literal(partial)} ({options})"
    try:
        (rows,) = connection.execute(copy).fetchone() or (0,)
        if not rows:
            os.truncate(partial, len(header.encode()))
        os.replace(partial, path)
    finally:
        Path(partial).unlink(missing_ok=True)
    return int(rows)


def texts(columns: Sequence[OutputColumn]) -> str:
    """The columns `c0`, `c1`, … as Athena's texts."""
    return ", ".join(f"{render(f'c{n}', parse(column.type))} AS c{n}" for n, column in enumerate(columns))


def partial_path(path: str) -> str:
    """The file that is written before it takes its name."""
    return f"{path}.partial"
