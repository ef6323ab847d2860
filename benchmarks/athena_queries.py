"""What Athena on the local AWS adds to DuckDB itself: three queries over a million reviews, side by side in one run.

`python benchmarks/athena_queries.py [--repeats 5]` writes `benchmarks/results/athena_queries.json`: the time from
`StartQueryExecution` to the first page of results, beside DuckDB's own for the same files in this process; and one
query that is asked cold, when no process stands by. The reviews are the synthetic 4,000, each 250 times under ids of
their own, in four Parquet files.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import duckdb
import psutil

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(Path(__file__).parent)]
from overheads import side_by_side, timed  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "athena_queries.json"
ROWS, FILES = 1_000_000, 4
# name -> Athena's SQL, DuckDB's SQL
QUERIES = {
    "scan": (
        "SELECT count(*), sum(length(review)) FROM bench_reviews WHERE review LIKE '%worth%'",
        "SELECT count(*), sum(length(review)) FROM reviews WHERE review LIKE '%worth%'",
    ),
    "group": (
        "SELECT sentiment, rating, count(*), avg(rating) FROM bench_reviews GROUP BY sentiment, rating ORDER BY 1, 2",
        "SELECT sentiment, rating, count(*), avg(rating) FROM reviews GROUP BY sentiment, rating ORDER BY 1, 2",
    ),
    "join": (
        "SELECT genres, count(*) FROM bench_reviews JOIN bench_titles USING (title_id) GROUP BY genres ORDER BY 2 DESC",
        "SELECT genres, count(*) FROM reviews JOIN titles USING (title_id) GROUP BY genres ORDER BY 2 DESC",
    ),
}


def make_tables(ws: Any, folder: Path) -> None:
    """The two tables as Parquet files in `folder`, on S3 and in the catalog."""
    from helpers.aws import provision
    from helpers.data.synthetic import synthetic_reviews, synthetic_titles

    reviews, titles = synthetic_reviews(4_000), synthetic_titles(4_000)  # noqa: F841 - DuckDB reads them by name
    copies, s3, glue = ROWS // 4_000 // FILES, boto3.client("s3"), boto3.client("glue")
    for number in range(FILES):
        duckdb.sql(
            f"SELECT review_id || '-{number}-' || copy AS review_id, review, sentiment, split, rating, title_id"
            f" FROM reviews, range({copies}) AS copies(copy)"
        ).write_parquet(str(folder / f"reviews-{number}.parquet"), compression="snappy")
    duckdb.sql("SELECT title_id, title, CAST(year AS int) AS year, genres FROM titles").write_parquet(
        str(folder / "titles-0.parquet")
    )
    provision.database(ws.database)
    text = [{"Name": name, "Type": "string"} for name in ("review_id", "review", "sentiment", "split")]
    tables = {
        "reviews": [*text, {"Name": "rating", "Type": "bigint"}, {"Name": "title_id", "Type": "string"}],
        "titles": [
            *({"Name": name, "Type": "string"} for name in ("title_id", "title", "genres")),
            {"Name": "year", "Type": "int"},
        ],
    }
    package = "org.apache.hadoop.hive.ql.io.parquet"
    for name, columns in tables.items():
        for path in folder.glob(f"{name}-*.parquet"):
            s3.upload_file(str(path), ws.bucket, f"{ws.prefix}/bench/{name}/{path.name}")
        storage = {
            "Columns": columns,
            "Location": ws.s3(f"bench/{name}/"),
            "InputFormat": f"{package}.MapredParquetInputFormat",
            "OutputFormat": f"{package}.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": f"{package}.serde.ParquetHiveSerDe"},
        }
        table = {"Name": f"bench_{name}", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
        glue.create_table(DatabaseName=ws.database, TableInput=table)


def ask(ws: Any, athena: Any, sql: str) -> list[list[str | None]]:
    """Athena's answer without its header, asked as a client does."""
    query = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": ws.database},
        ResultConfiguration={"OutputLocation": ws.s3("bench/results/")},
    )["QueryExecutionId"]
    while True:
        status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if status["State"] not in ("QUEUED", "RUNNING"):
            break
        time.sleep(0.02)
    assert status["State"] == "SUCCEEDED", status
    rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows[1:]]


def main() -> int:
    parser = argparse.ArgumentParser(description="Athena on the local AWS beside DuckDB itself.")
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    from helpers.workshop import connect
    from localcloud import process

    with tempfile.TemporaryDirectory() as home:
        os.environ["LOCALCLOUD_HOME"] = home
        ws = connect()
        folder = Path(home) / "bench"
        folder.mkdir()
        make_tables(ws, folder)
        athena = boto3.client("athena")
        plain = duckdb.connect()
        for name in ("reviews", "titles"):
            plain.sql(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{folder}/{name}-*.parquet')")
        results: dict[str, Any] = {
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores,"
            f" {round(psutil.virtual_memory().total / 2**30)} GB",
            "rows": ROWS,
            "first query, no process stands by, s": round(timed(lambda: ask(ws, athena, "SELECT 1")), 3),
        }
        for name, (athenas, duckdbs) in QUERIES.items():
            assert len(ask(ws, athena, athenas)) == len(plain.sql(duckdbs).fetchall())
            time.sleep(2)  # a learner looks at an answer before the next query: a new process stands by then
            results[name] = side_by_side(
                "DuckDB",
                lambda sql=duckdbs: plain.sql(sql).fetchall(),
                "Athena",
                lambda sql=athenas: ask(ws, athena, sql),
                repeats,
            )
        process.stop()
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
