"""Every operation of Glue that is ours, asked with every member."""

from __future__ import annotations

from full_requests import ACCOUNT, ROLE, Asker
from own_cloud import wait_until

_GOVERNED = ("TransactionId", "QueryAsOfTime")
_AUDITED = ("AuditContext",)


def ask_glue(every: Asker, bucket: str) -> None:
    every.common = {"CatalogId": ACCOUNT, "DatabaseName": "db", "TableName": "t", "NextToken": "0", "Role": "every"}
    every.common |= {"Tags": {"course": "every"}}
    every.common["CodeGenConfigurationNodes"] = {
        "1": {"Union": {"Name": "u", "Inputs": ["a", "b"], "UnionType": "ALL"}}
    }
    _catalog(every)
    _partitions(every)
    _forgotten(every)
    _jobs(every, bucket)
    _workflows(every)
    _crawlers(every, bucket)


def _catalog(every: Asker) -> None:
    links = [
        f"DatabaseInput.{name}" for name in ("TargetDatabase", "FederatedDatabase", "CreateTableDefaultPermissions")
    ]
    every.ask("glue", "CreateDatabase", {"DatabaseInput.Name": "db"}, refuses=links)
    every.ask("glue", "GetDatabase", {"Name": "db"})
    every.ask("glue", "UpdateDatabase", {"DatabaseInput.Name": "db", "Name": "db"}, refuses=links)
    every.ask("glue", "GetDatabase", {"Name": "db"})
    every.ask("glue", "GetDatabases", {"AttributesToGet": ["NAME"]}, without=["NextToken"])
    columns = [{"Name": "c", "Type": "int", "Comment": "c", "Parameters": {"every": "every"}}]
    keys = [{"Name": "k", "Type": "string", "Comment": "c", "Parameters": {"every": "every"}}]
    table = {"TableInput.Name": "t", "Columns": columns, "PartitionKeys": keys, "Keys": ["k"], "IndexName": "one"}
    elsewhere = [f"TableInput.{name}" for name in ("TargetTable", "FederatedTable", "ViewDefinition")]
    elsewhere += ["TableInput.StorageDescriptor.SchemaReference", *_GOVERNED[:1]]
    every.ask("glue", "CreateTable", {**table, "Name": "t"}, refuses=[*elsewhere, "OpenTableFormatInput"])
    every.ask("glue", "GetTable", {"Name": "t", "AttributesToGet": ["DEFAULT"]}, refuses=[*_GOVERNED, *_AUDITED])
    every.ask(
        "glue",
        "UpdateTable",
        {**table, "Name": "t", "VersionId": "0", "SkipArchive": False},
        refuses=[*elsewhere, "ViewUpdateAction", "UpdateOpenTableFormatInput"],
    )
    every.ask("glue", "GetTable", {"Name": "t", "AttributesToGet": ["DEFAULT"]}, without=[*_GOVERNED, *_AUDITED])
    tables = {"AttributesToGet": ["NAME"], "Expression": "t"}
    every.ask("glue", "GetTables", tables, refuses=[*_GOVERNED, *_AUDITED], without=["NextToken"])
    every.ask("glue", "GetTableVersions", refuses=_AUDITED, without=["NextToken"])
    every.ask("glue", "GetTableVersion", {"VersionId": "0"}, refuses=_AUDITED)
    index = {"Keys": ["k"], "IndexName": "two"}
    every.ask("glue", "CreatePartitionIndex", index)
    every.ask("glue", "GetPartitionIndexes", without=["NextToken"])
    every.ask("glue", "DeletePartitionIndex", index)


def _partitions(every: Asker) -> None:
    every.common |= {"Values": ["a"], "PartitionValues": ["a"], "PartitionValueList": ["a"], "ColumnName": "c"}
    every.common["ColumnNames"] = ["c"]
    for name, place in (("CreatePartition", "PartitionInput"), ("BatchCreatePartition", "PartitionInputList")):
        values = {"Values": ["a" if place == "PartitionInput" else "b"]}
        every.ask("glue", name, values, refuses=[f"{place}.StorageDescriptor.SchemaReference"])
        every.ask("glue", "GetPartition", {"PartitionValues": values["Values"]}, refuses=_AUDITED)
    for name, place in (("UpdatePartition", ""), ("BatchUpdatePartition", "Entries.")):
        every.ask("glue", name, refuses=[f"{place}PartitionInput.StorageDescriptor.SchemaReference"])
        every.ask("glue", "GetPartition", without=_AUDITED)
    every.ask("glue", "BatchGetPartition", refuses=[*_AUDITED, "QuerySessionContext"])
    segment = {"SegmentNumber": 0, "TotalSegments": 1, "Expression": "k = 'a'"}
    every.ask("glue", "GetPartitions", segment, refuses=[*_GOVERNED, *_AUDITED], without=["NextToken"])
    for whose in ("Table", "Partition"):
        every.ask("glue", f"UpdateColumnStatisticsFor{whose}")
        every.ask("glue", f"GetColumnStatisticsFor{whose}")
        every.ask("glue", f"DeleteColumnStatisticsFor{whose}")


def _forgotten(every: Asker) -> None:
    every.ask("glue", "DeletePartition")
    every.ask("glue", "BatchDeletePartition", {"Values": ["b"]})
    every.ask("glue", "DeleteTableVersion", {"VersionId": "0"})
    every.ask("glue", "BatchDeleteTableVersion", {"VersionIds": ["0"]})
    every.ask("glue", "BatchDeleteTable", {"TablesToDelete": ["none"]}, refuses=_GOVERNED[:1])
    every.ask("glue", "DeleteTable", {"Name": "t"}, refuses=_GOVERNED[:1])
    every.ask("glue", "DeleteDatabase", {"Name": "db"})


_NO_MEMBERS = (
    *("Connections", "SecurityConfiguration", "NotificationProperty", "CodeGenConfigurationNodes"),
    *("SourceControlDetails", "AllocatedCapacity", "MaintenanceWindow", "LogUri", "JobRunQueuingEnabled"),
)


def _jobs(every: Asker, bucket: str) -> None:
    every.common |= {
        **{"JobName": "job", "GlueVersion": "5.1", "WorkerType": "G.1X", "NumberOfWorkers": 2, "Timeout": 9},
        **{"Command.Name": "glueetl", "JobUpdate.Command.Name": "glueetl", "PythonVersion": "3"},
        **{"ScriptLocation": f"s3://{bucket}/s.py", "JobMode": "SCRIPT", "MaxRetries": 0, "MaxConcurrentRuns": 3},
        "Type": "ON_DEMAND",
    }
    for name, place, more in (("CreateJob", "", {"Name": "job"}), ("UpdateJob", "JobUpdate.", {})):
        refused = [*(f"{place}{member}" for member in _NO_MEMBERS), f"{place}Command.Runtime"]
        workers = [f"{place}WorkerType", f"{place}NumberOfWorkers"]
        every.ask("glue", name, more, refuses=refused, without=[f"{place}MaxCapacity"])
        every.ask("glue", "GetJob")
        update = {"Name": "other"} if name == "CreateJob" else {}
        every.ask("glue", name, update, without=[*refused, *workers])
        every.ask("glue", "GetJob", {"JobName": update.get("Name", "job")})
    starts = ("AllocatedCapacity", "SecurityConfiguration", "NotificationProperty", "JobRunQueuingEnabled")
    starts = (*starts, "ExecutionRoleSessionPolicy", "JobRunId")
    run = every.ask("glue", "StartJobRun", refuses=starts, without=["MaxCapacity", "Timeout"])["JobRunId"]
    describe = every.client("glue").get_job_run
    wait_until(lambda: describe(JobName="job", RunId=run)["JobRun"]["JobRunState"] == "FAILED")  # there is no script
    every.ask("glue", "GetJobRun", {"RunId": run})
    every.ask("glue", "StartJobRun", without=[*starts, "WorkerType", "NumberOfWorkers"])
    every.ask("glue", "GetJobRuns")
    every.ask("glue", "GetJobs")
    every.ask("glue", "ListJobs")
    every.ask("glue", "BatchStopJobRun", {"JobRunIds": [run]})


def _workflows(every: Asker) -> None:
    every.ask("glue", "CreateWorkflow", {"Name": "flow"})
    every.ask("glue", "GetWorkflow", {"Name": "flow"})
    every.ask("glue", "UpdateWorkflow", {"Name": "flow"})
    every.ask("glue", "GetWorkflow", {"Name": "flow"})
    every.ask("glue", "ListWorkflows")
    crawls = ("Predicate.Conditions.CrawlerName",)
    unfit = ("Predicate", "StartOnCreation", "EventBatchingCondition")
    every.common["WorkflowName"] = "flow"
    crawl = ["Actions.CrawlerName"]
    every.ask("glue", "CreateTrigger", {"Name": "first"}, refuses=crawl, without=unfit)
    every.ask("glue", "GetTrigger", {"Name": "first"})
    then = {"Name": "then", "Type": "CONDITIONAL", "State": "SUCCEEDED"}
    every.ask("glue", "CreateTrigger", then, refuses=crawls, without=[*unfit[2:], *crawl])
    change = [f"TriggerUpdate.{member}" for member in (*crawls, *crawl, *unfit)]
    every.ask("glue", "UpdateTrigger", {**then, "Name": "then"}, refuses=change[:2], without=change[4:])
    every.ask("glue", "GetTrigger", {"Name": "then"})
    every.ask("glue", "CreateWorkflow", {"Name": "events"})
    event = {"Name": "event", "Type": "EVENT", "WorkflowName": "events", "BatchSize": 1}
    every.ask("glue", "CreateTrigger", event, without=[*unfit[:2], *crawl])
    every.ask("glue", "UpdateTrigger", event, without=change[1:3])
    events = every.client("events")
    events.put_rule(Name="every", EventPattern='{"source": ["every"]}')
    target = f"arn:aws:glue:us-east-1:{ACCOUNT}:workflow/events"
    events.put_targets(Rule="every", Targets=[{"Id": "every", "Arn": target, "RoleArn": ROLE}])
    events.put_events(Entries=[{"Source": "every", "DetailType": "every", "Detail": "{}"}])
    wait_until(lambda: "Runs" in every.client("glue").get_workflow_runs(Name="events"))
    every.ask("glue", "GetTrigger", {"Name": "event"})
    every.ask("glue", "GetTriggers", {"DependentJobName": "job"})
    every.ask("glue", "ListTriggers", {"DependentJobName": "job"})
    for name in ("TagResource", "GetTags", "UntagResource"):
        every.ask("glue", name, {"ResourceArn": f"arn:aws:glue:us-east-1:{ACCOUNT}:workflow/flow"})
    every.ask("glue", "StartTrigger", {"Name": "then"})
    run = every.ask("glue", "StartWorkflowRun", {"Name": "flow"})["RunId"]
    follow = every.client("glue").get_workflow_run
    wait_until(lambda: follow(Name="flow", RunId=run)["Run"]["Status"] == "COMPLETED")
    for name in ("GetWorkflowRun", "GetWorkflowRuns", "GetWorkflowRunProperties", "StopWorkflowRun"):
        every.ask("glue", name, {"Name": "flow", "RunId": run}, late=name.startswith("Stop"))
    every.ask("glue", "StopTrigger", {"Name": "then"})
    every.ask("glue", "DeleteTrigger", {"Name": "first"})
    every.ask("glue", "DeleteWorkflow", {"Name": "flow"})
    every.ask("glue", "DeleteJob")


def _crawlers(every: Asker, bucket: str) -> None:
    every.client("glue").create_database(DatabaseInput={"Name": "db"})
    kinds = ("GrokClassifier", "XMLClassifier", "JsonClassifier")
    custom = ("CsvClassifier.CustomDatatypeConfigured", "CsvClassifier.CustomDatatypes")
    for name in ("CreateClassifier", "UpdateClassifier"):
        every.ask("glue", name, {"Name": "csv", "QuoteSymbol": "'", "Delimiter": ";"}, refuses=[*kinds, *custom])
        every.ask("glue", "GetClassifier", {"Name": "csv"})
    every.ask("glue", "GetClassifiers")
    every.common |= {
        **{"Name": "crawler", "CrawlerName": "crawler", "Classifiers": ["csv"], "TablePrefix": "x"},
        **{"Path": f"s3://{bucket}/crawled/", "RecrawlBehavior": "CRAWL_EVERYTHING", "AccountId": ACCOUNT},
        **{"CrawlerLineageSettings": "DISABLE", "UseLakeFormationCredentials": False},
        "Configuration": '{"Version": 1.0}',
    }
    other = [
        f"Targets.{kind}Targets" for kind in ("Jdbc", "MongoDB", "DynamoDB", "Catalog", "Delta", "Iceberg", "Hudi")
    ]
    queues = [f"Targets.S3Targets.{name}" for name in ("ConnectionName", "EventQueueArn", "DlqEventQueueArn")]
    for name in ("CreateCrawler", "UpdateCrawler"):
        every.ask("glue", name, refuses=[*other, *queues, "Schedule", "CrawlerSecurityConfiguration"])
        every.ask("glue", "GetCrawler")
    for content in (b'{"a": 1}', b'{"a": "text"}', b""):  # a table is made, has changed, is gone
        every.client("s3").put_object(Bucket=bucket, Key="crawled/a.json", Body=content)
        every.ask("glue", "StartCrawler")
        wait_until(lambda: every.client("glue").get_crawler(Name="crawler")["Crawler"]["State"] == "READY")
    every.ask("glue", "ListCrawls", {"FieldName": "STATE", "FilterOperator": "EQ", "FieldValue": "COMPLETED"})
    for name in ("GetCrawlers", "BatchGetCrawlers", "ListCrawlers", "GetCrawlerMetrics"):
        every.ask("glue", name, {"CrawlerNames": ["crawler"], "CrawlerNameList": ["crawler"]})
    every.ask("glue", "StopCrawler", late=True)
    every.ask("glue", "DeleteCrawler")
    every.ask("glue", "DeleteClassifier", {"Name": "csv"})
    every.client("glue").delete_database(Name="db")
