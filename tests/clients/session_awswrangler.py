"""A short session with awswrangler, run in the clients' own Python: files, catalog and three ways to query."""

import sys

import awswrangler as wr
import pandas as pd

bucket, database = sys.argv[1:]
root, out = f"s3://{bucket}/wrangler", f"s3://{bucket}/results/"
films = pd.DataFrame(
    {
        "id": [1, 2, 3, 4],
        "title": ["Heat", 'The "Third" Man, 1949', "two\nlines", ""],
        "stars": [8.3, None, 7.0, 5.5],
        "shown": pd.to_datetime(["1995-12-15", "1949-09-01", "2003-05-06", None]).date,
        "genre": ["crime", "noir & crime", "crime", "noir & crime"],
    }
)
wr.catalog.create_database(database)
written = wr.s3.to_parquet(
    films,
    path=f"{root}/films/",
    dataset=True,
    database=database,
    table="films",
    partition_cols=["genre"],
    mode="overwrite",
    dtype={"shown": "date"},
)
assert sorted(value for [value] in written["partitions_values"].values()) == ["crime", "noir & crime"]


def query(sql: str, **options: object) -> list[dict[str, object]]:
    place = f"{root}/unloaded/" if options.get("unload_approach") else out  # UNLOAD wants an empty folder
    frame = wr.athena.read_sql_query(sql, database=database, s3_output=place, **options)
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


WAYS = ({}, {"ctas_approach": False}, {"ctas_approach": False, "unload_approach": True})
for way in WAYS:
    rows = query("SELECT id, title, stars, shown, genre FROM films ORDER BY id", **way)
    rows.sort(key=lambda row: row["id"])
    assert [row["title"] for row in rows][:3] == list(films["title"])[:3], (way, rows)
    assert [row["stars"] for row in rows] == [8.3, None, 7.0, 5.5], (way, rows)
    assert str(rows[1]["shown"])[:10] == "1949-09-01", (way, rows)
    assert rows[1]["genre"] == "noir & crime", (way, rows)

assert query("SELECT count(*) AS n FROM films", ctas_approach=False) == [{"n": 4}]
chosen = query("SELECT id FROM films WHERE genre = ?", params=["crime"], paramstyle="qmark", ctas_approach=False)
assert sorted(row["id"] for row in chosen) == [1, 3], chosen
named = query("SELECT title FROM films WHERE id = :id", params={"id": 1}, ctas_approach=False)
assert named == [{"title": "Heat"}], named
chunks = wr.athena.read_sql_query(
    "SELECT id FROM films", database=database, s3_output=out, ctas_approach=False, chunksize=3
)
assert sum(len(chunk) for chunk in chunks) == 4

# A new column, one partition written anew, the catalog's account of both.
more = films.head(1).assign(id=5, minutes=170)
wr.s3.to_parquet(
    more,
    path=f"{root}/films/",
    dataset=True,
    database=database,
    table="films",
    partition_cols=["genre"],
    mode="append",
    dtype={"shown": "date"},
)
counted = query("SELECT count(minutes) AS known, count(*) AS n FROM films", ctas_approach=False)
assert counted == [{"known": 1, "n": 5}], counted
assert wr.catalog.get_table_types(database, "films")["minutes"] == "bigint"
wr.s3.to_parquet(
    films[films["genre"] == "crime"].assign(minutes=1),
    path=f"{root}/films/",
    dataset=True,
    database=database,
    table="films",
    partition_cols=["genre"],
    mode="overwrite_partitions",
    dtype={"shown": "date"},
)
per_genre = query("SELECT genre, count(*) AS n FROM films GROUP BY genre ORDER BY genre", ctas_approach=False)
assert per_genre == [{"genre": "crime", "n": 2}, {"genre": "noir & crime", "n": 2}], per_genre
partitions = wr.catalog.get_partitions(database, "films")
assert sorted(value for [value] in partitions.values()) == ["crime", "noir & crime"], partitions

plain = films[["id", "title"]].iloc[[0, 1, 3]]
wr.s3.to_csv(
    plain, path=f"{root}/csv/", dataset=True, database=database, table="films_csv", mode="overwrite", index=False
)
assert query("SELECT title FROM films_csv WHERE id = 1", ctas_approach=False) == [{"title": "Heat"}]
wr.s3.to_json(
    plain,
    path=f"{root}/json/",
    dataset=True,
    database=database,
    table="films_json",
    mode="overwrite",
    orient="records",
    lines=True,
    index=False,
)
lines = query("SELECT id, title FROM films_json ORDER BY id", ctas_approach=False)
assert [row["title"] for row in lines][:2] == ["Heat", 'The "Third" Man, 1949'], lines

where = {"database": database, "s3_output": out}
described = wr.athena.describe_table("films", **where)
assert list(described["Column Name"])[:4] == ["id", "title", "stars", "shown"], described
assert "CREATE EXTERNAL TABLE" in wr.athena.show_create_table("films", **where)
wr.athena.create_ctas_table("SELECT id, title FROM films WHERE id < 3", ctas_table="first_two", wait=True, **where)
assert query("SELECT count(*) AS n FROM first_two", ctas_approach=False) == [{"n": 2}]
wr.athena.repair_table("films", **where)
assert wr.s3.read_parquet(f"{root}/films/", dataset=True).shape == (4, 6)
assert len(wr.s3.list_objects(f"{root}/csv/")) == 1
assert wr.catalog.delete_table_if_exists(database, "first_two")
wr.s3.delete_objects(f"{root}/json/")
assert wr.s3.list_objects(f"{root}/json/") == []
print("awswrangler: done")
