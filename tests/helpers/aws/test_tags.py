"""What the course makes carries its tags, whoever makes it: a cell, the SageMaker SDK, a helper."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from helpers.aws import athena, provision, tags
from helpers.money import budget

MINE = {"course": "data-science-on-aws", "learner": "tester", "lesson": "05"}
COMMAND = {"Name": "glueetl", "ScriptLocation": "s3://bucket/job.py"}


@pytest.fixture
def tagged(workshop: Any) -> Iterator[Any]:
    """The workshop, while all that is made is tagged."""
    tags.put_on_everything(MINE)
    yield workshop
    tags.put_on_everything({})


@pytest.fixture
def name() -> str:
    return f"tags-{uuid.uuid4().hex[:8]}"


def client(service: str) -> Any:
    return boto3.Session().client(service)  # of a session of its own, as the SageMaker SDK makes one


def in_sagemaker(arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in client("sagemaker").list_tags(ResourceArn=arn)["Tags"]}


def in_glue(ws: Any, kind: str, name: str) -> Any:
    address = f"arn:aws:glue:{ws.region}:{ws.account}:{kind}/{name}"
    return client("glue").get_tags(ResourceArn=address)["Tags"]


def test_the_tags_of_a_workshop_are_the_course_the_learner_and_the_lesson(workshop: Any) -> None:
    assert workshop.tags == {"course": "data-science-on-aws", "learner": "tester"}


def test_what_glue_makes(tagged: Any, name: str) -> None:
    glue = client("glue")
    glue.create_database(DatabaseInput={"Name": name})
    targets = {"S3Targets": [{"Path": tagged.s3("raw/")}]}
    glue.create_crawler(Name=name, Role=tagged.role, DatabaseName=name, Targets=targets)
    glue.create_job(Name=name, Role=tagged.role, Command=COMMAND)
    glue.create_workflow(Name=name)
    glue.create_trigger(Name=name, Type="ON_DEMAND", Actions=[{"JobName": name}])
    for kind in ("database", "crawler", "job", "workflow", "trigger"):
        assert in_glue(tagged, kind, name) == MINE, kind


def test_what_sagemaker_makes(tagged: Any, name: str) -> None:
    sagemaker = client("sagemaker")
    step = {"Name": "No", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
    variant = {"VariantName": "a", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    container = {"Image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"}
    made = [
        sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=tagged.role)["ModelArn"],
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])["EndpointConfigArn"],
        sagemaker.create_pipeline(
            PipelineName=name,
            PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": [step]}),
            RoleArn=tagged.role,
            ClientRequestToken=uuid.uuid4().hex,
        )["PipelineArn"],
        sagemaker.create_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupArn"],
    ]
    assert [in_sagemaker(arn) for arn in made] == [MINE] * len(made)


def test_what_eventbridge_cloudwatch_budgets_and_athena_make(tagged: Any, name: str) -> None:
    rule = client("events").put_rule(Name=name, EventPattern=json.dumps({"source": ["x"]}))["RuleArn"]
    found = client("events").list_tags_for_resource(ResourceARN=rule)["Tags"]
    assert sorted(found, key=lambda tag: str(tag["Key"])) == tags.pairs(MINE)

    metric = {"Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    compare = {"Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    client("cloudwatch").put_metric_alarm(AlarmName=name, **metric, **compare)
    alarm = f"arn:aws:cloudwatch:{tagged.region}:{tagged.account}:alarm:{name}"
    found = client("cloudwatch").list_tags_for_resource(ResourceARN=alarm)["Tags"]
    assert sorted(found, key=lambda tag: str(tag["Key"])) == tags.pairs(MINE)

    budget.watch_account(tagged, 5.0)
    address = f"arn:aws:budgets::{tagged.account}:budget/{tagged.name('budget')}"
    found = client("budgets").list_tags_for_resource(ResourceARN=address)["ResourceTags"]
    assert sorted(found, key=lambda tag: str(tag["Key"])) == tags.pairs(MINE)
    client("budgets").delete_budget(AccountId=tagged.account, BudgetName=tagged.name("budget"))

    client("athena").create_work_group(Name=name)
    group = f"arn:aws:athena:{tagged.region}:{tagged.account}:workgroup/{name}"
    assert client("athena").list_tags_for_resource(ResourceARN=group)["Tags"] == tags.pairs(MINE)


def test_a_tag_that_a_request_gives_itself_goes_before(tagged: Any, name: str) -> None:
    given = [{"Key": "lesson", "Value": "12"}, {"Key": "team", "Value": "a"}]
    arn = client("sagemaker").create_model_package_group(ModelPackageGroupName=name, Tags=given)
    assert in_sagemaker(arn["ModelPackageGroupArn"]) == {**MINE, "lesson": "12", "team": "a"}
    client("glue").create_workflow(Name=name, Tags={"lesson": "12"})
    assert in_glue(tagged, "workflow", name) == {**MINE, "lesson": "12"}


def test_what_tags_something_that_is_there_stays_as_it_is(tagged: Any, name: str) -> None:
    tags.put_on_everything({})
    arn = client("sagemaker").create_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupArn"]
    tags.put_on_everything(MINE)
    client("sagemaker").add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "a"}])
    assert in_sagemaker(arn) == {"team": "a"}


def test_what_a_block_makes_for_another_lesson_is_that_lessons(tagged: Any, name: str) -> None:
    for lesson, part in (("03", "inside"), ("", "after")):
        if lesson:
            with tags.of_lesson(lesson):
                client("glue").create_workflow(Name=f"{name}-{part}")
        else:
            client("glue").create_workflow(Name=f"{name}-{part}")
    assert in_glue(tagged, "workflow", f"{name}-inside")["lesson"] == "03"
    assert in_glue(tagged, "workflow", f"{name}-after")["lesson"] == "05"


def test_connect_tags_what_the_sagemaker_sdk_makes(workshop: Any, name: str) -> None:
    """In the SDK's own client, which nobody has given a session."""
    from sagemaker.core.resources import ModelPackageGroup

    from helpers.workshop import connect

    assert connect(lesson="05", quiet=True).tags == MINE
    try:
        ModelPackageGroup.create(model_package_group_name=name)
        arn = client("sagemaker").describe_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupArn"]
        assert in_sagemaker(arn) == MINE
    finally:
        tags.put_on_everything({})


def test_the_first_query_makes_the_learners_workgroup_with_a_limit(tagged: Any) -> None:
    provision.database(tagged.database)
    for _ in range(2):
        assert athena.run(tagged, "SELECT 1")["WorkGroup"] == "dsaws-tester"
    made = client("athena").get_work_group(WorkGroup="dsaws-tester")["WorkGroup"]["Configuration"]
    assert made["BytesScannedCutoffPerQuery"] == provision.SCANNED_AT_MOST
    assert made["ResultConfiguration"]["OutputLocation"] == tagged.s3("athena/")
