"""The local stand-in of `awsglue`: arguments in this Python, the rest by Spark in the Glue image."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from own_cloud import OwnCloud
from run_in_glue import run_driver

from localcloud.jobs import spark

NEED_AN_IMAGE = {"results"}

BUCKET = "awsglue-test"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


# Arguments


@pytest.fixture(scope="module")
def utils() -> ModuleType:
    """`awsglue.utils`, which needs nothing of the image."""
    spec = importlib.util.spec_from_file_location("awsglue_utils", spark.RUNTIME / "awsglue" / "utils.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RESERVED = {
    "job_bookmark_option": "job-bookmark-disable",
    **dict.fromkeys(("job_bookmark_from", "job_bookmark_to", "JOB_ID", "JOB_RUN_ID", "SECURITY_CONFIGURATION")),
    **dict.fromkeys(("encryption_type", "enable_data_lineage", "RedshiftTempDir", "TempDir")),
}
TEMP = {"TempDir": "s3://b/t/", "RedshiftTempDir": "s3://b/t/"}


@pytest.mark.parametrize(
    ("args", "options", "result"),
    [
        (["--JOB_NAME", "etl", "--path=s3://b/x=1/", "--other", "no"], ["JOB_NAME", "path"], {"path": "s3://b/x=1/"}),
        (["--a", "1", "--a=2"], ["a"], {"a": "2"}),  # the last counts
        (["--a", ""], ["a"], {"a": ""}),
        (["--a="], ["a"], {"a": ""}),
        (["--a", "-5"], ["a"], {"a": "-5"}),
        (["--a", "1 = one", "more"], ["a"], {"a": "1 = one"}),
        (["--a", "1", "--ab", "2"], ["ab"], {"ab": "2"}),  # no name is cut short
        ([], ["TempDir"], {}),
        (["--TempDir", "s3://b/t/"], ["TempDir"], TEMP),
        (["--TempDir", "s3://b/t/"], [], TEMP),
        (["--JOB_RUN_ID", "jr_1", "--JOB_ID", "j_1"], [], {"JOB_RUN_ID": "jr_1", "JOB_ID": "j_1"}),
        (["--job-bookmark-option", "job-bookmark-disable"], [], {}),
    ],
)
def test_the_result_has_what_was_asked_for_and_what_glue_adds(
    utils: ModuleType, args: list[str], options: list[str], result: dict[str, str]
) -> None:
    name = {"JOB_NAME": "etl"} if "JOB_NAME" in options else {}
    assert utils.getResolvedOptions(["job.py", *args], options) == {**RESERVED, **name, **result}


def test_the_script_itself_is_no_option(utils: ModuleType) -> None:
    assert utils.getResolvedOptions(["--a", "loose", "--a", "1"], ["a"])["a"] == "1"


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        (["--b", "1"], ["a", "b", "c"], "the following arguments are required: --a, --c"),
        (["--path_x", "1"], ["path"], "the following arguments are required: --path"),
        (["--a", "--b", "1"], ["a", "b"], "these arguments need a value: --a"),
        (["--a"], ["a"], "these arguments need a value: --a"),
        (["--a-b", "1"], ["a-b"], "without hyphens"),
        (["--JOB_RUN_ID", "1"], ["JOB_RUN_ID"], "JOB_RUN_ID is reserved"),
        ([], ["job_bookmark_option"], "job_bookmark_option is reserved"),
        (["--TempDir"], ["TempDir"], "these arguments need a value: --TempDir"),
        (["--da", "1"], ["day"], "the following arguments are required: --day"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    utils: ModuleType, args: list[str], options: list[str], message: str
) -> None:
    with pytest.raises(utils.GlueArgumentError, match=message):
        utils.getResolvedOptions(["job.py", *args], options)


# Frames, sinks and the catalog

FILES = {
    "csv/a.csv": 'n,text\n1,"a ""b"", c"\n2,x\n',
    "tsv/a.tsv": 'n\ttext\n1\t"open\n2\t5" disc\n',
    "single/a.csv": "n,text\n1,'a;b'\n",
    "escaped/a.csv": 'n,text\n1,"say \\"no\\", ok"\n',
    "multi/a.csv": 'n,text\n1,"two\nlines"\n',
    "mixed/a.csv": "n\n1\n",
    "mixed/notes.txt": "n\n2\n",
    "mixed/deep/b.csv": "n\n3\n",
    "mixed/deep/c.txt": "n\n4\n",
    "tabs/a.txt": '1\t"open\n2\tx\n',
    "open/a.csv": "n,text\n1,'a,b'\n2,x\n",
}
LAZY, CSV_KIND = "lazy.LazySimpleSerDe", {"classification": "csv"}
TABLES: dict[str, tuple[str, str, dict[str, str], dict[str, str]]] = {
    "tabs": ("tabs", LAZY, {"field.delim": "\t", "quoteChar": "-1"}, CSV_KIND),
    "open_csv": (
        *("open", "OpenCSVSerde", {"separatorChar": ",", "quoteChar": "'"}),
        {**CSV_KIND, "skip.header.line.count": "1"},
    ),
    "gone": ("nothing-here", LAZY, {"field.delim": ","}, CSV_KIND),
    "regex": ("csv", "RegexSerDe", {"input.regex": "(.*)"}, CSV_KIND),
    "headers": ("csv", LAZY, {"field.delim": ","}, {**CSV_KIND, "skip.header.line.count": "2"}),
    "nameless": ("csv", LAZY, {"field.delim": ","}, {}),
}
ROWS = [[1, "one", "a", 1.5], [2, "two, 2", "b c", None], [3, 'three "3"', "a", 3.5]]


@pytest.fixture(scope="module")
def results(local_aws: OwnCloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("awsglue")
    for name, content in FILES.items():
        (folder / BUCKET / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / BUCKET / name).write_text(content)
    glue = local_aws.client("glue")
    glue.create_database(DatabaseInput={"Name": "glue_test"})
    for name, (place, serde, settings, parameters) in TABLES.items():
        storage = {
            "Columns": [{"Name": "n", "Type": "string"}, {"Name": "text", "Type": "string"}],
            "Location": f"s3://{BUCKET}/{place}/",
            "SerdeInfo": {"SerializationLibrary": f"org.apache.hadoop.hive.serde2.{serde}", "Parameters": settings},
        }
        table = {"Name": name, "StorageDescriptor": storage, "Parameters": parameters}
        glue.create_table(DatabaseName="glue_test", TableInput=table)
    driver = Path(__file__).with_name("awsglue_driver.py")
    made: dict[str, Any] = run_driver(driver, {"bucket": BUCKET}, folder, {BUCKET: folder / BUCKET}, local_aws)
    return made


@pytest.fixture
def table(results: dict[str, Any], local_aws: OwnCloud) -> Any:
    """Reads a table of the catalog by its name."""
    glue = local_aws.client("glue")
    return lambda name: glue.get_table(DatabaseName="glue_test", Name=name)["Table"]


def test_a_job_begins_before_it_commits(results: dict[str, Any]) -> None:
    assert results["commit before init"].startswith("RuntimeError: Job.commit() before Job.init()")
    assert results["commit"] == "done"


def test_a_dynamic_frame_counts_its_rows(results: dict[str, Any]) -> None:
    assert results["count"] == 3


def test_the_logger_takes_a_line(results: dict[str, Any]) -> None:
    assert results["logger"] is None


@pytest.mark.parametrize("form", ["parquet", "glueparquet", "json"])
def test_a_table_that_a_sink_wrote_is_read_from_the_catalog(results: dict[str, Any], form: str) -> None:
    assert results[form] == ROWS


def test_a_csv_table_is_read_without_its_header(results: dict[str, Any]) -> None:
    assert results["csv"] == [[1, "a", 1.5], [2, "b c", None], [3, "a", 3.5]]


def test_a_table_without_partitions_is_read_from_the_catalog(results: dict[str, Any]) -> None:
    assert results["no partitions"] == ROWS


def test_a_predicate_selects_partitions(results: dict[str, Any]) -> None:
    assert results["predicate"] == [ROWS[1]]


def test_a_sink_appends(results: dict[str, Any]) -> None:
    assert results["second write"] == 6


def test_a_parquet_table_is_registered_as_glue_does(table: Any) -> None:
    found = table("parquet_table")
    storage = found["StorageDescriptor"]
    assert storage["Columns"] == [
        {"Name": "id", "Type": "int"},
        {"Name": "name", "Type": "string"},
        {"Name": "score", "Type": "double"},
    ]
    assert found["PartitionKeys"] == [{"Name": "part", "Type": "string"}]
    assert found["TableType"] == "EXTERNAL_TABLE"
    assert found["Parameters"]["classification"] == "parquet"
    assert storage["SerdeInfo"]["SerializationLibrary"] == f"{PARQUET}.serde.ParquetHiveSerDe"
    assert storage["InputFormat"] == f"{PARQUET}.MapredParquetInputFormat"
    assert storage["OutputFormat"] == f"{PARQUET}.MapredParquetOutputFormat"
    assert storage["Location"] == f"s3://{BUCKET}/parquet_table/"


@pytest.mark.parametrize(
    ("name", "classification", "serde"),
    [
        ("glueparquet_table", "glueparquet", f"{PARQUET}.serde.ParquetHiveSerDe"),
        ("json_table", "json", "org.openx.data.jsonserde.JsonSerDe"),
        ("csv_table", "csv", "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
    ],
)
def test_each_format_has_its_serde(table: Any, name: str, classification: str, serde: str) -> None:
    found = table(name)
    assert found["Parameters"]["classification"] == classification
    assert found["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"] == serde


def test_each_partition_is_registered_with_its_folder(results: dict[str, Any], local_aws: OwnCloud) -> None:
    answer = local_aws.client("glue").get_partitions(DatabaseName="glue_test", TableName="parquet_table")
    found = {tuple(part["Values"]): part["StorageDescriptor"]["Location"] for part in answer["Partitions"]}
    root = f"s3://{BUCKET}/parquet_table"
    assert found == {("a",): f"{root}/part=a/", ("b c",): f"{root}/part=b c/"}


def test_a_new_column_is_added_to_the_table_by_default(results: dict[str, Any], table: Any) -> None:
    assert [4, 9, "four", "d", 4.5] in results["UPDATE_IN_DATABASE"]
    columns = [column["Name"] for column in table("grown_update_in_database")["StorageDescriptor"]["Columns"]]
    assert columns == ["id", "name", "score", "more"]


def test_with_log_the_table_keeps_its_columns_and_gets_the_partition(results: dict[str, Any]) -> None:
    assert [4, "four", "d", 4.5] in results["LOG"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("other keys", "ValueError: Table glue_test.parquet_table is partitioned by ['part'], the sink by ['id']"),
        ("no database", "EntityNotFoundException:"),
        ("no table", "EntityNotFoundException:"),
        ("no format", "ValueError: The sink has no format"),
        ("no path", "ValueError: The S3 sink needs path="),
    ],
)
def test_a_mistake_is_refused_with_its_reason(results: dict[str, Any], name: str, message: str) -> None:
    assert str(results[name]).startswith(message)


CSV = {
    "no header": [["col0", "col1"], ["1", 'a "b", c'], ["2", "x"], ["n", "text"]],
    "header": [["n", "text"], ["1", 'a "b", c'], ["2", "x"]],
    "skip first": [["col0", "col1"], ["1", 'a "b", c'], ["2", "x"]],
    "no quotes": [["n", "text"], ["1", '"open'], ["2", '5" disc']],
    "no quotes by text": [["n", "text"], ["1", '"open'], ["2", '5" disc']],
    "other quotes": [["n", "text"], ["1", "a;b"]],
    "escaper": [["n", "text"], ["1", 'say "no", ok']],
    "line breaks": [["n", "text"], ["1", "two\nlines"]],
    "path": [["n", "text"], ["1", 'a "b", c'], ["2", "x"]],
    "exclusions": [["n"], ["1"]],
    "exclusions over folders": [["n"], ["1"], ["3"]],
    "written without quotes": ["n;text", '1;say "a", b', "2; c "],
    "written with quotes": ['1;"say ""a"", b"', "2; c "],
    "written with an escaper": ["n,text", '1,"say \\"a\\", b"', "2, c "],
}


@pytest.mark.parametrize("name", CSV)
def test_an_option_of_csv_or_of_the_paths_acts(results: dict[str, Any], name: str) -> None:
    assert results[f"csv: {name}"] == CSV[name]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("unknown option", "NotImplementedError: format_options of csv: nullString not offered"),
        ("optimizePerformance", "NotImplementedError: format_options of csv: optimizePerformance not offered"),
        ("two characters", "ValueError: format_options: separator must be one character, not '||'"),
        ("unknown path option", "NotImplementedError: create_dynamic_frame.from_options connection_options: maxBand"),
        ("bad exclusions", "ValueError: exclusions must be a JSON list"),
        ("line break without quotes", "Py4JJavaError"),
    ],
)
def test_an_option_of_csv_that_cannot_act_is_refused(results: dict[str, Any], name: str, message: str) -> None:
    assert str(results[f"csv: {name}"]).startswith(message)


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("tabs", [["1", '"open'], ["2", "x"]]),
        ("open_csv", [["1", "a,b"], ["2", "x"]]),
        ("gone", []),
        ("regex", "NotImplementedError: glue_test.regex: the SerDe org.apache.hadoop.hive.serde2.RegexSerDe"),
        ("headers", "NotImplementedError: glue_test.headers: skip.header.line.count 2 not offered"),
        ("nameless", "ValueError: No classification or connection in glue_test.nameless"),
    ],
)
def test_a_tables_serde_is_followed_or_refused(results: dict[str, Any], table: str, rows: Any) -> None:
    found = results[f"serde: {table}"]
    assert found.startswith(rows) if isinstance(rows, str) else found == rows


def test_a_predicate_names_partitions_only(results: dict[str, Any]) -> None:
    assert "UNRESOLVED_COLUMN" in str(results["predicate on a column"])


@pytest.mark.parametrize("form", ["parquet", "json"])
def test_files_are_written_and_read_by_options(results: dict[str, Any], form: str) -> None:
    assert results[f"options {form}"] == ROWS


def test_csv_files_are_read_as_text(results: dict[str, Any]) -> None:
    assert results["options csv"] == [[None if cell is None else str(cell) for cell in row] for row in ROWS]


def test_a_purge_deletes_what_is_older_than_the_retention_period(results: dict[str, Any]) -> None:
    assert (results["purge all"], results["purge old"]) == (0, 3)
    assert results["purge nothing"] is None


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("purge_table", "GlueContext.purge_table"),
        ("jdbc", "connection_type 'jdbc'"),
        ("avro", "format 'avro'"),
        ("sink option", "groupSize"),
        ("from_rdd", "create_dynamic_frame.from_rdd"),
        ("relationalize", "DynamicFrame.relationalize"),
        ("toDF", "DynamicFrame.toDF(options)"),
        ("ApplyMapping", "ApplyMapping"),
        ("bookmark", "jobBookmarkKeys"),
    ],
)
def test_what_is_not_offered_is_named(results: dict[str, Any], name: str, named: str) -> None:
    raised = results[f"offered: {name}"]
    assert raised.startswith("NotImplementedError: ")
    assert named in raised
