"""Every operation of Athena that is ours, asked with every member."""

from __future__ import annotations

from full_requests import ACCOUNT, Asker
from own_cloud import wait_until


def ask_athena(every: Asker, bucket: str) -> None:
    every.client("glue").create_database(DatabaseInput={"Name": "db"})
    every.client("glue").create_table(DatabaseName="db", TableInput={"Name": "t"})
    every.common = {
        **{"Name": "group", "OutputLocation": f"s3://{bucket}/athena/", "EncryptionOption": "SSE_S3"},
        **{"SelectedEngineVersion": "AUTO", "ExpectedBucketOwner": ACCOUNT, "Database": "db", "DatabaseName": "db"},
        **{"CatalogName": "AwsDataCatalog", "Catalog": "AwsDataCatalog", "TableName": "t", "WorkGroup": "group"},
        **{"QueryString": "SELECT 1", "QueryStatement": "SELECT ?", "BytesScannedCutoffPerQuery": 10_000_000},
        **{"ClientRequestToken": "x" * 32, "StatementName": "every", "Expression": "t", "State": "ENABLED"},
    }
    _workgroups(every)
    _saved(every)
    _queries(every)
    _catalog(every)
    every.ask("athena", "DeleteWorkGroup")


_ELSEWHERE = (
    *("ManagedQueryResultsConfiguration", "AdditionalConfiguration", "ExecutionRole", "MonitoringConfiguration"),
    *("EngineConfiguration", "CustomerContentEncryptionConfiguration", "EnableMinimumEncryptionConfiguration"),
    *("IdentityCenterConfiguration", "QueryResultsS3AccessGrantsConfiguration", "RequesterPaysEnabled"),
)


def _workgroups(every: Asker) -> None:
    def below(place: str, *names: str) -> list[str]:
        return [f"{place}.{name}" for name in names]

    shape = every.members("athena", "CreateWorkGroup")
    refused = [path for path in below("Configuration", *_ELSEWHERE) if path in shape]
    key = "Configuration.ResultConfiguration.EncryptionConfiguration.KmsKey"
    every.ask("athena", "CreateWorkGroup", refuses=[*refused, key])
    every.ask("athena", "GetWorkGroup")
    shape = every.members("athena", "UpdateWorkGroup")
    refused = [path for path in below("ConfigurationUpdates", *_ELSEWHERE) if path in shape]
    refused += below("ConfigurationUpdates", "ManagedQueryResultsConfigurationUpdates")
    results = "ConfigurationUpdates.ResultConfigurationUpdates"
    parts = ("OutputLocation", "EncryptionConfiguration", "ExpectedBucketOwner", "AclConfiguration")
    removals = below(results, *(f"Remove{part}" for part in parts))
    key = f"{results}.EncryptionConfiguration.KmsKey"
    cutoff = "ConfigurationUpdates.RemoveBytesScannedCutoffPerQuery"
    every.ask("athena", "UpdateWorkGroup", refuses=[*refused, key], without=[*removals, cutoff])
    every.ask("athena", "GetWorkGroup")
    given = [*below(results, *parts), "ConfigurationUpdates.BytesScannedCutoffPerQuery"]
    every.ask("athena", "UpdateWorkGroup", without=[*refused, *given])
    every.ask("athena", "ListWorkGroups", without=["NextToken"])
    address = {"ResourceARN": f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/group"}
    every.ask("athena", "ListTagsForResource", address, without=["NextToken"])
    every.ask("athena", "TagResource", address)
    every.ask("athena", "ListTagsForResource", address, without=["NextToken"])
    every.ask("athena", "UntagResource", address)


def _saved(every: Asker) -> None:
    identity = every.ask("athena", "CreateNamedQuery")["NamedQueryId"]
    every.common |= {"NamedQueryId": identity, "NamedQueryIds": [identity]}
    every.ask("athena", "GetNamedQuery")
    every.ask("athena", "UpdateNamedQuery", {"Name": "other"})
    for name in ("GetNamedQuery", "BatchGetNamedQuery"):
        every.ask("athena", name)
    every.ask("athena", "ListNamedQueries", without=["NextToken"])
    every.ask("athena", "DeleteNamedQuery")
    every.ask("athena", "CreatePreparedStatement")
    every.ask("athena", "GetPreparedStatement")
    every.ask("athena", "UpdatePreparedStatement")
    every.ask("athena", "GetPreparedStatement")
    every.ask("athena", "BatchGetPreparedStatement", {"PreparedStatementNames": ["every"]})
    every.ask("athena", "ListPreparedStatements", without=["NextToken"])
    every.ask("athena", "DeletePreparedStatement")


def _queries(every: Asker) -> None:
    given = {"QueryString": "SELECT ?", "ExecutionParameters": ["1"], "MaxAgeInMinutes": 1}
    key = "ResultConfiguration.EncryptionConfiguration.KmsKey"
    refused = ["EngineConfiguration", "ResultReuseConfiguration", key]
    identity = every.ask("athena", "StartQueryExecution", given, refuses=refused)["QueryExecutionId"]
    every.common |= {"QueryExecutionId": identity, "QueryExecutionIds": [identity]}
    client = every.client("athena")
    ended = ("SUCCEEDED", "FAILED")
    wait_until(
        lambda: client.get_query_execution(QueryExecutionId=identity)["QueryExecution"]["Status"]["State"] in ended
    )
    for name in ("GetQueryExecution", "BatchGetQueryExecution", "GetQueryRuntimeStatistics", "StopQueryExecution"):
        every.ask("athena", name)
    every.ask("athena", "GetQueryResults", {"QueryResultType": "DATA_ROWS"}, without=["NextToken"])
    every.ask("athena", "ListQueryExecutions", without=["NextToken"])


def _catalog(every: Asker) -> None:
    every.ask("athena", "GetDataCatalog", {"Name": "AwsDataCatalog"})
    for name in ("GetDatabase", "GetTableMetadata"):
        every.ask("athena", name)
    for name in ("ListDataCatalogs", "ListDatabases", "ListEngineVersions", "ListTableMetadata"):
        every.ask("athena", name, without=["NextToken"])
