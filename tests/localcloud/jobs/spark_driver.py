"""Runs inside the Glue image: reads and writes through `s3://`, and what must be refused."""

import json
import sys

import glue_launch
from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def attempt(action) -> str:
    """ "done", or the first line of what was raised."""
    try:
        action()
    except Exception as error:
        return glue_launch.reason(error)
    return "done"


def fail(number: int) -> str:
    raise ValueError(f"cannot do {number}")


def main(spec_file: str, result_file: str) -> None:
    with open(spec_file) as file:
        bucket = json.load(file)["bucket"]
    spark = SparkSession.builder.getOrCreate()
    frame = spark.createDataFrame([(1, "a"), (2, "b")], "n int, part string")
    root = f"s3://{bucket}"
    attempts = {
        "write": lambda: frame.write.partitionBy("part").parquet(f"{root}/table/"),
        "append": lambda: frame.write.mode("append").partitionBy("part").parquet(f"{root}/table/"),
        "overwrite": lambda: frame.write.mode("overwrite").json(f"{root}/old/"),
        "unknown bucket": lambda: frame.write.json("s3://no-such-bucket/x/"),
        "read above": lambda: spark.read.text(f"{root}/../outside/secret.txt").collect(),
        "read above in capitals": lambda: spark.read.text(f"S3://{bucket}/../outside/secret.txt").collect(),
        "read above by a list": lambda: spark.read.text([f"{root}/in/", f"{root}/../outside"]).collect(),
        "read above by a pattern": lambda: spark.read.text(f"{root}/{{in,../outside}}/*").collect(),
        "read above by an option": lambda: spark.read.format("text").option("path", f"{root}/a/../../outside").load(),
        "read above by viewfs": lambda: spark.read.text(f"viewfs://{bucket}/../outside/secret.txt").collect(),
        "read above in SQL": lambda: spark.sql(f"select * from text.`{root}/../outside`").collect(),
        "write above": lambda: frame.write.json(f"{root}/../outside/new/"),
        "write above in SQL": lambda: spark.sql(f"create table t (n int) using json location '{root}/..'"),
        "function raises": lambda: frame.select(F.udf(fail)("n")).collect(),
        "no such column": lambda: frame.select("nothing"),
        "dots in a name": lambda: frame.write.json(f"{root}/a..b/..c/"),
    }
    result = {name: attempt(action) for name, action in attempts.items()}
    result["rows"] = spark.read.parquet(f"{root}/table/").count()
    result["text"] = [row[0] for row in spark.read.text(f"{root}/in/").collect()]
    with open(result_file, "w") as file:
        json.dump(result, file)


main(*sys.argv[1:])
