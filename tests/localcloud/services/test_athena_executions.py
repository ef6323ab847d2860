"""Athena's API around a query: pages, workgroups, tokens, stopping, prepared statements."""

from __future__ import annotations

import time
from typing import Any

import pytest
from athena_queries import Athena, Failed, made
from botocore.exceptions import ClientError
from own_cloud import OwnCloud, wait_until


@pytest.fixture(scope="module")
def lake(local_aws: OwnCloud) -> Athena:
    return made(local_aws, "lake")


def refusal(call: Any, **request: Any) -> str:
    """The message of InvalidRequestException."""
    with pytest.raises(ClientError) as error:
        call(**request)
    assert error.value.response["Error"]["Code"] == "InvalidRequestException"
    return str(error.value.response["Error"]["Message"])


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_pages_add_up_and_the_header_counts(lake: Athena, size: int) -> None:
    text = "CASE WHEN n % 2 = 0 THEN 'a \"b\",' || chr(10) || 'ü' END"
    execution = lake.run(f"SELECT n, {text} AS t FROM UNNEST(sequence(1, 25)) AS s(n)")
    rows: list[list[str | None]] = []
    more: dict[str, Any] = {}
    while True:
        page = lake.page(execution["QueryExecutionId"], MaxResults=size, **more)
        assert len(page["ResultSet"]["Rows"]) <= size
        rows += [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    assert rows == [["n", "t"], *([str(n), 'a "b",\nü' if n % 2 == 0 else None] for n in range(1, 26))]


def test_a_token_of_another_query_is_refused(lake: Athena) -> None:
    first, second = (lake.run("SELECT * FROM (VALUES 1, 2, 3) AS t(a)")["QueryExecutionId"] for _ in range(2))
    token = lake.page(first, MaxResults=1)["NextToken"]
    for wrong in (token, "MTA=", "not base64 at all"):
        assert "NextToken" in refusal(lake.athena.get_query_results, QueryExecutionId=second, NextToken=wrong)


@pytest.mark.parametrize("output", ["results", "results/"])
def test_the_execution_names_its_result(lake: Athena, output: str) -> None:
    where = {"ResultConfiguration": {"OutputLocation": f"s3://{lake.bucket}/{output}"}}
    execution = lake.run("SELECT NULL AS a, '' AS b, 'x' AS c", **where)
    key = f"results/{execution['QueryExecutionId']}.csv"
    assert execution["ResultConfiguration"]["OutputLocation"] == f"s3://{lake.bucket}/{key}"
    assert lake.s3.get_object(Bucket=lake.bucket, Key=key)["Body"].read() == b'"a","b","c"\n,"","x"\n'
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "SELECT")


def test_the_bytes_scanned_are_those_of_the_tables_files(lake: Athena) -> None:
    lake.put("films/films.csv", "1,Heat\n2,Ran\n")
    lake.run(
        "CREATE EXTERNAL TABLE films (id int, title string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        f"LOCATION 's3://{lake.bucket}/films/'"
    )
    execution = lake.run("SELECT count(*) FROM films")
    assert execution["Statistics"]["DataScannedInBytes"] == len("1,Heat\n2,Ran\n")


def test_a_query_that_is_stopped_ends_and_the_next_one_runs(lake: Athena) -> None:
    numbers = "UNNEST(sequence(1, 9000))"
    identity = lake.start(f"SELECT max(x * y % z) FROM {numbers} AS a(x), {numbers} AS b(y), {numbers} AS c(z)")
    wait_until(lambda: lake.execution(identity)["Status"]["State"] == "RUNNING")
    assert "Current state: RUNNING" in refusal(lake.athena.get_query_results, QueryExecutionId=identity)
    lake.athena.stop_query_execution(QueryExecutionId=identity)
    assert lake.ended(identity)["Status"]["State"] == "CANCELLED"
    assert "CANCELLED" in refusal(lake.athena.get_query_results, QueryExecutionId=identity)
    done = lake.run("SELECT 1")
    lake.athena.stop_query_execution(QueryExecutionId=done["QueryExecutionId"])
    assert lake.execution(done["QueryExecutionId"])["Status"]["State"] == "SUCCEEDED"


def test_the_newest_query_is_listed_first_and_tokens_hold(lake: Athena) -> None:
    ran = [lake.start("SHOW DATABASES") for _ in range(3)]
    for identity in ran:
        lake.ended(identity)
    first = lake.athena.list_query_executions(MaxResults=2)
    assert first["QueryExecutionIds"] == [ran[2], ran[1]]
    lake.run("SHOW DATABASES")
    assert lake.athena.list_query_executions(MaxResults=1, NextToken=first["NextToken"])["QueryExecutionIds"] == [
        ran[0]
    ]
    assert "token" in refusal(lake.athena.list_query_executions, NextToken="e30=")
    found = lake.athena.batch_get_query_execution(QueryExecutionIds=[ran[0], "nobody"])
    assert [item["QueryExecutionId"] for item in found["QueryExecutions"]] == [ran[0]]
    assert [item["QueryExecutionId"] for item in found["UnprocessedQueryExecutionIds"]] == ["nobody"]


def test_a_request_with_a_token_happens_once(lake: Athena) -> None:
    token = "t" * 31 + str(time.time_ns())
    first = lake.start("SELECT 1", ClientRequestToken=token)
    assert lake.start("SELECT 1", ClientRequestToken=token) == first
    assert "Idempotent" in refusal(lake.start, sql="SELECT 2", ClientRequestToken=token)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ResultConfiguration": {}}, "No output location provided"),
        ({"ResultConfiguration": {"OutputLocation": "s3://there-is-no-such-bucket/"}}, "output bucket"),
        ({"ResultConfiguration": {"OutputLocation": "/home"}}, "not a valid S3 path"),
        ({"QueryExecutionContext": {"Catalog": "elsewhere"}}, "AwsDataCatalog alone"),
        ({"EngineConfiguration": {"MaxConcurrentDpus": 20}}, "EngineConfiguration is not offered"),
        ({"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": True}}}, "not offered"),
        ({"WorkGroup": "nobody"}, "WorkGroup nobody is not found"),
        ({"sql": "SELEC 1"}, "mismatched input 'SELEC'"),
        ({"sql": "SELECT FROM"}, "line 1:"),
        ({"sql": "EXECUTE nothing USING 1"}, "nothing was not found"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_at_once(lake: Athena, more: dict[str, Any], said: str) -> None:
    assert said in refusal(lake.start, **{"sql": "SELECT 1", **more})


def test_parameters_take_their_places(lake: Athena) -> None:
    sql = "SELECT a FROM (VALUES ('x', 1), ('y', 2)) AS t(a, b) WHERE a = ? AND b < ?"
    assert lake.rows(sql, ExecutionParameters=["'x'", "5"]) == [["x"]]
    assert lake.rows(sql, ExecutionParameters=["y", "5"]) == [["y"]]  # what is no literal is a text
    with pytest.raises(Failed, match="expected 2 but found 1"):
        lake.run(sql, ExecutionParameters=["1"])
    lake.run(f"PREPARE mine FROM {sql}")
    assert lake.rows("EXECUTE mine USING 'y', 3") == [["y"]]
    assert lake.rows("EXECUTE mine", ExecutionParameters=["'y'", "3"]) == [["y"]]
    listed = lake.athena.list_prepared_statements(WorkGroup="primary")["PreparedStatements"]
    assert "mine" in [item["StatementName"] for item in listed]
    lake.athena.update_prepared_statement(StatementName="mine", WorkGroup="primary", QueryStatement="SELECT 1 + ?")
    assert lake.rows("EXECUTE mine USING 1") == [["2"]]
    lake.run("DEALLOCATE PREPARE mine")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        lake.athena.get_prepared_statement(StatementName="mine", WorkGroup="primary")


def test_a_workgroup_decides_where_results_go_and_how_much_is_scanned(lake: Athena) -> None:
    name = lake.database
    own = {"OutputLocation": f"s3://{lake.bucket}/group/"}
    asked = {
        "ResultConfiguration": own,
        "BytesScannedCutoffPerQuery": 10_000_000,
        "PublishCloudWatchMetricsEnabled": True,
    }
    lake.athena.create_work_group(Name=name, Configuration=asked, Tags=[{"Key": "team", "Value": "a"}])
    found = lake.athena.get_work_group(WorkGroup=name)["WorkGroup"]
    assert (found["State"], found["Configuration"]["EnforceWorkGroupConfiguration"]) == ("ENABLED", True)
    address = f"arn:aws:athena:us-east-1:123456789012:workgroup/{name}"
    assert lake.athena.list_tags_for_resource(ResourceARN=address)["Tags"] == [{"Key": "team", "Value": "a"}]
    execution = lake.run("SELECT 1", WorkGroup=name)
    assert execution["ResultConfiguration"]["OutputLocation"].startswith(own["OutputLocation"])
    lake.put("large/a.csv", "x" * 9_999_999 + "\n" + "y\n")
    lake.run(f"CREATE EXTERNAL TABLE large (a string) LOCATION 's3://{lake.bucket}/large/'")
    over = lake.ended(lake.start("SELECT max(a) FROM large", WorkGroup=name))
    assert over["Status"]["State"] == "CANCELLED"
    assert "Bytes scanned limit was exceeded" in over["Status"]["StateChangeReason"]
    metrics = lake.cloud.client("cloudwatch").list_metrics(Namespace="AWS/Athena")["Metrics"]
    assert "ProcessedBytes" in {metric["MetricName"] for metric in metrics}
    external = f"CREATE TABLE t WITH (external_location = 's3://{lake.bucket}/t/') AS SELECT 1 AS a"
    assert "centralized output location" in refusal(lake.start, sql=external, WorkGroup=name)
    updates = {"ResultConfigurationUpdates": {"RemoveOutputLocation": True}, "RemoveBytesScannedCutoffPerQuery": True}
    lake.athena.update_work_group(WorkGroup=name, State="DISABLED", ConfigurationUpdates=updates)
    changed = lake.athena.get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"]
    assert "BytesScannedCutoffPerQuery" not in changed
    assert changed.get("ResultConfiguration", {}) == {}
    assert "disabled" in refusal(lake.start, sql="SELECT 1", WorkGroup=name)
    assert "not empty" in refusal(lake.athena.delete_work_group, WorkGroup=name)
    lake.athena.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)
    assert name not in [group["Name"] for group in lake.athena.list_work_groups()["WorkGroups"]]


@pytest.mark.parametrize(
    "configuration",
    [
        {"RequesterPaysEnabled": True},
        {"ExecutionRole": "arn:aws:iam::123456789012:role/x"},
        {"ManagedQueryResultsConfiguration": {"Enabled": True}},
        {"EngineVersion": {"SelectedEngineVersion": "Athena engine version 2"}},
        {"ResultConfiguration": {"EncryptionConfiguration": {"EncryptionOption": "SSE_KMS"}}},
    ],
)
def test_a_workgroup_refuses_what_could_have_no_effect(lake: Athena, configuration: dict[str, Any]) -> None:
    assert "not offered" in refusal(lake.athena.create_work_group, Name="refused", Configuration=configuration)


def test_named_queries_are_kept(lake: Athena) -> None:
    made_query = {"Name": "mine", "Database": lake.database, "QueryString": "SELECT 1"}
    identity = lake.athena.create_named_query(**made_query)["NamedQueryId"]
    lake.athena.update_named_query(NamedQueryId=identity, Name="ours", QueryString="SELECT 2")
    found = lake.athena.get_named_query(NamedQueryId=identity)["NamedQuery"]
    assert (found["Name"], found["QueryString"], found["WorkGroup"]) == ("ours", "SELECT 2", "primary")
    assert identity in lake.athena.list_named_queries()["NamedQueryIds"]
    lake.athena.delete_named_query(NamedQueryId=identity)
    assert "was not found" in refusal(lake.athena.get_named_query, NamedQueryId=identity)


def test_the_catalog_is_seen_through_athena_too(lake: Athena) -> None:
    for name in ("birch", "beech", "oak"):
        lake.run(f"CREATE EXTERNAL TABLE {name} (a int) LOCATION 's3://{lake.bucket}/{name}/'")
    where = {"CatalogName": "AwsDataCatalog", "DatabaseName": lake.database}
    found = lake.athena.list_table_metadata(**where, Expression="b.*ch")["TableMetadataList"]
    assert [table["Name"] for table in found] == ["beech", "birch"]
    assert lake.athena.get_table_metadata(**where, TableName="oak")["TableMetadata"]["Columns"] == [
        {"Name": "a", "Type": "int"}
    ]
    assert lake.athena.get_database(**where)["Database"]["Name"] == lake.database
    with pytest.raises(ClientError, match="MetadataException"):
        lake.athena.get_table_metadata(**where, TableName="pine")
