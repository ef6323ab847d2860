"""Runs inside the Glue image: the local `awsglue` as a Glue script uses it."""

import json
import sys
from collections.abc import Callable
from typing import Any

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job
from awsglue.transforms import *  # noqa: F403 (as scripts that Glue generates do)
from pyspark.context import SparkContext

glue = GlueContext(SparkContext.getOrCreate())
spark = glue.spark_session
ROWS = [(1, "one", 1.5, "a"), (2, "two, 2", None, "b c"), (3, 'three "3"', 3.5, "a")]
SCHEMA = "Id int, name string, score double, part string"
SERDES = ("tabs", "open_csv", "gone", "regex", "headers", "nameless")
frame = DynamicFrame.fromDF(spark.createDataFrame(ROWS, SCHEMA), glue, "rows")


def attempt(action: Callable[[], Any]) -> Any:
    """What the action returns, or what it raised."""
    try:
        return action()
    except Exception as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]


def sink(
    root: str, table: str, form: str, keys: tuple[str, ...] = ("part",), database: str = "glue_test", **options: Any
):
    """A sink with the catalog on, as in the developer guide's second method."""
    made = glue.getSink(
        connection_type="s3", path=f"{root}/{table}", enableUpdateCatalog=True, partitionKeys=list(keys), **options
    )
    made.setFormat(form)
    made.setCatalogInfo(catalogDatabase=database, catalogTableName=table)
    return made


def written(root: str, table: str, form: str, data: DynamicFrame = frame, **options: Any) -> list[list[Any]]:
    """Rows of a table that a sink wrote, as a job that reads it from the catalog gets them."""
    sink(root, table, form, **options).writeFrame(data)
    return table_rows(table)


def table_rows(table: str, **options: Any) -> list[list[Any]]:
    read = glue.create_dynamic_frame.from_catalog(database="glue_test", table_name=table, **options)
    return rows(read.toDF())


def rows(data: Any) -> list[list[Any]]:
    names = sorted(data.columns, key=str.lower)
    return sorted(([*row] for row in data.select(*names).collect()), key=str)


def options_round_trip(root: str, form: str, read: dict[str, Any]) -> list[list[Any]]:
    path = f"{root}/options-{form}"
    glue.write_dynamic_frame.from_options(frame, "s3", {"path": path}, format=form)
    back = glue.create_dynamic_frame.from_options("s3", {"paths": [path]}, format=form, format_options=read)
    return rows(back.toDF())


def csv(path: str, options: dict[str, Any], **more: Any) -> list[list[Any]]:
    """Names, then rows of what is read."""
    data = glue.create_dynamic_frame.from_options("s3", {"paths": [path], **more}, "csv", options).toDF()
    return [data.columns, *sorted([*row] for row in data.collect())]


def csv_lines(path: str, text: str, **options: Any) -> list[str]:
    """Lines of the file that is written with these options."""
    data = spark.createDataFrame([(1, text), (2, " c ")], "n int, text string").coalesce(1)
    glue.write_dynamic_frame.from_options(
        DynamicFrame.fromDF(data, glue), "s3", {"path": path}, format="csv", format_options=options
    )
    return [row[0] for row in spark.read.text(path).collect()]


def csv_actions(root: str) -> dict[str, Callable[[], Any]]:
    header, text = {"withHeader": True}, 'say "a", b'
    every = '["**.txt", "s3://*/mixed/deep/{x,y}*"]'
    return {
        "no header": lambda: csv(f"{root}/csv", {}),
        "header": lambda: csv(f"{root}/csv", header),
        "skip first": lambda: csv(f"{root}/csv", {"skipFirst": True}),
        "no quotes": lambda: csv(f"{root}/tsv", {**header, "separator": "\t", "quoteChar": -1}),
        "no quotes by text": lambda: csv(f"{root}/tsv", {**header, "separator": "\t", "quoteChar": "-1"}),
        "other quotes": lambda: csv(f"{root}/single", {**header, "quoteChar": "'"}),
        "escaper": lambda: csv(f"{root}/escaped", {**header, "escaper": "\\"}),
        "line breaks": lambda: csv(f"{root}/multi", {**header, "multiLine": "true"}),
        "path": lambda: csv(f"{root}/x", header, paths=f"{root}/csv/a.csv", groupFiles="inPartition"),
        "exclusions": lambda: csv(f"{root}/mixed", header, exclusions='["**.txt"]'),
        "exclusions over folders": lambda: csv(f"{root}/mixed", header, exclusions=every, recurse=True),
        "written without quotes": lambda: csv_lines(f"{root}/w1", text, separator=";", quoteChar=-1),
        "written with quotes": lambda: csv_lines(f"{root}/w2", text, separator=";", writeHeader=False),
        "written with an escaper": lambda: csv_lines(f"{root}/w3", text, escaper="\\"),
        "unknown option": lambda: csv(f"{root}/csv", {"nullString": "x"}),
        "optimizePerformance": lambda: csv(f"{root}/csv", {"optimizePerformance": True}),
        "two characters": lambda: csv(f"{root}/csv", {"separator": "||"}),
        "unknown path option": lambda: csv(f"{root}/csv", {}, maxBand=1),
        "bad exclusions": lambda: csv(f"{root}/csv", {}, exclusions='"x"'),
        "line break without quotes": lambda: csv_lines(f"{root}/w4", "a\nb", quoteChar=-1),
    }


def new_column(root: str, behavior: str) -> list[list[Any]]:
    """Writes a second frame with a column more to the table of the first."""
    table = f"grown_{behavior.lower()}"
    sink(root, table, "parquet").writeFrame(frame)
    more = DynamicFrame.fromDF(spark.createDataFrame([(4, "four", 4.5, "d", 9)], SCHEMA + ", more int"), glue)
    return written(root, table, "parquet", more, updateBehavior=behavior)


def purged(root: str, **options: Any) -> int:
    """Files that are left after a purge of three."""
    path = f"{root}/purge/"
    frame.toDF().coalesce(1).write.mode("overwrite").partitionBy("Id").json(path)
    glue.purge_s3_path(path, **options)
    return spark.read.schema("name string").json(path).count()


def main(spec_file: str, result_file: str) -> None:
    with open(spec_file) as file:
        root = f"s3://{json.load(file)['bucket']}"
    table = "parquet_table"
    job = Job(glue)
    actions = {
        "commit before init": job.commit,
        "commit": lambda: (job.init("name", {}), job.commit()) and "done",
        "count": frame.count,
        "logger": lambda: glue.get_logger().info("a line for the log"),
        "parquet": lambda: written(root, table, "parquet"),
        "glueparquet": lambda: written(root, "glueparquet_table", "glueparquet"),
        "json": lambda: written(root, "json_table", "json"),
        "csv": lambda: written(root, "csv_table", "csv", data=DynamicFrame.fromDF(frame.toDF().drop("name"), glue)),
        "no partitions": lambda: written(root, "plain_table", "parquet", keys=()),
        "predicate": lambda: table_rows(table, push_down_predicate="part == 'b c'"),
        "second write": lambda: len(written(root, table, "parquet")),
        "UPDATE_IN_DATABASE": lambda: new_column(root, "UPDATE_IN_DATABASE"),
        "LOG": lambda: new_column(root, "LOG"),
        "other keys": lambda: written(root, table, "parquet", keys=("Id",)),
        "no database": lambda: sink(root, "x", "parquet", database="no_such").writeFrame(frame),
        "no table": lambda: table_rows("no_such"),
        "no format": lambda: glue.getSink("s3", path=f"{root}/x").writeFrame(frame),
        "no path": lambda: glue.getSink("s3"),
        "options parquet": lambda: options_round_trip(root, "parquet", {}),
        "options json": lambda: options_round_trip(root, "json", {}),
        "options csv": lambda: options_round_trip(root, "csv", {"withHeader": True}),
        "purge all": lambda: purged(root, options={"retentionPeriod": 0}),
        "purge old": lambda: purged(root),
        "purge nothing": lambda: glue.purge_s3_path(f"{root}/nothing/", {"retentionPeriod": 0}),
        **{f"csv: {name}": action for name, action in csv_actions(root).items()},
        **{f"serde: {name}": lambda name=name: table_rows(name) for name in SERDES},
        "predicate on a column": lambda: table_rows(table, push_down_predicate="score > 1"),
        "offered: purge_table": lambda: glue.purge_table("d", "t"),
        "offered: jdbc": lambda: glue.getSink("jdbc", path="x"),
        "offered: avro": lambda: sink(root, "x", "avro"),
        "offered: sink option": lambda: glue.getSink("s3", path="x", groupSize=1),
        "offered: from_rdd": lambda: glue.create_dynamic_frame.from_rdd(None, "x"),
        "offered: relationalize": lambda: frame.relationalize("x", "y"),
        "offered: toDF": lambda: frame.toDF(["x"]),
        "offered: ApplyMapping": lambda: ApplyMapping.apply(frame=frame),  # noqa: F405
        "offered: bookmark": lambda: glue.create_dynamic_frame.from_catalog(
            "d", "t", additional_options={"jobBookmarkKeys": []}
        ),
    }
    result = {name: attempt(action) for name, action in actions.items()}
    with open(result_file, "w") as file:
        json.dump(result, file)


main(*sys.argv[1:])
