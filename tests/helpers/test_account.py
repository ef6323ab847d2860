"""connect() on AWS: whose space this is, and what was made for the learner there.

No AWS is here: its answers are botocore's stubs, which hold each request and each answer against AWS's own model.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from helpers import account, studio, workshop

NUMBER = "123456789012"
SPACE = {"DomainId": "d-0123456789ab", "SpaceName": "lessons"}
METADATA = {
    **SPACE,
    "AppType": "JupyterLab",
    "ExecutionRoleArn": f"arn:aws:iam::{NUMBER}:role/service-role/notebook",
    "ResourceArn": f"arn:aws:sagemaker:eu-west-1:{NUMBER}:app/d-0123456789ab/lessons/JupyterLab/default",
}
CALLER = {"Account": NUMBER, "UserId": "AROA:ann", "Arn": f"arn:aws:sts::{NUMBER}:assumed-role/notebook/SageMaker"}


class Aws:
    """The clients of this process, with the answers that are given to them, in their order."""

    def __init__(self) -> None:
        self._clients: dict[str, Any] = {}
        self._stubs: dict[str, Stubber] = {}
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "region_name": "eu-west-1"}
        for service in ("sagemaker", "sts", "cloudformation"):
            self._clients[service] = boto3.client(service, **keys)
            self._stubs[service] = Stubber(self._clients[service])
            self._stubs[service].activate()

    def client(self, service: str) -> Any:
        return self._clients[service]

    def answers(self, service: str, operation: str, answer: dict[str, Any], asked: dict[str, Any]) -> None:
        self._stubs[service].add_response(operation, answer, asked)

    def refuses(self, service: str, operation: str, code: str) -> None:
        self._stubs[service].add_client_error(operation, code, f"{operation} is refused")

    def has_space(self, owner: str | None, sharing: str = "Private") -> None:
        answer: dict[str, Any] = {**SPACE, "SpaceSharingSettings": {"SharingType": sharing}}
        if owner:
            answer["OwnershipSettings"] = {"OwnerUserProfileName": owner}
        self.answers("sagemaker", "describe_space", answer, SPACE)

    def has_stack(self, name: str, **outputs: str) -> None:
        listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        stack = {"StackName": name, "CreationTime": 0, "StackStatus": "CREATE_COMPLETE", "Outputs": listed}
        self.answers("cloudformation", "describe_stacks", {"Stacks": [stack]}, {"StackName": name})

    def all_asked(self) -> None:
        for stub in self._stubs.values():
            stub.assert_no_pending_responses()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    aws = Aws()
    monkeypatch.setattr(boto3, "client", aws.client)
    for name in ("LEARNER", "BUCKET", "ROLE", "EVENTS_ROLE", "WORKGROUP", "CLOUD"):
        monkeypatch.delenv(f"COURSE_{name}", raising=False)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    yield aws
    aws.all_asked()


@pytest.fixture
def in_space(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[dict[str, Any]], None]:
    """Put this process into a space whose metadata are these."""

    def put(metadata: dict[str, Any]) -> None:
        path = tmp_path / "resource-metadata.json"
        path.write_text(json.dumps(metadata), encoding="utf-8")
        monkeypatch.setattr(studio, "METADATA", path)

    return put


def test_a_space_belongs_to_the_profile_that_owns_it(aws: Aws, in_space: Callable[[dict[str, Any]], None]) -> None:
    in_space(METADATA)
    aws.has_space("Ann-B")
    assert account.owner() == "Ann-B"


@pytest.mark.parametrize(("owner", "sharing"), [("ann", "Shared"), (None, "Shared"), (None, "Private")])
def test_a_space_for_several_people_is_nobodys(
    aws: Aws, in_space: Callable[[dict[str, Any]], None], owner: str | None, sharing: str
) -> None:
    in_space(METADATA)
    aws.has_space(owner, sharing)
    with pytest.raises(RuntimeError, match=r"several people.*COURSE_LEARNER=… python3 course.py setup"):
        account.owner()


def test_a_role_that_may_not_ask_is_told_what_it_lacks_and_what_to_do(
    aws: Aws, in_space: Callable[[dict[str, Any]], None]
) -> None:
    in_space(METADATA)
    aws.refuses("sagemaker", "describe_space", "AccessDeniedException")
    with pytest.raises(RuntimeError, match=r"(?s)sagemaker:DescribeSpace.*COURSE_LEARNER"):
        account.owner()


@pytest.mark.parametrize("metadata", [{}, {"ResourceName": "a-notebook-instance"}])
def test_on_aws_the_systems_user_is_no_learner(
    aws: Aws, in_space: Callable[[dict[str, Any]], None], metadata: dict[str, Any]
) -> None:
    in_space(metadata)
    with pytest.raises(RuntimeError, match="Set COURSE_LEARNER to a name that nobody else"):
        account.owner()


def test_course_learner_is_asked_first(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_LEARNER", "Joan")
    assert account.owner() == "Joan"


def test_the_region_is_the_spaces_where_nothing_else_says_one(
    aws: Aws, in_space: Callable[[dict[str, Any]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    in_space(METADATA)
    assert account.region() == "eu-west-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    assert account.region() == "us-west-2"
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    in_space({})
    with pytest.raises(RuntimeError, match="Set AWS_DEFAULT_REGION"):
        account.region()


def test_a_learners_own_stack_says_the_bucket_and_its_roles_are_the_learners(
    aws: Aws, in_space: Callable[[dict[str, Any]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_space(METADATA)
    aws.has_space("ann")
    aws.answers("sts", "get_caller_identity", CALLER, {})
    aws.has_stack("dsaws-ann", Bucket="anns-lake")
    monkeypatch.setattr(boto3, "setup_default_session", lambda: None)
    ws = workshop.connect(quiet=True)
    assert (ws.learner, ws.bucket, ws.workgroup) == ("ann", "anns-lake", "dsaws-ann")
    assert ws.role == f"arn:aws:iam::{NUMBER}:role/dsaws-ann-jobs"
    assert ws.events_role == f"arn:aws:iam::{NUMBER}:role/dsaws-ann-events"
    assert str(ws) == (
        f"Connected to AWS account {NUMBER} · region eu-west-1 · your data: s3://anns-lake/data-science-on-aws/ann/"
    )


def test_at_an_event_one_stack_has_the_bucket_of_all(aws: Aws, in_space: Callable[[dict[str, Any]], None]) -> None:
    in_space(METADATA)
    aws.answers("sts", "get_caller_identity", CALLER, {})
    aws.refuses("cloudformation", "describe_stacks", "ValidationError")
    aws.has_stack("dsaws-event", Bucket="lake")
    found = account.found("ann")
    assert (found["bucket"], found["role"]) == ("lake", f"arn:aws:iam::{NUMBER}:role/dsaws-ann-jobs")


@pytest.mark.parametrize("code", ["ValidationError", "AccessDenied"])
def test_without_a_stack_everything_runs_as_the_notebook_does(
    aws: Aws, in_space: Callable[[dict[str, Any]], None], monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    in_space(METADATA)
    monkeypatch.setenv("COURSE_BUCKET", "mine")
    aws.answers("sts", "get_caller_identity", CALLER, {})
    for _ in range(2):
        aws.refuses("cloudformation", "describe_stacks", code)
    found = account.found("ann")
    assert (found["role"], found["events_role"]) == (METADATA["ExecutionRoleArn"], METADATA["ExecutionRoleArn"])


def test_a_templates_notebook_that_may_not_ask_for_its_stack_has_its_roles_all_the_same(
    aws: Aws, in_space: Callable[[dict[str, Any]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_space({**METADATA, "ExecutionRoleArn": f"arn:aws:iam::{NUMBER}:role/dsaws-ann-notebook"})
    monkeypatch.setenv("COURSE_BUCKET", "lake")
    aws.answers("sts", "get_caller_identity", CALLER, {})
    for _ in range(2):
        aws.refuses("cloudformation", "describe_stacks", "AccessDenied")
    found = account.found("ann")
    assert found["role"] == f"arn:aws:iam::{NUMBER}:role/dsaws-ann-jobs"
    assert found["events_role"] == f"arn:aws:iam::{NUMBER}:role/dsaws-ann-events"


def test_what_is_set_goes_before_what_a_stack_says(
    aws: Aws, in_space: Callable[[dict[str, Any]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_space(METADATA)
    values = {"BUCKET": "mine", "ROLE": "arn:jobs", "EVENTS_ROLE": "arn:events", "WORKGROUP": "ours"}
    for name, value in values.items():
        monkeypatch.setenv(f"COURSE_{name}", value)
    aws.answers("sts", "get_caller_identity", CALLER, {})
    aws.has_stack("dsaws-ann", Bucket="anns-lake")
    found = account.found("ann")
    assert [found[name] for name in ("bucket", "role", "events_role", "workgroup")] == [*values.values()]


def test_an_account_that_does_not_answer_is_told_with_what_to_do(aws: Aws) -> None:
    aws.refuses("sts", "get_caller_identity", "ExpiredToken")
    with pytest.raises(RuntimeError, match=r"(?s)sts:GetCallerIdentity.*credentials"):
        account.found("ann")
