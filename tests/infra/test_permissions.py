"""The roles of `infra/policies` may do what the lessons and labs do, on their learner's own, and nothing besides.

What they do is in `calls.jsonl`: written by the local AWS while all lessons and labs ran, see `kit/permissions.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from helpers import roles
from kit.permissions import STORED, needs
from localcloud.engine.policies import Need, permits
from localcloud.store.sessions import Session

VALUES = {"account": "123456789012", "region": "us-east-1", "bucket": "sagemaker-us-east-1-123456789012"}
CALLS = [json.loads(line) for line in STORED.read_text().splitlines()]
STATEMENTS = [
    (kind, statement)
    for kind in roles.KINDS
    for statement in json.loads((roles.POLICIES / f"{kind}.json").read_text())["Statement"]
]
# Allowed on another learner's, too, because:
SHARED = {
    ("jobs", "logs:CreateLogGroup"): "a group without a stream tells nothing",
    ("notebook", "logs:DescribeLogStreams"): "it tells names and times; the lines are another action",
}
# Allowed, and not in the record, because:
_SERVICES = "AWS's service asks it in the role's name; here the local AWS does that as itself, or not at all"
_AGAIN = "a lesson that is run again changes what it finds"
_CLEANS = "the clean-up needs it of what is left running, or of a bucket with versions, and the run leaves neither"
_PARTS = "a large file in parts, more than the sample has"
_OTHER_WAY = "a right answer of a lab other than the worked one needs it"
_ON_AWS = "it is asked on AWS only: connect(), course.py doctor"
UNUSED = {
    **{
        ("jobs", action): _SERVICES
        for action in (
            *("cloudwatch:PutMetricData", "logs:DescribeLogStreams", "s3:GetBucketLocation"),
            *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken"),
            *("ecr:GetDownloadUrlForLayer", "glue:BatchGetPartition", "glue:GetPartition"),
            "glue:GetUserDefinedFunctions",
        )
    },
    **{("jobs", f"glue:{action}"): _AGAIN for action in ("BatchUpdatePartition", "UpdatePartition")},
    **{
        ("reader", action): _SERVICES
        for action in (
            *("cloudwatch:PutMetricData", "logs:DescribeLogStreams", "ecr:GetAuthorizationToken"),
            *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        )
    },
    (
        "notebook",
        "events:TestEventPattern",
    ): "the learner's turn in lesson 10, which the run leaves out",
    **{
        ("notebook", f"glue:{action}"): _OTHER_WAY
        for action in ("BatchCreatePartition", "BatchDeletePartition", "DeletePartition")
    },
    ("jobs", "s3:DeleteObject"): _AGAIN,
    ("jobs", "sagemaker:UpdateEndpoint"): "the second approval of a model; the lesson has one",
    **{("jobs", f"sagemaker:Stop{kind}Job"): "a pipeline that is stopped" for kind in ("Processing", "Training")},
    **{(role, "s3:AbortMultipartUpload"): _PARTS for role in ("jobs", "notebook")},
    ("notebook", "s3:ListMultipartUploadParts"): _PARTS,
    ("notebook", "glue:UpdateJob"): _AGAIN,
    ("notebook", "sagemaker:UpdatePipeline"): _AGAIN,
    **{
        ("notebook", action): _CLEANS
        for action in (
            *("cloudwatch:DeleteAlarms", "glue:BatchStopJobRun", "glue:StopCrawler"),
            *("s3:DeleteObjectVersion", "s3:ListBucketVersions", "sagemaker:StopPipelineExecution"),
            *(f"sagemaker:Stop{kind}Job" for kind in ("AutoML", "HyperParameterTuning", "Processing")),
            *(f"sagemaker:Stop{kind}Job" for kind in ("Training", "Transform")),
        )
    },
    **{
        ("notebook", action): _ON_AWS
        for action in ("cloudformation:DescribeStacks", "iam:SimulatePrincipalPolicy", "sagemaker:DescribeSpace")
    },
}
# Resources that only AWS's own client of the catalog asks for, which Spark has there and not here.
UNNAMED = {
    ("LookForSparksDefaultDatabase", "arn:aws:glue:${region}:${account}:database/default"),
    ("LookForSparksDefaultDatabase", "arn:aws:glue:${region}:${account}:database/global_temp"),
    ("UseOwnCatalog", "arn:aws:glue:${region}:${account}:userDefinedFunction/dsaws_${learner}/*"),
}


def policy(kind: str, learner: str) -> str:
    return roles.document(roles.POLICIES / f"{kind}.json", learner=learner, **VALUES)


def of(learner: str, call: dict[str, Any]) -> Need:
    """A call of the record, as this learner makes it."""

    def filled(text: str) -> str:
        for name, value in {**VALUES, "learner": learner}.items():
            text = text.replace(f"${{{name}}}", value)
        return text.replace("*", "x1") if text != "*" else text

    keys = {
        name: [filled(item) for item in value] if isinstance(value, list) else filled(value)
        for name, value in call["keys"].items()
    }
    return Need(call["action"], filled(call["resource"]), keys)


def allowed(document: str, call: dict[str, Any], caller: str, owner: str) -> bool:
    session = Session(roles.role_name(caller, call["role"]), "proof")
    return permits(document, session, of(owner, call))


def title(call: dict[str, Any]) -> str:
    return f"{call['role']} {call['action']} {call['resource'].rpartition('}:')[2]}"


@pytest.mark.parametrize("call", CALLS, ids=title)
def test_what_the_course_does_is_allowed_on_its_learners_own(call: dict[str, Any]) -> None:
    assert allowed(policy(call["role"], "ann"), call, "ann", "ann")


def whose(call: dict[str, Any]) -> bool:
    """Whether a call is on what is one learner's, and not on what all have in common."""
    shared = (call["role"], call["action"]) in SHARED
    return not shared and ("${learner}" in call["resource"] or "${learner}" in call["keys"].get("s3:prefix", ""))


@pytest.mark.parametrize("call", [call for call in CALLS if whose(call)], ids=title)
def test_and_denied_on_anothers(call: dict[str, Any]) -> None:
    assert not allowed(policy(call["role"], "ann"), call, "ann", "bob")
    assert not allowed(policy(call["role"], "ann"), call, "ann", "annb")  # whose name only begins so


def parts() -> Iterator[tuple[str, str, str, str]]:
    """Role, action, resource of each thing that a policy allows, and a policy of that alone."""
    for kind, statement in STATEMENTS:
        actions, resources = statement["Action"], statement["Resource"]
        for action in [actions] if isinstance(actions, str) else actions:
            for resource in [resources] if isinstance(resources, str) else resources:
                alone = {**statement, "Action": action, "Resource": resource}
                yield kind, action, resource, json.dumps({"Version": "2012-10-17", "Statement": alone})


def _filled(text: str) -> str:
    for name, value in {**VALUES, "learner": "ann"}.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def test_nothing_is_allowed_that_nobody_uses() -> None:
    used = {
        (kind, action)
        for kind, action, _, alone in parts()
        if any(
            call["role"] == kind and call["action"] == action and allowed(_filled(alone), call, "ann", "ann")
            for call in CALLS
        )
    }
    idle = {(kind, action) for kind, action, _, _ in parts()} - used
    assert idle == UNUSED.keys()


def test_no_resource_is_named_that_nobody_uses() -> None:
    idle = {
        (statement["Sid"], resource)
        for kind, statement in STATEMENTS
        for resource in ([statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"])
        if not any(
            call["role"] == kind
            and allowed(_filled(json.dumps({"Statement": {**statement, "Resource": resource}})), call, "ann", "ann")
            for call in CALLS
        )
        and not all(
            (kind, action) in UNUSED
            for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        )
    }
    assert idle == UNNAMED


def test_a_record_is_stored_without_what_only_its_run_had() -> None:
    where = "arn:aws:sagemaker:eu-west-1:210987654321:training-job/dsaws-ann-06-1795845061-001-6b0a6c2e"
    call = {
        "role": "dsaws-ann-jobs",
        "needs": [
            ["sagemaker:DescribeTrainingJob", where, {}],
            ["glue:CreateCrawler", "*", {"aws:RequestTag/learner": "ann", "aws:TagKeys": ["learner"]}],
            ["s3:GetObject", "arn:aws:s3:::sagemaker-eu-west-1-210987654321/data-science-on-aws/ann/a/b", {}],
        ],
    }
    denied = {**call, "denied": "s3:GetObject"}
    other = {**call, "role": "somebody"}
    stored = needs(map(json.dumps, [call, call, denied, other]))
    assert [(need["role"], need["resource"], need["keys"]) for need in stored] == [
        ("jobs", "*", {"aws:RequestTag/learner": "${learner}"}),
        ("jobs", "arn:aws:s3:::${bucket}/data-science-on-aws/${learner}/*", {}),
        ("jobs", "arn:aws:sagemaker:${region}:${account}:training-job/dsaws-${learner}-06-*-*-*", {}),
    ]
