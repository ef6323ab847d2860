"""The checks of lab 02, the data lake: land an export, repair a type, ask in three calls, halve what is read.

Each reads what the learner made: objects, a table, a crawler, query executions. The states that get each hint are built
in `solutions/02_data_lake_answers.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
import pandas as pd

from helpers.aws import athena
from helpers.aws.client import client, listed
from helpers.checks.exercise import Exercise
from helpers.data.exports import COLUMNS, DAYS
from helpers.workshop import Workshop

LAB = "02_data_lake"
_NUMBERS = re.compile(r"(tinyint|smallint|int|integer|bigint|float|double|decimal(\(.*\))?)$")

# -- Exercise 1 ------------------------------------------------------------------------------------


def mistake_in_landed(key: Any, ws: Workshop, zone: str, exports: list[Path]) -> str | None:
    """The hint for what is wrong below the zone, given where the learner says that Tuesday's export is."""
    if not isinstance(key, str):
        return f"`landed` is a {type(key).__name__}. Give the key of the object that you have made, as text."
    key = key.removeprefix(f"s3://{ws.bucket}/")
    place, bucket = f"{ws.prefix}/{zone}", boto3.resource("s3").Bucket(ws.bucket)
    there = {item.key: item.get()["Body"].read() for item in bucket.objects.filter(Prefix=place)}
    monday, tuesday = (path.read_bytes() for path in exports)
    first = f"{place}day={DAYS[0]}/{exports[0].name}"
    if there.get(first) == tuesday:
        return "Monday's export is gone: an object of the same key is replaced, without a question."
    if there.get(first) != monday:
        return f"`{first.removeprefix(place)}` is no longer Monday's file as it came. The raw zone is only added to."
    if key not in there:
        return f"No object of the key `{key}` lies below `{place}`, which is what the crawler will read."
    if there[key] != tuesday:
        return "The object that `landed` names is not Tuesday's file as it came, byte by byte."
    return _mistake_in_key(key.removeprefix(place))


def _mistake_in_key(key: str) -> str | None:
    day = re.match(r"([^/]*)/", key)
    if day and day[1] == f"day={DAYS[0]}":
        return "Tuesday's export lies in Monday's partition: whoever asks for Tuesday will not find it."
    if not day or not day[1].startswith("day="):
        return f"`{key}` does not say its day as Monday's does: `day=` and the date, as a folder."
    if day[1] != f"day={DAYS[1]}":
        return f"Tuesday is {DAYS[1]}. A wrong partition is found by nobody, and its rows are counted for another day."
    return None


q1 = Exercise(
    lab=LAB,
    name="landed",
    find_mistake=mistake_in_landed,
    hints=(
        "Where does Monday's export lie? Look at `lake.objects(ws, zone)`. What of its key says Monday?",
        "The name of the file is the same each day; the folder must not be. The first part of the key is `day=…`.",
        '`landed = f"{ws.prefix}/{zone}day=2026-11-03/reviews.csv"`, and then '
        "`s3.upload_file(str(exports[1]), ws.bucket, landed)`.",
    ),
    when_correct="Both days are there as they came, and a query can ask for one of them.",
    uses=("ws", "zone", "exports"),
)

# -- Exercise 2 ------------------------------------------------------------------------------------


def mistake_in_table(name: Any, ws: Workshop, zone: str) -> str | None:
    """The hint for what is wrong with the table of this name, or with the crawlers that would change it again."""
    table = client("glue").get_table(DatabaseName=ws.database, Name=name)["Table"]
    storage = table["StorageDescriptor"]
    types = {column["Name"]: column["Type"] for column in storage["Columns"]}
    if storage["Location"].rstrip("/") != ws.s3(zone).rstrip("/"):
        return f"The table's files are at `{storage['Location']}`; the exports are at `{ws.s3(zone)}`."
    if missing := set(COLUMNS) - types.keys():
        return f"The table has lost a column: {', '.join(missing)}. `update_table` replaces the whole description."
    if [key["Name"] for key in table.get("PartitionKeys", [])] != ["day"]:
        return "The table has no partition key `day` any more. Give `PartitionKeys` to `update_table`, too."
    if storage.get("Parameters", {}).get("skip.header.line.count", table["Parameters"].get(_HEADER)) != "1":
        return f"The first line of each file counts as a row again: `{_HEADER}` is lost. Take over `Parameters`, too."
    if not _NUMBERS.match(types["stars"]):
        return f"`stars` is {types['stars']}: its average, and `stars > 5`, are errors. What are they to be?"
    if types["film"] != "string" or types["review"] != "string":
        return "`film` and `review` are text: leave them as the crawler found them."
    return _mistake_in_partitions(ws, table) or _undone_by(ws, zone)


def _mistake_in_partitions(ws: Workshop, table: dict[str, Any]) -> str | None:
    partitions = list(
        listed(client("glue"), "get_partitions", "Partitions", DatabaseName=ws.database, TableName=table["Name"])
    )
    if not partitions:
        return "The table has no partitions any more: Athena would find no file."
    for partition in partitions:
        types = {column["Name"]: column["Type"] for column in partition["StorageDescriptor"]["Columns"]}
        if types != {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}:
            return (
                f"The table is right, its partition {partition['Values'][0]} still has the old types: Athena refuses a "
                "query with `HIVE_PARTITION_SCHEMA_MISMATCH`. `get_partitions` shows them."
            )
    return None


_HEADER = "skip.header.line.count"


def _undone_by(ws: Workshop, zone: str) -> str | None:
    for crawler in listed(client("glue"), "get_crawlers", "Crawlers"):
        paths = [target["Path"].rstrip("/") for target in crawler["Targets"].get("S3Targets", [])]
        reads_it = ws.s3(zone).rstrip("/") in paths and crawler["DatabaseName"] == ws.database
        if reads_it and crawler["SchemaChangePolicy"]["UpdateBehavior"] != "LOG":
            return (
                f"Right, until `{crawler['Name']}` runs again: it writes its own types over yours. "
                "Its `SchemaChangePolicy` can say that a change is only logged."
            )
    return None


q2 = Exercise(
    lab=LAB,
    name="table",
    find_mistake=mistake_in_table,
    hints=(
        "Print the columns that the crawler found. In which of them would you calculate? Then look for `n/a` in it.",
        "`glue.get_table` gives the description; change one `Type` in it and hand `Name`, `StorageDescriptor`, "
        "`PartitionKeys`, `TableType` and `Parameters` to `update_table`.",
        "Then `update_partition` for each of `get_partitions`, with the table's columns. And `update_crawler` with "
        '`SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}`, else the next run undoes all.',
    ),
    when_correct="`stars` can be calculated with, what is no number reads as NULL, and the next crawl leaves it so.",
    uses=("ws", "zone"),
)

# -- Exercise 3 ------------------------------------------------------------------------------------


def counted(exports: list[Path]) -> Counter[str | None]:
    """How many reviews have how many stars, counted in the files; None where they say n/a."""
    lines = [line for path in exports for line in path.read_bytes().decode().split("\n")[1:] if line]
    return Counter(None if (stars := line.split("|")[1]) == "n/a" else stars for line in lines)


def mistake_in_answer(answer: Any, ws: Workshop, exports: list[Path]) -> str | None:
    """The hint for what is wrong with a query execution, or with the rows that the learner took from it."""
    if not isinstance(answer, tuple | list) or len(answer) != 2 or not isinstance(answer[0], str):
        return "`answer` is two things: the QueryExecutionId, and the rows as a list of pairs."
    execution = client("athena").get_query_execution(QueryExecutionId=answer[0])["QueryExecution"]
    if mistake := _mistake_in_result(execution, ws, exports):
        return mistake
    rows = [tuple(row) for row in answer[1]]
    if any("stars" in map(str, row) for row in rows):
        return "The first of your rows has the names of the columns: `get_query_results` begins with them."
    found = {(str(stars) if stars is not None else None, int(number)) for stars, number in rows}
    if found != set(counted(exports).items()):
        return "Your rows are not those of the query. A missing value has no `VarCharValue`: take it as None."
    return None


def _mistake_in_result(execution: dict[str, Any], ws: Workshop, exports: list[Path]) -> str | None:
    status = execution["Status"]
    if status["State"] != "SUCCEEDED":
        return f"That query is {status['State']}: {status.get('StateChangeReason', 'wait for its end, then read it')}"
    if not execution["ResultConfiguration"]["OutputLocation"].startswith(ws.s3()):
        return f"Its result is not in your part of the bucket: {execution['ResultConfiguration']['OutputLocation']}"
    result = athena.rows(execution)
    if len(result.columns) != 2:
        return f"Two columns are asked for: the stars, and the number of reviews. Athena gave {len(result.columns)}."
    pairs = [(None if pd.isna(stars) else str(stars), int(number)) for stars, number in result.itertuples(index=False)]
    right = counted(exports)
    if dict(pairs) == {stars: right[stars] for stars in right if stars is not None}:
        return "The reviews without stars are missing. They are reviews, too: a row for NULL belongs to the answer."
    if sum(number for _, number in pairs) < sum(right.values()):
        return f"{sum(number for _, number in pairs)} reviews of {sum(right.values())} are counted: not both days."
    if dict(pairs) != right:
        return "The numbers are not those of the files. Count the rows of each number of stars."
    return None


q3 = Exercise(
    lab=LAB,
    name="answer",
    find_mistake=mistake_in_answer,
    hints=(
        "Lesson 02 has the three calls in full: start, ask until it has ended, fetch.",
        'Of each row, `[cell.get("VarCharValue") for cell in row["Data"]]` are the values; the first row are names.',
        "`SELECT stars, count(*) AS reviews FROM … GROUP BY stars`, and "
        '`answer = (started["QueryExecutionId"], rows)` at the end.',
    ),
    when_correct="Three calls, no server, and the files agree.",
    uses=("ws", "exports"),
)

# -- Exercise 4 ------------------------------------------------------------------------------------


def mistake_in_cheaper(query: Any, ws: Workshop, exports: list[Path], answer: Any) -> str | None:
    """The hint for a query that is not the same question, or reads more than half of the first one's bytes."""
    athena_client = client("athena")
    first = athena_client.get_query_execution(QueryExecutionId=answer[0])["QueryExecution"]
    execution = athena_client.get_query_execution(QueryExecutionId=query)["QueryExecution"]
    if execution["StatementType"] != "DML" or re.match(r"\s*(create|insert|unload)\b", execution["Query"], re.I):
        return "That statement makes the smaller table, and reads everything once. Ask the new table, and give that id."
    if mistake := _mistake_in_result(execution, ws, exports):
        return f"It does not answer the same question: {mistake}"
    before, after = (each["Statistics"]["DataScannedInBytes"] for each in (first, execution))
    if after == 0:
        return "It reads no byte of the reviews: it repeats the answer, and will repeat it tomorrow, when it is wrong."
    if after == before:
        return f"It reads {after:,} bytes, as the first query did: the same files again."
    if after > before / 2:
        return f"It reads {after:,} bytes; the first query read {before:,}. Of a text file each byte is read, always."
    return None


q4 = Exercise(
    lab=LAB,
    name="cheaper",
    find_mistake=mistake_in_cheaper,
    hints=(
        "The question needs one column of three, a short one. In which format can a query skip the others?",
        "`CREATE TABLE … WITH (format = 'PARQUET', external_location = '…') AS SELECT …` writes a copy by columns.",
        "Ask the copy the question of exercise 3 with `athena.run(ws, …)`: its `QueryExecutionId` is `cheaper`.",
    ),
    when_correct="The same answer from fewer bytes. Below 10 MB AWS bills 10 MB all the same; above it, this is money.",
    uses=("ws", "exports", "answer"),
)
