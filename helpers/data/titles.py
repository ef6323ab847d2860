"""Title, year and genres of the films that the reviews are about."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from helpers.data import tables

TITLE_COLUMNS = ["title_id", "title", "year", "genres"]
# IMDb's own names in title.basics.tsv.gz: https://developer.imdb.com/non-commercial-datasets/
_IMDB = {"tconst": "title_id", "primarytitle": "title", "startyear": "year"}
WANTED = (
    "Wanted: IMDb's title.basics.tsv.gz, packed or unpacked, or a CSV file with the header title_id,title,year,genres."
)


def read_titles(path: Path, ids: set[str]) -> pd.DataFrame:
    """Title, year and genres (`Drama|Comedy`) of the ids, in the columns TITLE_COLUMNS, all text.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is something else, or lacks a column; the message says what was found and is wanted.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path} with titles. {WANTED}")
    with tables.opened(path) as stream:
        try:
            kind = tables.kind_of(stream.read(1 << 16))
        except tables.OtherFormat as found:
            raise tables.OtherFormat(f"{path.name} is {found}. {WANTED}") from None
    if kind != "table":
        raise tables.OtherFormat(f"{path.name} is a {kind} file. {WANTED}")
    parts: list[pd.DataFrame] = []
    with tables.opened(path) as stream:
        for part in tables.read_table(stream, path.name, 100_000):  # of 12 million lines
            named = part.rename(columns=_IMDB)
            if lacking := [column for column in TITLE_COLUMNS if column not in named.columns]:
                has = ", ".join(map(str, part.columns[:8]))
                raise ValueError(f"{path.name} lacks the column {', '.join(lacking)}; it has {has}. {WANTED}")
            parts.append(named.loc[named["title_id"].isin(ids), TITLE_COLUMNS])
    table = pd.concat(parts) if parts else pd.DataFrame(columns=TITLE_COLUMNS)
    return table.assign(genres=table["genres"].str.replace(",", "|"))
