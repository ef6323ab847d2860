"""EventBridge: what happens in S3, Glue and SageMaker starts Glue workflows and SageMaker pipelines, by rules."""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from glue_jobs import Glue
from own_cloud import OwnCloud, wait_until

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/DataScienceOnAWSExecutionRole"
SCRIPT = "import sys\nprint(sys.argv)"


class Chain:
    """Rules and workflows of one test in one local AWS, on a bucket of its own."""

    def __init__(self, glue: Glue, clients: Any) -> None:
        self.glue, self.events, self.s3 = glue, clients("events"), clients("s3")
        self.bucket = f"events-{uuid.uuid4().hex[:8]}"
        self.rules: list[str] = []
        self.s3.create_bucket(Bucket=self.bucket)

    def notify(self) -> None:
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )

    def workflow(self, **batching: int) -> str:
        """A workflow of one quick job, started by events; its name."""
        name = f"chain-{uuid.uuid4().hex[:8]}"
        self.glue.client.create_workflow(Name=name)
        more = {"EventBatchingCondition": batching} if batching else {}
        self.glue.client.create_trigger(
            Name=name, WorkflowName=name, Type="EVENT", Actions=[{"JobName": self.glue.job(SCRIPT)}], **more
        )
        return name

    def rule(self, pattern: dict[str, Any], workflow: str) -> str:
        """A rule that starts the workflow; its name."""
        name = f"rule-{uuid.uuid4().hex[:8]}"
        self.events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        self.rules.append(name)
        self.events.put_targets(Rule=name, Targets=[target("glue", f"workflow/{workflow}")])
        return name

    def on_object(self, workflow: str, prefix: str = "raw/") -> str:
        detail = {"bucket": {"name": [self.bucket]}, "object": {"key": [{"prefix": prefix}]}}
        return self.rule({"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}, workflow)

    def put(self, key: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=b"{}")

    def runs(self, workflow: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.glue.client.get_workflow_runs(Name=workflow).get("Runs", [])
        return found

    def clean_up(self) -> None:
        for name in self.rules:
            ids = [t["Id"] for t in self.events.list_targets_by_rule(Rule=name)["Targets"]]
            self.events.remove_targets(Rule=name, Ids=ids)
            self.events.delete_rule(Name=name)


def target(service: str, resource: str, **more: Any) -> dict[str, Any]:
    return {"Id": "it", "Arn": f"arn:aws:{service}:us-east-1:{ACCOUNT}:{resource}", "RoleArn": ROLE, **more}


@pytest.fixture
def chain(glue: Glue) -> Iterator[Chain]:
    chain = Chain(glue, boto3.client)
    yield chain
    chain.clean_up()


def test_a_new_object_starts_the_workflow_of_a_rule(chain: Chain) -> None:
    chain.notify()
    workflow = chain.workflow()
    chain.on_object(workflow)
    chain.put("raw/day 1.jsonl")
    run = wait_until(lambda: chain.runs(workflow), 20)[0]
    assert run["WorkflowRunProperties"]["aws:eventIds"]
    assert run["StartingEventBatchCondition"] == {"BatchSize": 1}
    wait_until(lambda: chain.runs(workflow)[0]["Statistics"]["SucceededActions"] == 1)


def test_an_upload_in_parts_and_a_copy_are_new_objects_too(chain: Chain) -> None:
    chain.notify()
    workflow = chain.workflow(BatchSize=2, BatchWindow=900)
    chain.on_object(workflow)
    chain.s3.upload_fileobj(io.BytesIO(bytes(9 * 2**20)), chain.bucket, "raw/large.bin")
    chain.s3.copy_object(
        Bucket=chain.bucket, Key="raw/copy", CopySource={"Bucket": chain.bucket, "Key": "raw/large.bin"}
    )
    assert len(wait_until(lambda: chain.runs(workflow), 20)) == 1


@pytest.mark.parametrize("what", ["not asked for", "another prefix", "a disabled rule"])
def test_an_object_starts_nothing(chain: Chain, what: str) -> None:
    if what != "not asked for":
        chain.notify()
    workflow = chain.workflow()
    rule = chain.on_object(workflow)
    if what == "a disabled rule":
        chain.events.disable_rule(Name=rule)
    chain.put("clean/1" if what == "another prefix" else "raw/1")
    time.sleep(1)
    assert chain.runs(workflow) == []


def test_a_batch_starts_one_run_when_it_is_full_or_when_its_time_is_over(chain: Chain) -> None:
    chain.notify()
    workflow = chain.workflow(BatchSize=3, BatchWindow=2)
    chain.on_object(workflow)
    for number in range(4):
        chain.put(f"raw/{number}")
    wait_until(lambda: len(chain.runs(workflow)) == 2, 10)
    sizes = [len(run["WorkflowRunProperties"]["aws:eventIds"].split(",")) for run in chain.runs(workflow)]
    assert sizes == [1, 3]


def test_a_glue_job_that_succeeded_starts_the_next_workflow_and_a_failed_one_does_not(chain: Chain) -> None:
    workflow = chain.workflow()
    good, bad = chain.glue.job(SCRIPT), chain.glue.job("raise SystemExit(3)")
    detail = {"jobName": [good, bad], "state": ["SUCCEEDED"]}
    chain.rule({"source": ["aws.glue"], "detail-type": ["Glue Job State Change"], "detail": detail}, workflow)
    assert chain.glue.ended(bad, chain.glue.start(bad))["JobRunState"] == "FAILED"
    assert chain.glue.ended(good, chain.glue.start(good))["JobRunState"] == "SUCCEEDED"
    wait_until(lambda: chain.runs(workflow), 10)
    time.sleep(0.5)
    assert len(chain.runs(workflow)) == 1


def test_a_learners_own_event_reaches_a_rule_and_nobody_can_send_one_of_aws(chain: Chain) -> None:
    workflow = chain.workflow()
    chain.rule({"source": ["my.shop"], "detail": {"films": [{"numeric": [">", 2]}]}}, workflow)
    entry = {"Source": "my.shop", "DetailType": "Sale", "Detail": json.dumps({"films": 3})}
    answer = chain.events.put_events(Entries=[entry, {**entry, "Source": "aws.glue"}])
    assert answer["Entries"][1]["ErrorCode"] == "NotAuthorizedForSourceException"
    wait_until(lambda: chain.runs(workflow), 10)


def test_a_target_that_is_gone_is_counted_as_a_failed_invocation(chain: Chain) -> None:
    rule = chain.rule({"source": ["my.shop"], "detail-type": ["Lost"]}, "no-such-workflow")
    chain.events.put_events(Entries=[{"Source": "my.shop", "DetailType": "Lost", "Detail": "{}"}])
    query = {"Namespace": "AWS/Events", "MetricName": "FailedInvocations", "Period": 60, "Statistics": ["Sum"]}
    now = time.time()

    def failed() -> float:
        data = boto3.client("cloudwatch").get_metric_statistics(
            **query, Dimensions=[{"Name": "RuleName", "Value": rule}], StartTime=now - 120, EndTime=now + 120
        )
        return sum(point["Sum"] for point in data["Datapoints"])

    assert wait_until(failed, 10) == 1


def test_an_event_starts_a_pipeline_with_what_it_says_as_a_parameter(chain: Chain) -> None:
    sagemaker, name = boto3.client("sagemaker"), f"events-{uuid.uuid4().hex[:8]}"
    says = {"Name": "Say", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Parameters.Which"}}}
    definition = {"Version": "2020-12-01", "Parameters": [{"Name": "Which", "Type": "String"}], "Steps": [says]}
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=json.dumps(definition), RoleArn=ROLE)
    rule = f"rule-{name}"
    chain.events.put_rule(Name=rule, EventPattern=json.dumps({"source": [name]}))
    chain.rules.append(rule)
    parameters = {"PipelineParameterList": [{"Name": "Which", "Value": "$.detail.film.title"}]}
    chain.events.put_targets(
        Rule=rule, Targets=[target("sagemaker", f"pipeline/{name}", SageMakerPipelineParameters=parameters)]
    )
    for detail in ({"no": "film"}, {"film": {"title": "Alien"}}):
        chain.events.put_events(Entries=[{"Source": name, "DetailType": "New", "Detail": json.dumps(detail)}])

    def executions() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = sagemaker.list_pipeline_executions(PipelineName=name)[
            "PipelineExecutionSummaries"
        ]
        return found

    arn = wait_until(executions, 10)[0]["PipelineExecutionArn"]
    wait_until(lambda: executions()[0]["PipelineExecutionStatus"] == "Failed")
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert steps[0]["FailureReason"] == "Alien"
    time.sleep(0.5)
    assert len(executions()) == 1  # the event without a film has started nothing
    sagemaker.delete_pipeline(PipelineName=name)


@pytest.mark.parametrize(
    ("detail_type", "detail"),
    [
        ("SageMaker Model Package State Change", {"ModelPackageGroupName": ["{name}"], "ModelPackageVersion": [1]}),
        (
            "SageMaker Model Building Pipeline Execution Status Change",
            {"currentPipelineExecutionStatus": ["Failed"], "previousPipelineExecutionStatus": ["Executing"]},
        ),
    ],
)
def test_sagemaker_tells_of_model_packages_and_pipelines(
    chain: Chain, detail_type: str, detail: dict[str, Any]
) -> None:
    sagemaker, name, workflow = boto3.client("sagemaker"), f"told-{uuid.uuid4().hex[:8]}", chain.workflow()
    wanted = json.loads(json.dumps(detail).replace("{name}", name))
    if "Pipeline" in detail_type:
        wanted["pipelineArn"] = [f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:pipeline/{name}"]
    chain.rule({"source": ["aws.sagemaker"], "detail-type": [detail_type], "detail": wanted}, workflow)
    definition = {"Version": "2020-12-01", "Steps": [{"Name": "No", "Type": "Fail", "Arguments": {"ErrorMessage": ""}}]}
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=json.dumps(definition), RoleArn=ROLE)
    sagemaker.start_pipeline_execution(PipelineName=name)
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
    containers = [{"Image": image, "ModelDataUrl": f"s3://{chain.bucket}/model.tar.gz"}]
    specification = {"Containers": containers, "SupportedContentTypes": ["a/b"], "SupportedResponseMIMETypes": ["a/b"]}
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    package = sagemaker.create_model_package(ModelPackageGroupName=name, InferenceSpecification=specification)
    assert len(wait_until(lambda: chain.runs(workflow), 10)) == 1
    sagemaker.delete_model_package(ModelPackageName=package["ModelPackageArn"])
    sagemaker.delete_model_package_group(ModelPackageGroupName=name)


def test_an_approval_is_told_from_other_updates_of_a_model_package(chain: Chain) -> None:
    sagemaker, name, workflow = boto3.client("sagemaker"), f"told-{uuid.uuid4().hex[:8]}", chain.workflow()
    approved = {"ModelApprovalStatus": ["Approved"], "UpdatedModelPackageFields": ["ModelApprovalStatus"]}
    chain.rule({"source": ["aws.sagemaker"], "detail": {"ModelPackageGroupName": [name], **approved}}, workflow)
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
    containers = [{"Image": image, "ModelDataUrl": f"s3://{chain.bucket}/model.tar.gz"}]
    specification = {"Containers": containers, "SupportedContentTypes": ["a/b"], "SupportedResponseMIMETypes": ["a/b"]}
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    made = sagemaker.create_model_package(ModelPackageGroupName=name, InferenceSpecification=specification)
    package = {"ModelPackageArn": made["ModelPackageArn"]}
    sagemaker.update_model_package(**package, ModelApprovalStatus="Approved")
    assert len(wait_until(lambda: chain.runs(workflow), 10)) == 1
    sagemaker.update_model_package(**package, CustomerMetadataProperties={"note": "corrected"})
    sagemaker.update_model_package(**package, ModelApprovalStatus="Approved")  # it is already
    time.sleep(0.5)
    assert len(chain.runs(workflow)) == 1
    sagemaker.delete_model_package(ModelPackageName=package["ModelPackageArn"])
    sagemaker.delete_model_package_group(ModelPackageGroupName=name)


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f",
        f"arn:aws:sqs:us-east-1:{ACCOUNT}:queue",
        f"arn:aws:sns:us-east-1:{ACCOUNT}:topic",
        f"arn:aws:glue:eu-west-1:{ACCOUNT}:workflow/elsewhere",
        "no arn",
    ],
)
def test_a_target_that_would_never_start_is_refused_and_the_offered_ones_are_named(chain: Chain, arn: str) -> None:
    rule = chain.rule({"source": ["my.shop"]}, "w")
    with pytest.raises(ClientError, match="Glue workflow or a SageMaker pipeline") as refused:
        chain.events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": arn, "RoleArn": ROLE}])
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_target_needs_a_role(chain: Chain) -> None:
    rule = chain.rule({"source": ["my.shop"]}, "w")
    without = {key: value for key, value in target("sagemaker", "pipeline/p").items() if key != "RoleArn"}
    with pytest.raises(ClientError, match="RoleArn is required"):
        chain.events.put_targets(Rule=rule, Targets=[without])


def test_a_rule_is_refused_without_a_pattern_with_a_wrong_one_and_kept_while_it_has_targets(chain: Chain) -> None:
    with pytest.raises(ClientError, match="EventPattern or ScheduleExpression"):
        chain.events.put_rule(Name="empty")
    with pytest.raises(ClientError) as invalid:
        chain.events.put_rule(Name="wrong", EventPattern='{"source": "aws.s3"}')
    assert invalid.value.response["Error"]["Code"] == "InvalidEventPatternException"
    with pytest.raises(ClientError) as unknown:
        chain.events.put_targets(Rule="nobody", Targets=[target("glue", "workflow/w")])
    assert unknown.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError, match="has targets"):
        chain.events.delete_rule(Name=chain.rule({"source": ["my.shop"]}, "w"))


def test_what_is_not_offered_says_so(chain: Chain) -> None:
    with pytest.raises(ClientError, match="CreateArchive is not offered") as refused:
        chain.events.create_archive(
            ArchiveName="a", EventSourceArn=f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
        )
    assert refused.value.response["Error"]["Code"] == "UnknownOperationException"


@pytest.mark.image
def test_rules_targets_notifications_and_waiting_events_survive_a_crash(own_cloud: OwnCloud) -> None:
    def clients(name: str) -> Any:
        return own_cloud.client(name)

    chain = Chain(Glue(f"sagemaker-us-east-1-{ACCOUNT}", ROLE, clients), clients)
    chain.notify()
    workflow = chain.workflow(BatchSize=2, BatchWindow=900)
    chain.on_object(workflow)
    chain.put("raw/1")
    wait_until(lambda: b"_events" in (own_cloud.home / "store.db-wal").read_bytes(), 10)
    own_cloud.kill()
    own_cloud.start()
    chain.glue.client, chain.s3 = clients("glue"), clients("s3")
    chain.put("raw/2")
    run = wait_until(lambda: chain.runs(workflow), 10)[0]
    assert len(run["WorkflowRunProperties"]["aws:eventIds"].split(",")) == 2
