"""Requests are checked against AWS's own models before anything happens; errors have AWS's codes.

The clients here have botocore's parameter validation switched off, so that what they are given really goes out.
"""

from __future__ import annotations

import json
from typing import Any

import boto3
import httpx
import psutil
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from own_cloud import REGION, OwnCloud
from training_jobs import Training


def unchecked(service: str) -> Any:
    return boto3.client(service, config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))


def error_of(service: str, operation: str, **params: Any) -> tuple[str, str]:
    """Code and message of the error that this call gives."""
    with pytest.raises(ClientError) as error:
        getattr(unchecked(service), operation)(**params)
    details = error.value.response["Error"]
    return details["Code"], details["Message"]


def send(cloud: OwnCloud, service: str, target: str, body: bytes) -> httpx.Response:
    """One signed request of the JSON protocol, its body as given."""
    headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", f"{cloud.endpoint}/", data=body, headers=headers)
    own = cloud.credentials
    SigV4Auth(Credentials(own["access_key"], own["secret_key"]), service, REGION).add_auth(request)
    return httpx.post(request.url, content=body, headers=dict(request.headers), trust_env=False)


def test_a_number_where_a_string_belongs(training: Training) -> None:
    request = training.request("pass") | {"TrainingJobName": 123456789012345678901234567890}
    code, message = error_of("sagemaker", "create_training_job", **request)
    assert code == "ValidationException"
    assert "TrainingJobName" in message


def test_a_number_of_ten_thousand_digits(local_aws: OwnCloud) -> None:
    body = b'{"TrainingJobName": ' + b"9" * 10_000 + b"}"
    answer = send(local_aws, "sagemaker", "SageMaker.DescribeTrainingJob", body)
    assert answer.status_code == 400
    assert answer.json()["__type"] == "SerializationException"


def test_a_string_where_a_number_belongs(training: Training) -> None:
    request = training.request("pass")
    request["ResourceConfig"]["InstanceCount"] = "one"
    code, message = error_of("sagemaker", "create_training_job", **request)
    assert code == "ValidationException"
    assert "ResourceConfig.InstanceCount" in message


def test_a_missing_member(training: Training) -> None:
    request = training.request("pass")
    del request["OutputDataConfig"]
    code, message = error_of("sagemaker", "create_training_job", **request)
    assert code == "ValidationException"
    assert "OutputDataConfig" in message


def test_a_value_outside_an_enumeration(training: Training) -> None:
    request = training.request("pass")
    request["ResourceConfig"]["InstanceType"] = "ml.huge.1024xlarge"
    code, message = error_of("sagemaker", "create_training_job", **request)
    assert code == "ValidationException"
    assert "enum value set" in message
    assert "ml.huge.1024xlarge" in message


def test_a_value_outside_a_pattern(training: Training) -> None:
    request = training.request("pass") | {"TrainingJobName": "../../etc"}
    code, message = error_of("sagemaker", "create_training_job", **request)
    assert code == "ValidationException"
    assert "regular expression pattern" in message


def test_a_value_that_is_too_long(training: Training) -> None:
    request = training.request("pass") | {"TrainingJobName": "a" * 64}
    code, message = error_of("sagemaker", "create_training_job", **request)
    assert code == "ValidationException"
    assert "less than or equal to 63" in message


def test_a_value_that_is_too_small(training: Training) -> None:
    request = training.request("pass", StoppingCondition={"MaxRuntimeInSeconds": 0})
    code, message = error_of("sagemaker", "create_training_job", **request)
    assert code == "ValidationException"
    assert "StoppingCondition.MaxRuntimeInSeconds" in message


def test_every_problem_is_named_at_once(training: Training) -> None:
    request = training.request("pass") | {"TrainingJobName": "a b", "RoleArn": "arn:aws:iam::1:nobody"}
    _, message = error_of("sagemaker", "create_training_job", **request)
    assert message.startswith("2 validation errors detected")


def test_glue_answers_with_its_own_code(workshop: Any) -> None:
    code, message = error_of("glue", "create_job", Name=7, Role=workshop.role, Command={"Name": "glueetl"})
    assert code == "InvalidInputException"
    assert "Name" in message
    code, message = error_of("glue", "create_job", Name="no-command", Role=workshop.role)
    assert code == "InvalidInputException"
    assert "Command" in message


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("athena", "start_query_execution", "InvalidRequestException"),
        ("logs", "put_log_events", "InvalidParameterException"),
        ("glue", "create_database", "InvalidInputException"),
        ("glue", "create_crawler", "InvalidInputException"),
        ("cloudwatch", "put_metric_alarm", "ValidationError"),
        ("budgets", "create_budget", "InvalidParameterException"),
    ],
)
def test_an_empty_request_is_refused(workshop: Any, service: str, operation: str, code: str) -> None:
    assert error_of(service, operation)[0] == code


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[1, 2]",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"MaxResults": NaN}',
        b'{"CreationTimeAfter": 1e300}',
    ],
)
def test_a_body_that_makes_no_sense_is_the_callers_fault(local_aws: OwnCloud, body: bytes) -> None:
    answer = send(local_aws, "sagemaker", "SageMaker.ListTrainingJobs", body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["__type"] in ("SerializationException", "ValidationException")


def test_an_operation_that_aws_does_not_have(local_aws: OwnCloud) -> None:
    answer = send(local_aws, "sagemaker", "SageMaker.CreateMiracle", b"{}")
    assert answer.status_code == 400
    assert answer.json()["__type"] == "UnknownOperationException"
    assert "CreateMiracle" in answer.json()["message"]


@pytest.mark.parametrize(
    ("service", "operation", "params", "named"),
    [
        ("sagemaker", "list_labeling_jobs", {}, "ListLabelingJobs"),
        ("glue", "list_blueprints", {}, "ListBlueprints"),
        ("comprehend", "detect_entities", {"Text": "good", "LanguageCode": "en"}, "DetectEntities"),
        ("lambda", "list_functions", {}, "GET /2015-03-31/functions"),
        ("ec2", "describe_instances", {}, "DescribeInstances"),
        ("sns", "list_topics", {}, "ListTopics"),
        ("dynamodb", "list_tables", {}, "ListTables"),
        ("sagemaker-featurestore-runtime", "get_record", {}, "FeatureGroup"),
    ],
)
def test_an_operation_that_is_not_offered_is_named(
    workshop: Any, service: str, operation: str, params: dict[str, Any], named: str
) -> None:
    if operation == "list_auto_ml_jobs_v2":
        operation = "list_auto_ml_jobs"
    if operation == "get_record":
        params = {"FeatureGroupName": "reviews", "RecordIdentifierValueAsString": "1"}
    code, message = error_of(service, operation, **params)
    assert code == "UnknownOperationException"
    assert named in message
    assert "not offered by the local AWS" in message


def test_services_that_are_not_offered_cost_no_memory(local_aws: OwnCloud, workshop: Any) -> None:
    server = psutil.Process(local_aws.info["pid"])
    before = server.memory_info().rss
    for service, operation in (("ec2", "describe_vpcs"), ("lambda", "list_layers"), ("sqs", "list_queues")):
        with pytest.raises(ClientError):
            getattr(unchecked(service), operation)()
    assert server.memory_info().rss - before < 30 * 2**20


def test_a_resource_that_does_not_exist_has_the_services_own_code(workshop: Any) -> None:
    assert error_of("glue", "get_job", JobName="none")[0] == "EntityNotFoundException"
    assert error_of("glue", "get_table", DatabaseName="none", Name="none")[0] == "EntityNotFoundException"
    assert error_of("sagemaker", "describe_endpoint", EndpointName="none")[0] == "ValidationException"
    assert error_of("s3", "get_object", Bucket=workshop.bucket, Key="none")[0] == "NoSuchKey"
    assert error_of("s3", "list_objects_v2", Bucket="no-such-bucket-here")[0] == "NoSuchBucket"
    assert error_of("iam", "get_role", RoleName="none")[0] == "NoSuchEntity"
    assert error_of("logs", "get_log_events", logGroupName="none", logStreamName="none")[0] == (
        "ResourceNotFoundException"
    )


def test_errors_are_the_exceptions_that_boto3_names(workshop: Any) -> None:
    glue, sagemaker = boto3.client("glue"), boto3.client("sagemaker")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_crawler(Name="none")
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.list_tags(ResourceArn="arn:aws:sagemaker:us-east-1:123456789012:model/none")


def test_the_error_of_a_refused_request_is_json_with_type_and_message(local_aws: OwnCloud) -> None:
    answer = send(local_aws, "glue", "AWSGlue.GetJob", b"{}")
    assert answer.headers["x-amzn-errortype"] == "InvalidInputException"
    assert set(json.loads(answer.text)) >= {"__type", "message"}
