"""The templates created and deleted by the CloudFormation of the embedded engine, in a process of its own.

The door does not offer it: it makes roles, policies and buckets truly, but Athena's workgroups in an Athena that is not
ours, and of a bucket neither tags nor lifecycle; of SageMaker and Budgets it knows no resource. What is left out here
is named in `NOT_THERE`, and in infra/README.md.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from policies import INFRA, TRUSTS, read
from test_templates import TEMPLATES, template

NOT_THERE = {
    "AWS::Budgets::Budget",
    "AWS::Budgets::BudgetsAction",
    "AWS::SageMaker::Domain",
    "AWS::SageMaker::Space",
    "AWS::SageMaker::StudioLifecycleConfig",
    "AWS::SageMaker::UserProfile",
}
MADE = {
    "AWS::Athena::WorkGroup",
    "AWS::CloudFormation::Stack",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
}
WITH_THE_DOMAIN = {"AWS::EC2::Subnet", "AWS::EC2::VPC"}  # the engine knows them, but not what they are for
ACCOUNT = "123456789012"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Makes clients of an engine that is empty but for a bucket `assets` with the templates."""
    home = tmp_path_factory.mktemp("engine")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "S3_DATA_DIR": str(home / "s3"),
        "STATE_DIR": str(home / "state"),
        "DOCKER_HOST": "unix:///nonexistent",
    }
    with (home / "log").open("w") as log:
        command = [sys.executable, "-m", "ministack"]
        process = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=subprocess.STDOUT)

    def client(service: str) -> Any:
        keys = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "any"}
        return boto3.client(service, endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", **keys)

    try:
        _wait_for(port, process)
        s3 = client("s3")
        s3.create_bucket(Bucket="assets")
        for path in INFRA.glob("*.yaml"):
            s3.upload_file(str(path), "assets", f"infra/{path.name}")
        yield client
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the engine does not start")


def _create(cloudformation: Any, name: str, body: str, **parameters: str) -> Json:
    """Create a stack, wait for its end, and return its outputs; what failed is the error's text."""
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=body,
        Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    stack = _ended(cloudformation, name)
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event.get("ResourceStatusReason") for event in events if "FAILED" in event["ResourceStatus"]]
    assert stack["StackStatus"] == "CREATE_COMPLETE", failed
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _ended(cloudformation: Any, name: str) -> Json:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        stack: Json = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            return stack
        time.sleep(0.3)
    raise TimeoutError(name)


def _delete(cloudformation: Any, name: str) -> None:
    cloudformation.delete_stack(StackName=name)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError:
            return
        assert stack["StackStatus"] != "DELETE_FAILED", stack.get("StackStatusReason")
        time.sleep(0.3)
    raise TimeoutError(name)


def _left(client: Any) -> tuple[list[str], ...]:
    """Roles, managed policies, buckets and workgroups that are there beside the templates' bucket."""
    iam, groups = client("iam"), client("athena").list_work_groups()["WorkGroups"]
    return (
        sorted(role["RoleName"] for role in iam.list_roles()["Roles"]),
        sorted(policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"]),
        sorted(bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"] if bucket["Name"] != "assets"),
        sorted(group["Name"] for group in groups if group["Name"] != "primary"),
    )


def _types(found: Any) -> set[str]:
    """The types of all resources in a template."""
    if isinstance(found, list):
        return set().union(*map(_types, found))
    if not isinstance(found, dict):
        return set()
    own = {found["Type"]} if str(found.get("Type", "")).startswith("AWS::") and "Properties" in found else set()
    return own.union(*map(_types, found.values()))


def test_each_type_of_resource_is_made_here_or_named_as_not_there() -> None:
    used = set().union(*(_types(template(path.stem)["Resources"]) for path in TEMPLATES))
    assert used == MADE | NOT_THERE | WITH_THE_DOMAIN


def test_the_page_names_what_was_made_here_and_what_was_not() -> None:
    text = (INFRA / "README.md").read_text(encoding="utf-8")
    assert [kind for kind in sorted(MADE | NOT_THERE) if f"`{kind.removeprefix('AWS::')}`" not in text] == []


@pytest.mark.parametrize("kind", sorted(NOT_THERE))
def test_what_is_named_as_not_there_is_refused(engine: Any, kind: str) -> None:
    """When the engine learns it, it belongs into the stacks below."""
    body = json.dumps({"Resources": {"Thing": {"Type": kind, "Properties": {}}}})
    with pytest.raises(ClientError, match="Unrecognized resource types"):
        engine("cloudformation").create_stack(StackName="refused", TemplateBody=body)


def _stopped(cloudformation: Any, learners: str) -> list[str]:
    """Make stop.yaml as far as it can be made here, and return the roles that its actions are on."""
    stop = template("stop")
    actions = {name: stop["Resources"].pop(name) for name in ("NotebookAction", "JobsAction")}
    del stop["Resources"]["Budget"]
    definitions = {name: action["Properties"]["Definition"]["IamActionDefinition"] for name, action in actions.items()}
    assert [found["PolicyArn"] for found in definitions.values()] == [{"Ref": "Policy"}] * 2
    stop["Outputs"] = {name: {"Value": {"Fn::Join": [",", found["Roles"]]}} for name, found in definitions.items()}
    given = {"Name": "dsaws-event-stop", "Learners": learners, "MonthlyBudget": "5", "Email": "host@example.com"}
    outputs = _create(cloudformation, "dsaws-event-stop", json.dumps(stop), **given)
    return sorted(role for roles in outputs.values() for role in roles.split(","))


def test_a_learners_stack_has_the_roles_and_the_bucket_and_goes_without_a_trace(engine: Any) -> None:
    cloudformation, iam, s3 = engine("cloudformation"), engine("iam"), engine("s3")
    body = (INFRA / "learner.yaml").read_text(encoding="utf-8")
    outputs = _create(cloudformation, "dsaws-ann", body, Learner="ann", AssetsBucket="assets")

    bucket = f"dsaws-ann-{ACCOUNT}-us-east-1"
    role = f"arn:aws:iam::{ACCOUNT}:role/dsaws-ann"
    assert outputs == {
        "Learner": "ann",
        "Bucket": bucket,
        "Workgroup": "dsaws-ann",
        "NotebookRole": f"{role}-notebook",
        "JobsRole": f"{role}-jobs",
        "EventsRole": f"{role}-events",
    }
    for path in TRUSTS:
        made = {"RoleName": f"dsaws-ann-{path.stem}"}
        document = iam.get_role_policy(**made, PolicyName=path.stem)["PolicyDocument"]
        assert document == read(INFRA / "policies" / f"{path.stem}.json", bucket=bucket)
        assert iam.get_role(**made)["Role"]["AssumeRolePolicyDocument"] == read(path)
    attached = iam.list_attached_role_policies(RoleName="dsaws-ann-notebook")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["dsaws-ann-studio"]
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=bucket)

    _delete(cloudformation, "dsaws-ann")
    assert _left(engine) == ([], [], [], [])


def test_an_events_stack_has_roles_for_each_learner_and_goes_without_a_trace(engine: Any) -> None:
    cloudformation, iam = engine("cloudformation"), engine("iam")
    event = template("event")
    del event["Resources"]["Stop"], event["Resources"]["Studio"], event["Outputs"]["Domain"]
    learner = event["Resources"]["Fn::ForEach::EachLearner"][2]["Learner${Name}"]["Properties"]["Parameters"]
    del learner["Domain"], learner["SetUp"]
    for parameter in ("Repository", "EventBudget", "Email", "BudgetStops"):
        del event["Parameters"][parameter]
    given = {"Learners": "ann,bob,carl", "AssetsBucket": "assets", "Ends": "2030-01-01T00:00:00Z"}
    outputs = _create(cloudformation, "dsaws-event", json.dumps(event), **given)

    names = [f"dsaws-{learner}-{path.stem}" for learner in ("ann", "bob", "carl") for path in TRUSTS]
    roles, policies, buckets, groups = _left(engine)
    assert roles == names
    assert policies == ["dsaws-ann-studio", "dsaws-bob-studio", "dsaws-carl-studio", "dsaws-event-end"]
    assert buckets == [outputs["Bucket"]]
    assert groups == ["dsaws-ann", "dsaws-bob", "dsaws-carl"]
    for name in names:
        attached = {each["PolicyName"] for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]}
        assert ("dsaws-event-end" in attached) == name.endswith(("-notebook", "-jobs"))
    stopped = [name for name in names if name.endswith(("-notebook", "-jobs"))]
    assert _stopped(cloudformation, given["Learners"]) == stopped
    assert "dsaws-event-stop" in _left(engine)[1]

    _delete(cloudformation, "dsaws-event-stop")
    _delete(cloudformation, "dsaws-event")
    assert _left(engine) == ([], [], [], [])
