"""Two learners of one account, in strict mode: the one cannot read, change or delete what the other has."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from own_cloud import wait_until
from strict_cloud import StrictCloud

from helpers import roles
from helpers.aws import provision
from localcloud.store.state import ACCOUNT, BUCKET, REGION

VALUES = {"account": ACCOUNT, "region": REGION, "bucket": BUCKET}
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
LOGS, GLUE_LOGS = "/aws/sagemaker/TrainingJobs", "/aws-glue/jobs/dsaws-bob-etl/output"
KEY = "data-science-on-aws/bob/reviews.csv"
JOBS = f"arn:aws:iam::{ACCOUNT}:role/dsaws-bob-jobs"
JOB = {
    "RoleArn": JOBS,
    "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
    "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/data-science-on-aws/bob/models"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}
VARIANT = {"VariantName": "all", "ModelName": "dsaws-bob-model", "InstanceType": "ml.m5.large"}


class Two:
    """An account with Ann and Bob in it, and of Bob's one thing of each kind."""

    def __init__(self) -> None:
        self.cloud = StrictCloud()
        for learner in ("ann", "bob"):
            roles.make(self.cloud.client, learner=learner, **VALUES)
        self._plant(self.cloud.client)

    def client(self, learner: str, service: str) -> Any:
        return self.cloud.acting_as(roles.role_name(learner, "notebook"), service, tries=9)

    def _plant(self, host: Callable[[str], Any]) -> None:
        """As the host, whom nobody asks: some of this a learner's policy names no action for."""
        host("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"stars\n5\n")
        glue, sagemaker, logs, athena = map(host, ("glue", "sagemaker", "logs", "athena"))
        glue.create_database(DatabaseInput={"Name": "dsaws_bob"})
        location = f"s3://{BUCKET}/data-science-on-aws/bob/"
        storage = {"Columns": [{"Name": "stars", "Type": "int"}], "Location": location}
        glue.create_table(DatabaseName="dsaws_bob", TableInput={"Name": "reviews", "StorageDescriptor": storage})
        glue.create_workflow(Name="dsaws-bob-flow")
        results = {"OutputLocation": f"s3://{BUCKET}/data-science-on-aws/bob/athena/"}
        query = {"QueryString": "select 1", "WorkGroup": "dsaws-bob", "ResultConfiguration": results}
        self.query = athena.start_query_execution(**query)["QueryExecutionId"]
        sagemaker.create_training_job(TrainingJobName="dsaws-bob-job", **JOB)
        model = {"Image": IMAGE}
        sagemaker.create_model(ModelName="dsaws-bob-model", ExecutionRoleArn=JOBS, PrimaryContainer=model)
        sagemaker.create_endpoint_config(
            EndpointConfigName="dsaws-bob-config", ProductionVariants=[{**VARIANT, "InitialInstanceCount": 1}]
        )
        sagemaker.create_endpoint(EndpointName="dsaws-bob-endpoint", EndpointConfigName="dsaws-bob-config")
        sagemaker.create_model_package_group(ModelPackageGroupName="dsaws-bob-stars")
        steps = json.dumps({"Version": "2020-12-01", "Steps": [{"Name": "stop", "Type": "Fail", "Arguments": {}}]})
        self.pipeline = sagemaker.create_pipeline(
            PipelineName="dsaws-bob-pipe", ClientRequestToken="b" * 32, PipelineDefinition=steps, RoleArn=JOBS
        )["PipelineArn"]
        host("events").put_rule(Name="dsaws-bob-rule", ScheduleExpression="rate(1 day)")
        host("budgets").create_budget(AccountId=ACCOUNT, Budget=budget("dsaws-bob-budget"))
        self.stream = "dsaws-bob-job/algo-1-1"
        logs.create_log_group(logGroupName=LOGS)
        logs.create_log_stream(logGroupName=LOGS, logStreamName=self.stream)
        logs.create_log_group(logGroupName=GLUE_LOGS)
        logs.create_log_stream(logGroupName=GLUE_LOGS, logStreamName="jr_1")


def budget(name: str) -> dict[str, Any]:
    limit = {"Amount": "5", "Unit": "USD"}
    return {"BudgetName": name, "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit}


@pytest.fixture(scope="module")
def two(sklearn_image: None) -> Iterator[Two]:
    two = Two()
    yield two
    two.cloud.remove()


TABLE = {"DatabaseName": "dsaws_bob"}
ENDPOINT = {"EndpointName": "dsaws-bob-endpoint"}
OUT = {"ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/data-science-on-aws/ann/athena/"}}
ATTEMPTS: list[tuple[str, str, dict[str, Any]]] = [
    ("s3", "get_object", {"Bucket": BUCKET, "Key": KEY}),
    ("s3", "head_object", {"Bucket": BUCKET, "Key": KEY}),
    ("s3", "put_object", {"Bucket": BUCKET, "Key": KEY, "Body": b""}),
    ("s3", "delete_object", {"Bucket": BUCKET, "Key": KEY}),
    ("s3", "list_objects_v2", {"Bucket": BUCKET, "Prefix": "data-science-on-aws/bob/"}),
    ("s3", "list_objects_v2", {"Bucket": BUCKET, "Prefix": "data-science-on-aws/"}),
    ("s3", "list_object_versions", {"Bucket": BUCKET, "Prefix": "data-science-on-aws/bob/"}),
    ("s3", "create_multipart_upload", {"Bucket": BUCKET, "Key": KEY}),
    ("s3", "copy_object", {"Bucket": BUCKET, "Key": "data-science-on-aws/ann/x", "CopySource": f"{BUCKET}/{KEY}"}),
    ("s3", "put_bucket_notification_configuration", {"Bucket": BUCKET, "NotificationConfiguration": {}}),
    ("s3", "delete_bucket", {"Bucket": BUCKET}),
    ("glue", "get_database", {"Name": "dsaws_bob"}),
    ("glue", "get_tables", TABLE),
    ("glue", "get_table", {**TABLE, "Name": "reviews"}),
    ("glue", "get_partitions", {**TABLE, "TableName": "reviews"}),
    ("glue", "update_table", {**TABLE, "TableInput": {"Name": "reviews"}}),
    ("glue", "delete_table", {**TABLE, "Name": "reviews"}),
    ("glue", "batch_delete_table", {**TABLE, "TablesToDelete": ["reviews"]}),
    ("glue", "delete_database", {"Name": "dsaws_bob"}),
    ("glue", "create_job", {"Name": "dsaws-bob-etl", "Role": JOBS, "Command": {"Name": "glueetl"}}),
    ("glue", "get_workflow", {"Name": "dsaws-bob-flow"}),
    ("glue", "delete_workflow", {"Name": "dsaws-bob-flow"}),
    ("athena", "start_query_execution", {"QueryString": "select 1", "WorkGroup": "dsaws-bob", **OUT}),
    ("athena", "start_query_execution", {"QueryString": "select 1", "WorkGroup": "primary", **OUT}),
    ("athena", "list_query_executions", {"WorkGroup": "dsaws-bob"}),
    ("athena", "get_query_execution", {"QueryExecutionId": "QUERY"}),
    ("athena", "get_query_results", {"QueryExecutionId": "QUERY"}),
    ("athena", "delete_work_group", {"WorkGroup": "dsaws-bob"}),
    ("sagemaker", "describe_training_job", {"TrainingJobName": "dsaws-bob-job"}),
    ("sagemaker", "stop_training_job", {"TrainingJobName": "dsaws-bob-job"}),
    ("sagemaker", "create_training_job", {"TrainingJobName": "dsaws-bob-other", **JOB}),
    ("sagemaker", "create_training_job", {"TrainingJobName": "dsaws-ann-job", **JOB}),  # with Bob's role
    ("sagemaker", "describe_model", {"ModelName": "dsaws-bob-model"}),
    ("sagemaker", "delete_model", {"ModelName": "dsaws-bob-model"}),
    ("sagemaker", "describe_endpoint", ENDPOINT),
    ("sagemaker", "update_endpoint", {**ENDPOINT, "EndpointConfigName": "dsaws-bob-config"}),
    ("sagemaker", "delete_endpoint", ENDPOINT),
    ("sagemaker", "create_endpoint", {"EndpointName": "dsaws-ann-e", "EndpointConfigName": "dsaws-bob-config"}),
    ("sagemaker", "delete_endpoint_config", {"EndpointConfigName": "dsaws-bob-config"}),
    ("sagemaker-runtime", "invoke_endpoint", {**ENDPOINT, "Body": b""}),
    ("sagemaker", "list_model_packages", {"ModelPackageGroupName": "dsaws-bob-stars"}),
    ("sagemaker", "delete_model_package_group", {"ModelPackageGroupName": "dsaws-bob-stars"}),
    ("sagemaker", "describe_pipeline", {"PipelineName": "dsaws-bob-pipe"}),
    ("sagemaker", "start_pipeline_execution", {"PipelineName": "dsaws-bob-pipe", "ClientRequestToken": "a" * 32}),
    ("sagemaker", "delete_pipeline", {"PipelineName": "dsaws-bob-pipe", "ClientRequestToken": "a" * 32}),
    ("sagemaker", "list_tags", {"ResourceArn": "PIPELINE"}),
    ("sagemaker", "add_tags", {"ResourceArn": "PIPELINE", "Tags": [{"Key": "learner", "Value": "ann"}]}),
    ("events", "describe_rule", {"Name": "dsaws-bob-rule"}),
    ("events", "list_targets_by_rule", {"Rule": "dsaws-bob-rule"}),
    ("events", "put_rule", {"Name": "dsaws-bob-rule", "ScheduleExpression": "rate(2 days)"}),
    ("events", "delete_rule", {"Name": "dsaws-bob-rule"}),
    ("logs", "get_log_events", {"logGroupName": LOGS, "logStreamName": "STREAM"}),
    ("logs", "filter_log_events", {"logGroupName": LOGS}),
    ("logs", "delete_log_stream", {"logGroupName": LOGS, "logStreamName": "STREAM"}),
    ("logs", "delete_log_group", {"logGroupName": LOGS}),
    ("logs", "describe_log_streams", {"logGroupName": GLUE_LOGS}),
    ("logs", "get_log_events", {"logGroupName": GLUE_LOGS, "logStreamName": "jr_1"}),
    ("logs", "filter_log_events", {"logGroupName": GLUE_LOGS}),
    ("logs", "delete_log_stream", {"logGroupName": GLUE_LOGS, "logStreamName": "jr_1"}),
    ("logs", "delete_log_group", {"logGroupName": GLUE_LOGS}),
    ("budgets", "describe_budget", {"AccountId": ACCOUNT, "BudgetName": "dsaws-bob-budget"}),
    ("budgets", "delete_budget", {"AccountId": ACCOUNT, "BudgetName": "dsaws-bob-budget"}),
    ("iam", "get_role", {"RoleName": "dsaws-bob-jobs"}),
    ("iam", "put_role_policy", {"RoleName": "dsaws-ann-notebook", "PolicyName": "all", "PolicyDocument": "{}"}),
    ("iam", "create_role", {"RoleName": "dsaws-ann-all", "AssumeRolePolicyDocument": "{}"}),
]


@pytest.mark.parametrize(("service", "operation", "request_"), ATTEMPTS, ids=lambda value: str(value)[:60])
def test_ann_is_denied_what_is_bobs(two: Two, service: str, operation: str, request_: dict[str, Any]) -> None:
    planted = {"QUERY": two.query, "STREAM": two.stream, "PIPELINE": two.pipeline}
    members = {name: planted.get(value, value) if isinstance(value, str) else value for name, value in request_.items()}
    with pytest.raises(ClientError) as caught:
        getattr(two.client("ann", service), operation)(**members)
    assert caught.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403")


@pytest.mark.parametrize(
    ("service", "operation", "members"),
    [
        ("s3", "get_object", {"Bucket": BUCKET, "Key": KEY}),
        ("glue", "get_table", {**TABLE, "Name": "reviews"}),
        ("athena", "list_query_executions", {"WorkGroup": "dsaws-bob"}),
        ("sagemaker", "describe_training_job", {"TrainingJobName": "dsaws-bob-job"}),
        ("sagemaker", "describe_endpoint", ENDPOINT),
        ("sagemaker", "describe_pipeline", {"PipelineName": "dsaws-bob-pipe"}),
        ("events", "list_targets_by_rule", {"Rule": "dsaws-bob-rule"}),
        ("logs", "describe_log_streams", {"logGroupName": GLUE_LOGS}),
        ("logs", "get_log_events", {"logGroupName": GLUE_LOGS, "logStreamName": "jr_1"}),
        ("budgets", "describe_budget", {"AccountId": ACCOUNT, "BudgetName": "dsaws-bob-budget"}),
    ],
)
def test_bob_himself_finds_it_as_it_was(two: Two, service: str, operation: str, members: dict[str, Any]) -> None:
    assert getattr(two.client("bob", service), operation)(**members)


def test_each_has_the_workgroup_that_a_first_query_makes(two: Two) -> None:
    made = two.client("bob", "athena").get_work_group(WorkGroup="dsaws-bob")["WorkGroup"]["Configuration"]
    assert made["BytesScannedCutoffPerQuery"] == provision.SCANNED_AT_MOST
    assert made["ResultConfiguration"]["OutputLocation"] == f"s3://{BUCKET}/data-science-on-aws/bob/athena/"


def test_of_many_keys_bobs_stay(two: Two) -> None:
    answer = two.client("ann", "s3").delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": KEY}]})
    assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"]
    assert two.client("bob", "s3").head_object(Bucket=BUCKET, Key=KEY)["ContentLength"] == 8


def test_a_query_of_anns_reads_no_table_and_no_file_of_bobs(two: Two) -> None:
    athena = two.client("ann", "athena")
    identity = athena.start_query_execution(
        QueryString="select * from dsaws_bob.reviews", WorkGroup="dsaws-ann", **OUT
    )["QueryExecutionId"]
    states = ("SUCCEEDED", "FAILED")
    ended = wait_until(
        lambda: (
            (found := athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"])["Status"]["State"]
            in states
            and found
        )
    )
    assert ended["Status"]["State"] == "FAILED"
    assert "is not authorized to perform: glue:GetTable" in ended["Status"]["StateChangeReason"]


def test_a_job_of_anns_reads_nothing_of_bobs(two: Two) -> None:
    sagemaker = two.client("ann", "sagemaker")
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/data-science-on-aws/bob/"}
    sagemaker.create_training_job(
        **{**JOB, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/dsaws-ann-jobs"},
        TrainingJobName=f"dsaws-ann-{time.time_ns()}",
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
    )
    [job] = [
        one["TrainingJobName"] for one in sagemaker.list_training_jobs(NameContains="dsaws-ann")["TrainingJobSummaries"]
    ]
    ended = wait_until(
        lambda: (
            (found := sagemaker.describe_training_job(TrainingJobName=job))["TrainingJobStatus"] == "Failed" and found
        )
    )
    assert "AccessDenied" in ended["FailureReason"]
