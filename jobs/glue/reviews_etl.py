"""Glue job: raw reviews -> clean, deduplicated, leak-free splits as registered Parquet. No row vanishes.

Every line of input ends in exactly one of three places, and the job fails if the sums do not agree: `clean_path`
(a good review), `quarantine_path` (a bad one, as it came, with the reason), or the count of duplicates.
Over 400 lines in one file: the script of a Glue job is one file.

Arguments (Glue 5.1, Spark 3.5):
    raw_path          s3://…/ with JSON Lines in any folders below it, plain, .gz or .bz2, in UTF-8 or Windows-1252:
                      review, sentiment, split, rating, title_id, review_id
    titles_path       optional: CSV with the header title_id,title,year,genres
    clean_path        Parquet, one folder a split; what was there is replaced
    quarantine_path   JSON Lines, one folder a reason; what was there is replaced
    report_path       gets <job run id>.json with the counts
    database, table   where the clean reviews are registered in the Data Catalog
"""

import html
import json
import re
import sys
import unicodedata
from datetime import UTC, datetime
from functools import reduce
from operator import or_

import boto3
import pandas as pd
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark import StorageLevel
from pyspark.context import SparkContext
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StringType
from pyspark.sql.utils import AnalysisException

PATHS = ("raw_path", "clean_path", "quarantine_path", "report_path")
REQUIRED = ("JOB_NAME", *PATHS, "database", "table")
FIELDS = ("review", "sentiment", "split", "rating", "title_id", "review_id")
NEEDED_FIELDS = ("review", "sentiment", "title_id", "review_id")
WANTED = f"wanted are JSON Lines, one object a line, with the fields {', '.join(FIELDS)}"
# How bytes begin in base64 that are no line of text: zip, gzip, bzip2, xz, zstd, and UTF-16 by its mark.
PACKED = "^(UEsD|H4sI|Qlpo|/Td6WFoA|KLUv|//[4-7]|/v[89+/])"
COLUMNS = (
    "review_id",
    "title_id",
    "title",
    "year",
    "genres",
    "rating",
    "review",
    "label",
    "sentiment",
    "words",
)
SPLITS = ("train", "validation", "test")


# --- Reading: every line, whatever bytes it holds


def read_lines(spark: SparkSession, path: str) -> DataFrame:
    """Lines as bytes, of all files below a path: columns line, source. Blank lines are no rows."""
    files = spark.read.option("recursiveFileLookup", True).text(path, lineSep="\n")
    lines = files.where(~F.col("value").rlike(r"^[\s\ufeff]*$"))
    source = F.col("_metadata.file_path").alias("source")
    return lines.select(F.col("value").cast("binary").alias("line"), source)


def decode_lines(lines: DataFrame) -> DataFrame:
    """Adds text and is_utf8. Bytes that are not UTF-8 are read as Windows-1252, where they mostly come from."""
    utf8 = F.decode("line", "UTF-8")
    text = F.when(F.col("is_utf8"), utf8).otherwise(F.decode("line", "windows-1252"))
    return lines.withColumn("is_utf8", F.encode(utf8, "UTF-8") == F.col("line")).withColumn("text", text)


def parse_reviews(lines: DataFrame) -> DataFrame:
    """Adds the fields as strings, and is_object: the line is one JSON object and nothing else.

    Spark's parser stops at the end of the first value and would lose what follows it on the line. Between brackets
    it must read to the end.
    """
    schema = f"array<struct<{', '.join(f'{name}: string' for name in FIELDS)}>>"
    text = F.expr("trim(BOTH ' \t\r\ufeff' FROM text)")
    strict = {"allowSingleQuotes": "false", "allowNonNumericNumbers": "false"}
    parsed = lines.withColumn("objects", F.from_json(F.concat(F.lit("["), text, F.lit("]")), schema, strict))
    first = F.col("objects")[0]
    is_object = F.coalesce((F.size("objects") == 1) & first.isNotNull() & text.endswith("}"), F.lit(False))
    fields = [first[name].alias(name) for name in FIELDS]
    return parsed.select("line", "source", "text", "is_utf8", is_object.alias("is_object"), *fields)


# --- Cleaning

BLOCK = "br|p|div|li|ul|ol|hr|tr|td|th|table|h[1-6]|blockquote|center"
INLINE = "a|abbr|b|big|cite|code|em|font|i|img|q|s|small|span|strike|strong|style|sub|sup|tt|u"
# A name alone or with attr=value, so that "<i hated it>" stays.
TAG = r"<!--.*?-->|</?(?:{})(?:\s+[\w:-]+\s*=[^<>]*)?\s*/?\s*>"
BLOCK_TAG = re.compile(TAG.format(BLOCK), re.IGNORECASE | re.DOTALL)
INLINE_TAG = re.compile(TAG.format(INLINE), re.IGNORECASE | re.DOTALL)
ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
# Windows-1252 maps 27 of the bytes 0x80-0x9F to typographic characters; the other five stand for nothing.
CP1252 = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
TO_BYTE = {chr(code): code for code in range(0x100)} | {char: code for code, char in CP1252.items() if char}
TAIL = "[" + "".join(re.escape(char) for char, byte in TO_BYTE.items() if 0x80 <= byte < 0xC0) + "]"
# UTF-8 read as Windows-1252. Only the lead bytes of Latin-1, punctuation and emoji: other text is left alone.
MOJIBAKE = re.compile(f"[ÂÃ]{TAIL}|[âï]{TAIL}{{2}}|ð{TAIL}{{3}}")
CONTROLS = {code: None for code in (*range(0x20), 0x7F, 0xFEFF) if chr(code) not in "\t\n\v\f\r"}
CONTROLS |= {code: char or None for code, char in CP1252.items()}


def repair_mojibake(text: str) -> str:
    """Turns `â€™` and the like back into the one character that they were."""

    def repair(match: re.Match[str]) -> str:
        try:
            return bytes(TO_BYTE[char] for char in match.group()).decode("utf-8")
        except UnicodeDecodeError:
            return match.group()

    for _ in range(2):  # the mistake can have happened twice
        text = MOJIBAKE.sub(repair, text)
    return text


def clean_text(text: str) -> str:
    """One review without markup, entities, wrong encodings, control characters or runs of white space."""
    for _ in range(2):  # &amp;quot; is an entity in an entity
        text = ENTITY.sub(lambda match: html.unescape(match.group()), text) if "&" in text else text
    if "<" in text:
        text = INLINE_TAG.sub("", BLOCK_TAG.sub(" ", text))
    if not text.isascii():
        text = unicodedata.normalize("NFC", repair_mojibake(text).translate(CONTROLS))
    elif not text.isprintable():
        text = text.translate(CONTROLS)
    return " ".join(text.split())


@F.pandas_udf(StringType())
def clean_texts(texts: pd.Series) -> pd.Series:
    """`clean_text` for a batch: Spark SQL has no entities and no Unicode normalisation."""
    return texts.map(clean_text, na_action="ignore")


def clean_reviews(parsed: DataFrame) -> DataFrame:
    """Fields in their final form: review, label, sentiment, official_split, rating (1-10), title_id, review_id.

    Accepted sentiments are positive, negative, pos and neg in any case, with blanks around them.
    """
    word, split, stars = F.lower(F.trim("sentiment")), F.lower(F.trim("split")), F.col("rating").cast("double")
    is_star = stars.between(1, 10) & (stars == F.floor(stars))
    label = F.when(word.isin("positive", "pos"), 1).when(word.isin("negative", "neg"), 0)
    nothing = F.lit("")
    return (
        parsed.withColumn("review", F.nullif(clean_texts("review"), nothing))
        .withColumn("label", label)
        .withColumn("sentiment", F.when(F.col("label") == 1, "positive").when(F.col("label") == 0, "negative"))
        .withColumn("official_split", F.when(split.isin("train", "test"), split))
        .withColumn("rating", F.when(is_star, stars.cast("int")))
        .withColumn("title_id", F.nullif(F.lower(F.trim("title_id")), nothing))
        .withColumn("review_id", F.nullif(F.trim("review_id"), nothing))
        .drop("split")
    )


# --- Judging: the first reason that applies, duplicates, splits


def add_reason(reviews: DataFrame) -> DataFrame:
    """Adds reason: why a row goes to quarantine, or null. A line that is no text is kept in base64, too."""
    unreadable = F.col("text").contains("\0") | (~F.col("is_utf8") & ~F.col("is_object"))
    reason = (
        F.when(unreadable, "unreadable")
        .when(~F.col("is_object"), "malformed_json")
        .when(F.col("review").isNull(), "missing_review")
        .when(F.col("review_id").isNull(), "missing_review_id")
        .when(F.col("label").isNull(), "unknown_sentiment")
        .when(F.col("title_id").isNull(), "missing_title")
    )
    exact = F.when(F.col("reason") == "unreadable", F.base64("line"))
    return reviews.withColumn("reason", reason).withColumn("base64", exact).drop("line")


def add_duplicate(reviews: DataFrame) -> DataFrame:
    """Adds duplicate: the same review, whatever its case, is kept in another row.

    The copy in the official test split is kept before others, then the lowest review_id: so the answer does not
    depend on the order of files. Only keys are sorted and exchanged, not texts.
    """
    not_test = F.coalesce(F.col("official_split") != "test", F.lit(True))
    order = [not_test, "review_id", "title_id", "label", "rating"]
    rank = F.row_number().over(Window.partitionBy(F.md5(F.lower("review"))).orderBy(*order))
    ranked = reviews.where("reason is null").select("row", rank.alias("rank"))
    copies = ranked.where("rank > 1").select("row", F.lit(True).alias("duplicate")).persist()
    joined = reviews.join(F.broadcast(copies), "row", "left")
    return joined.withColumn("duplicate", F.coalesce("duplicate", F.lit(False)))


def title_bucket(title_id: str) -> Column:
    """0-99, the same for a title on every machine and in every run."""
    return (F.conv(F.substring(F.md5(title_id), 1, 8), 16, 10).cast("long") % 100).cast("int")


def add_split(reviews: DataFrame) -> tuple[DataFrame, str]:
    """Adds split so that all reviews of a title are in one split; returns the rule that was used, too.

    "official": there are rows marked train and rows marked test. Test stays; of the others a fifth of the titles
    becomes validation, and rows whose title also has test reviews go to quarantine (`title_in_both_splits`).
    "by title": otherwise; 70 % of the titles train, 10 % validation, 20 % test.
    """
    usable, bucket = F.expr("reason is null and not duplicate"), title_bucket("title_id")
    official = reviews.where(usable & F.col("official_split").isNotNull())
    if official.select("official_split").distinct().count() < 2:
        by_title = F.when(bucket < 70, "train").when(bucket < 80, "validation").otherwise("test")
        return reviews.withColumn("split", F.when(usable, by_title)), "by title"
    test_titles = official.where("official_split = 'test'").select("title_id").distinct()
    in_test = F.broadcast(test_titles.withColumn("title_in_test", F.lit(True)))
    is_test = F.coalesce(F.col("official_split") == "test", F.lit(False))
    in_both = usable & ~is_test & F.col("title_in_test").isNotNull()
    split = F.when(is_test, "test").when(bucket < 20, "validation").otherwise("train")
    reason = F.when(in_both, "title_in_both_splits").otherwise(F.col("reason"))
    joined = reviews.join(in_test, "title_id", "left").withColumn("reason", reason)
    return joined.withColumn("split", F.when(F.expr("reason is null and not duplicate"), split)), "official"


# --- Titles


def read_csv(spark: SparkSession, path: str) -> DataFrame:
    """A CSV file with a header, in UTF-8; one that is not is read as Windows-1252."""
    look = {"header": True, "escape": '"', "multiLine": True}
    rows = spark.read.csv(path, **look)
    broken = [F.col(f"`{name}`").contains("\ufffd") for name in rows.columns]
    if not broken or rows.where(reduce(or_, broken)).isEmpty():
        return rows
    return spark.read.csv(path, **look, encoding="windows-1252")


def read_titles(spark: SparkSession, path: str | None) -> DataFrame:
    """title_id, title, year, genres: one row a title, no row if there is no such file."""
    empty = spark.createDataFrame([], "title_id string, title string, year int, genres string")
    try:
        titles = read_csv(spark, path) if path else empty
    except AnalysisException:  # nothing at this path
        return empty
    if not titles.columns:
        return empty
    missing = set(empty.columns) - set(titles.columns)
    if missing:
        raise ValueError(f"{path} lacks the columns {sorted(missing)}; it has {titles.columns}")
    rows = titles.selectExpr("lower(trim(title_id)) title_id", "trim(title) title", "int(year) year", "genres")
    first = [F.min_by(name, F.struct("title", "year", "genres")).alias(name) for name in rows.columns[1:]]
    return rows.groupBy("title_id").agg(*first)


def join_titles(reviews: DataFrame, titles: DataFrame) -> DataFrame:
    """The clean table's columns; title, year and genres are null where the title is not known."""
    words = F.size(F.split("review", " "))
    return reviews.join(titles, "title_id", "left").withColumn("words", words).select(*COLUMNS, "split")


# --- Writing and the report


def write_clean(glue: GlueContext, clean: DataFrame, args: dict[str, str]) -> None:
    """Replaces the Parquet files and registers the table and its partitions."""
    glue.purge_s3_path(args["clean_path"], {"retentionPeriod": 0})
    sink = glue.getSink(
        connection_type="s3",
        path=args["clean_path"],
        partitionKeys=["split"],
        enableUpdateCatalog=True,
        updateBehavior="UPDATE_IN_DATABASE",
    )
    sink.setCatalogInfo(catalogDatabase=args["database"], catalogTableName=args["table"])
    sink.setFormat("parquet", useGlueParquetWriter=True)
    sink.writeFrame(DynamicFrame.fromDF(clean, glue, "clean"))


def write_quarantine(reviews: DataFrame, path: str) -> None:
    """Replaces the quarantine: each line as it came; one that is no text also in base64."""
    rows = reviews.where("reason is not null").selectExpr("reason", "text line", "base64", "source")
    rows.write.mode("overwrite").partitionBy("reason").json(path)


def count_by(rows: DataFrame, column: str) -> dict[str, int]:
    """Number of rows for each value of a column."""
    return {row[0]: row[1] for row in rows.groupBy(column).count().orderBy(column).collect()}


def count_files(spark: SparkSession, path: str, form: str, column: str) -> dict[str, int]:
    """Rows in the files below a path, by their partition column; {} if there is no file."""
    try:
        return count_by(spark.read.schema(f"review_id string, {column} string").format(form).load(path), column)
    except AnalysisException:
        return {}


def make_report(spark: SparkSession, args: dict[str, str], lines: DataFrame, marked: DataFrame, rule: str) -> dict:
    """The counts: what came in and what was written, both from the files, and what was dropped."""
    by_split = dict.fromkeys(SPLITS, 0) | count_files(spark, args["clean_path"], "parquet", "split")
    by_reason = count_files(spark, args["quarantine_path"], "json", "reason")
    repaired = F.expr("not is_utf8 and reason is null")
    dropped = marked.agg(F.count_if("duplicate"), F.count_if(repaired)).first()
    return {
        "job_run_id": args.get("JOB_RUN_ID") or datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"),
        "rows_in": lines.count(),
        "rows_out": sum(by_split.values()),
        "quarantined": sum(by_reason.values()),
        "duplicates": dropped[0],
        "split_rule": rule,
        "by_split": by_split,
        "by_reason": by_reason,
        "repaired_encoding": dropped[1],
        "hidden_files": hidden_files(args["raw_path"]),
    }


def check_report(report: dict, clean: DataFrame) -> None:
    """Raises RuntimeError if a row vanished or a title is in two splits."""
    found = report["rows_out"] + report["quarantined"] + report["duplicates"]
    if report["rows_in"] != found:
        raise RuntimeError(f"{report['rows_in']} rows came in, but {found} are accounted for: {report}")
    shared = clean.groupBy("title_id").agg(F.countDistinct("split").alias("splits")).where("splits > 1").count()
    if shared:
        raise RuntimeError(f"{shared} titles are in more than one split")


def show(report: dict) -> str:
    """The report for a reader."""
    parts = [f"{report['rows_in']:>9,} rows in", f"{report['rows_out']:>9,} rows out, split {report['split_rule']}"]
    parts += [f"{count:>15,} {name}" for name, count in report["by_split"].items()]
    parts += [f"{report['quarantined']:>9,} quarantined"]
    parts += [f"{count:>15,} {name}" for name, count in report["by_reason"].items()]
    parts += [f"{report['duplicates']:>9,} duplicates dropped"]
    parts += [f"not read, a hidden name: {key}" for key in report["hidden_files"]]
    return "\n".join(parts)


def hidden_files(path: str) -> list[str]:
    """Keys below a path that Spark does not read, because a part of the name begins with "_" or "."."""
    bucket, _, prefix = path.removeprefix("s3://").partition("/")
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", []) if item["Size"]]
    return [key for key in keys if re.search(r"(^|/)[._]", key[len(prefix) :])]


def save_report(report: dict, folder: str) -> None:
    """Writes report_path/<job run id>.json."""
    bucket, _, prefix = folder.removeprefix("s3://").partition("/")
    key = f"{prefix.rstrip('/')}/{report['job_run_id']}.json"
    body = json.dumps(report, indent=2).encode()
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


# --- The job


def check_arguments(args: dict[str, str]) -> None:
    """Raises ValueError for a path that is not in S3, or that lies in another: writing replaces what is there."""
    paths = {name: args[name].rstrip("/") + "/" for name in (*PATHS, "titles_path") if args.get(name)}
    for name, path in paths.items():
        if not re.fullmatch(r"s3://[^/]+/[^/].*", path):
            raise ValueError(f"--{name} must be like s3://bucket/folder/, not {args[name]!r}")
        for replaced in {"clean_path", "quarantine_path"} - {name}:
            if path.startswith(paths[replaced]) or paths[replaced].startswith(path):
                raise ValueError(f"--{replaced} and --{name} overlap, and {paths[replaced]} is replaced")


def check_input(judged: DataFrame, path: str) -> None:
    """Raises ValueError if there is no row, if a needed field is in none of them, or if all are bad.

    And if a file's reviews cannot be read at all, because it is packed in another way than its name says or is UTF-16.
    """
    good, filled = F.expr("reason is null"), [F.count(name) for name in NEEDED_FIELDS]
    rows, usable, *values = judged.agg(F.count("*"), F.count_if(good), *filled).first()
    if not rows:
        raise ValueError(f"There is no review under {path}")
    absent = [name for name, count in zip(NEEDED_FIELDS, values, strict=True) if not count]
    packed = judged.where(F.col("base64").rlike(PACKED)).select("source").distinct().limit(5).collect()
    if packed:
        names = ", ".join(row["source"].rpartition("/")[2] for row in packed)
        raise ValueError(f"{names} under {path}: packed in a way that its name does not say, or UTF-16; {WANTED}")
    first = judged.select("text").first()["text"][:80]
    if absent:
        missing = " or ".join(absent)
        raise ValueError(f"No row under {path} has a usable {missing}: {WANTED}; a line there is {first!r}")
    if not usable:
        raise ValueError(f"All rows under {path} are bad, {count_by(judged, 'reason')}: {WANTED}; one is {first!r}")


def run(glue: GlueContext, args: dict[str, str]) -> dict:
    """All steps; returns the report. Nothing is replaced before the input has proved usable."""
    check_arguments(args)
    spark = glue.spark_session
    try:
        lines = read_lines(spark, args["raw_path"])
    except AnalysisException:
        raise ValueError(f"There is no review under {args['raw_path']}") from None
    judged = add_reason(clean_reviews(parse_reviews(decode_lines(lines))))
    judged = judged.withColumn("row", F.monotonically_increasing_id()).persist(StorageLevel.DISK_ONLY)
    check_input(judged, args["raw_path"])
    marked = add_duplicate(judged)
    reviews, rule = add_split(marked)
    clean = join_titles(reviews.where("split is not null"), read_titles(spark, args.get("titles_path")))
    write_clean(glue, clean, args)
    write_quarantine(reviews, args["quarantine_path"])
    report = make_report(spark, args, lines, marked, rule)
    check_report(report, spark.read.parquet(args["clean_path"]))
    return report


def arguments(argv: list[str]) -> dict[str, str]:
    """The job's arguments; titles_path may be absent, which getResolvedOptions does not know."""
    given = {word.split("=")[0] for word in argv}
    optional = [name for name in ("titles_path",) if f"--{name}" in given]
    return getResolvedOptions(argv, [*REQUIRED, *optional])


def main(argv: list[str]) -> None:
    args = arguments(argv)
    glue = GlueContext(SparkContext.getOrCreate())
    job = Job(glue)
    job.init(args["JOB_NAME"], args)
    report = run(glue, args)
    save_report(report, args["report_path"])
    print(show(report))
    job.commit()


if __name__ == "__main__":
    main(sys.argv)
