"""Runs inside the Glue image: one run of the reviews job for each case of the spec, in one Spark session."""

import json
import sys

import reviews_etl
from awsglue.context import GlueContext
from awsglue.utils import GlueArgumentError
from pyspark.context import SparkContext
from pyspark.sql.utils import AnalysisException


def outcome(glue: GlueContext, case: dict) -> dict:
    """The report and the rows that the run left, or what it raised."""
    try:
        if "argv" in case:
            return {"arguments": reviews_etl.arguments(case["argv"])}
        report = reviews_etl.run(glue, case["args"])
    except GlueArgumentError as error:
        return {"error": str(error)}
    except (ValueError, RuntimeError) as error:
        return {"error": f"{type(error).__name__}: {error}", **rows_left(glue, case)}
    reviews_etl.save_report(report, case["args"]["report_path"])
    return {"report": report, "shown": reviews_etl.show(report), **rows_left(glue, case)}


def rows_left(glue: GlueContext, case: dict) -> dict:
    if case.get("count_only"):
        return {}
    read = glue.spark_session.read
    return {
        "clean": rows(lambda: read.parquet(case["args"]["clean_path"])),
        "quarantine": rows(lambda: read.json(case["args"]["quarantine_path"])),
    }


def rows(read) -> list[dict]:
    try:
        return [row.asDict() for row in read().collect()]
    except AnalysisException:  # no file there
        return []


def main(spec_file: str, result_file: str) -> None:
    glue = GlueContext(SparkContext.getOrCreate())
    if spec_file == "-":  # a case a line, a result a line, in a file that is watched
        with open(result_file, "w", buffering=1) as results:
            for line in sys.stdin:
                results.write(json.dumps(outcome(glue, json.loads(line))) + "\n")
        return
    with open(spec_file) as file:
        spec = json.load(file)
    results = {case["name"]: outcome(glue, case) for case in spec}
    with open(result_file, "w") as file:
        json.dump(results, file)


main(*sys.argv[1:])
