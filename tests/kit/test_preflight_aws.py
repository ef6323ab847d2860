"""What AWS answers becomes findings: which lesson will fail, and what to do. The answers are given, in AWS's shapes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from helpers import PROJECT
from helpers.preflight import GOOD, NOTE, PROBLEM, Finding
from kit import preflight_aws

Stub = Callable[[str], Stubber]
REGISTRY = {"registryId": "763104351884", "repositoryName": "tensorflow-training"}
HEADER = "service,code,name,default,needed_1,needed_20,needed_60,checked,source\n"
TRAINING = "sagemaker,L-611FA074,ml.m5.large for training job usage,0,3,60,180,reported,x\n"
RULES = "events,L-244521F2,Number of rules,300,3,60,180,documented,x\n"


class Place:
    """As much of a workshop as is asked for."""

    region, account, bucket = "us-east-1", "123456789012", "lake"
    role, events_role = (
        "arn:aws:iam::123456789012:role/dsaws-ann-jobs",
        "arn:aws:iam::123456789012:role/dsaws-ann-events",
    )

    def name(self, what: str) -> str:
        return f"dsaws-ann-{what}"


@pytest.fixture
def ws() -> Any:
    return Place()


def levels(found: Iterator[Finding]) -> list[tuple[str, str]]:
    return [(finding.level, finding.text) for finding in found]


# --- quotas


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "quotas.csv"
    path.write_text(HEADER + TRAINING + RULES)
    return path


def quota(value: float, **more: Any) -> dict[str, Any]:
    return {"Quota": {"Value": value, "Adjustable": True, **more}}


def asked(code: str, service: str = "sagemaker") -> dict[str, str]:
    return {"ServiceCode": service, "QuotaCode": code}


def test_a_quota_that_is_too_small_names_the_lessons_and_how_to_raise_it(stubbed: Stub, table: Path) -> None:
    aws = stubbed("service-quotas")
    aws.add_response("get_service_quota", quota(4), asked("L-611FA074"))
    aws.add_response("get_service_quota", quota(300), asked("L-244521F2", "events"))
    (level, text), rules = levels(preflight_aws.quotas(12, table))
    assert level == PROBLEM
    assert text.startswith("4; 60 needed, else lessons 01, 05, 06, 08, 10 will fail.")
    assert text.endswith("--service-code sagemaker --quota-code L-611FA074 --desired-value 60")
    assert rules == (GOOD, "300; 60 needed")


def test_one_that_cannot_be_raised_says_so_and_one_never_changed_has_the_default(stubbed: Stub, table: Path) -> None:
    aws = stubbed("service-quotas")
    aws.add_client_error("get_service_quota", "NoSuchResourceException")
    aws.add_response("get_aws_default_service_quota", quota(0, Adjustable=False), asked("L-611FA074"))
    aws.add_response("get_service_quota", quota(300))
    (_, text), _ = levels(preflight_aws.quotas(1, table))
    assert text.startswith("0; 3 needed")
    assert text.endswith("it cannot be raised: use an account for each learner")


def test_a_quota_that_may_not_be_asked_is_a_note_and_the_next_is_asked(stubbed: Stub, table: Path) -> None:
    aws = stubbed("service-quotas")
    aws.add_client_error("get_service_quota", "AccessDeniedException", http_status_code=400)
    aws.add_response("get_service_quota", quota(300))
    first, second = levels(preflight_aws.quotas(1, table))
    assert first == (NOTE, "could not ask: your role may not servicequotas:GetServiceQuota")
    assert second[0] == GOOD


# --- permissions


@pytest.fixture
def policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The policy of each role: one statement about crawlers, which has a condition."""
    statement = {
        "Effect": "Allow",
        "Action": ["glue:CreateCrawler", "glue:StartCrawler"],
        "Resource": "arn:aws:glue:${region}:${account}:crawler/dsaws-${learner}-*",
        "Condition": {"StringEquals": {"aws:RequestTag/learner": "${learner}"}},
    }
    for role in ("notebook", "jobs", "events"):
        (tmp_path / f"{role}.json").write_text(json.dumps({"Statement": [statement]}))
    monkeypatch.setattr(preflight_aws, "POLICIES", tmp_path)
    return tmp_path


def simulated(role: str) -> dict[str, Any]:
    return {
        "PolicySourceArn": f"arn:aws:iam::123456789012:role/{role}",
        "ActionNames": ["glue:CreateCrawler", "glue:StartCrawler"],
        "ResourceArns": ["arn:aws:glue:us-east-1:123456789012:crawler/dsaws-ann-preflight"],
        "ContextEntries": [
            {"ContextKeyName": "aws:RequestTag/learner", "ContextKeyValues": ["ann"], "ContextKeyType": "string"}
        ],
    }


def decided(create: str) -> dict[str, Any]:
    decisions = {"glue:CreateCrawler": create, "glue:StartCrawler": "allowed"}
    return {"EvaluationResults": [{"EvalActionName": name, "EvalDecision": said} for name, said in decisions.items()]}


def test_each_role_is_simulated_and_what_it_lacks_names_the_lesson(stubbed: Stub, policies: Path, ws: Any) -> None:
    caller = "arn:aws:sts::123456789012:assumed-role/dsaws-ann-notebook/SageMaker"
    stubbed("sts").add_response("get_caller_identity", {"Arn": caller, "Account": "123456789012", "UserId": "x"})
    iam = stubbed("iam")
    iam.add_response("simulate_principal_policy", decided("implicitDeny"), simulated("dsaws-ann-notebook"))
    iam.add_client_error("simulate_principal_policy", "AccessDenied", http_status_code=403)
    iam.add_response("simulate_principal_policy", decided("allowed"), simulated("dsaws-ann-events"))
    notebook, jobs, events = levels(preflight_aws.permissions(ws))
    assert notebook[0] == PROBLEM
    assert "may not glue:CreateCrawler: lesson 02 will fail. Give it infra/policies/notebook.json" in notebook[1]
    assert jobs == (NOTE, "could not ask: your role may not iam:SimulatePrincipalPolicy")
    assert events[0] == GOOD


# --- images and machines


def tensorflow() -> preflight_aws.Image:
    (image,) = (one for one in preflight_aws.IMAGES if (one.framework, one.scope) == ("tensorflow", "training"))
    return image


def test_an_image_that_is_not_there_names_the_tags_that_are(stubbed: Stub, ws: Any) -> None:
    ecr = stubbed("ecr")
    tag = {"imageIds": [{"imageTag": "2.21.0-cpu-py312-sagemaker"}]}
    ecr.add_response("batch_get_image", {"images": [], "failures": [{"failureCode": "ImageNotFound"}]}, REGISTRY | tag)
    there = [{"imageTag": text} for text in ("2.21.0-gpu-py312", "2.21.0-cpu-py313-sagemaker")]
    ecr.add_response("list_images", {"imageIds": there}, REGISTRY | {"filter": {"tagStatus": "TAGGED"}})
    ((level, text),) = levels(preflight_aws.image_tag(ws, tensorflow()))
    assert level == PROBLEM
    assert "lesson 08 will fail: take one of these tags: 2.21.0-cpu-py313-sagemaker." in text


def test_where_tags_may_not_be_listed_another_version_is_advised(stubbed: Stub, ws: Any) -> None:
    ecr = stubbed("ecr")
    ecr.add_response("batch_get_image", {"images": []})
    ecr.add_client_error("list_images", "AccessDeniedException")
    assert "take another version" in next(preflight_aws.image_tag(ws, tensorflow())).text


def test_an_image_that_aws_patches_no_more_is_a_note(stubbed: Stub, ws: Any) -> None:
    found = {"images": [{"imageId": {"imageTag": "x"}}]}
    ecr = stubbed("ecr")
    for image in preflight_aws.IMAGES:
        ecr.add_response("batch_get_image", found)
        (finding,) = preflight_aws.image_tag(ws, image)
        old = image.patched is not None and image.patched < datetime.now(UTC).date()
        assert finding.level == (NOTE if old else GOOD)


def test_a_machine_that_is_not_sold_in_the_region_names_the_lessons(stubbed: Stub, ws: Any) -> None:
    pricing = stubbed("pricing")
    for found in (["{}"], [], ["{}"], ["{}"]):
        pricing.add_response("get_products", {"PriceList": found, "FormatVersion": "aws_v1"})
    assert [level for level, _ in levels(preflight_aws.instance_types(ws))] == [GOOD, PROBLEM, GOOD, GOOD]


def test_when_nothing_may_be_asked_each_question_is_a_note(
    stubbed: Stub, policies: Path, table: Path, ws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight_aws, "QUOTAS", table)
    denied = {
        "service-quotas": ["get_service_quota"] * 2,
        "sts": ["get_caller_identity"],
        "ecr": ["batch_get_image"] * len(preflight_aws.IMAGES),
        "pricing": ["get_products"],
    }
    for service, operations in denied.items():
        stub = stubbed(service)
        for operation in operations:
            stub.add_client_error(operation, "AccessDeniedException")
    found = levels(preflight_aws.findings(ws))
    assert [level for level, _ in found] == [NOTE] * sum(map(len, denied.values()))
    assert all(text.startswith("could not ask: your role may not ") for _, text in found)


def test_the_images_are_those_of_the_lessons() -> None:
    lesson = (PROJECT / "notebooks" / "08_bring_your_own_model.ipynb").read_text(encoding="utf-8")
    serving = dict(re.findall(r'\\"(\w+)\\": \\"([\d.-]+)\\"', lesson[lesson.index("SERVING, ") :][:90]))
    trained = dict(re.findall(r'trainer\(\\"(\w+)\\", \\"([\d.]+)\\"\)', lesson))
    asked = {(image.framework, image.version) for image in preflight_aws.IMAGES}
    assert asked == set(serving.items()) | set(trained.items())
    uri = (PROJECT / "helpers" / "models" / "training.py").read_text(encoding="utf-8")
    ends = {(name, end) for end, name in re.findall(r'\{uri\}(-\w+)" if framework == "(\w+)"', uri)}
    assert ends == {(image.framework, image.suffix) for image in preflight_aws.IMAGES if image.suffix}
