"""The CloudFormation templates: without findings of cfn-lint, and saying the same as the policies and the script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cfnlint.decode import cfn_yaml
from policies import INFRA, POLICIES, TRUSTS, privilege, read

from kit import role_templates

TEMPLATES = sorted(path for path in INFRA.glob("*.yaml") if path.name != "contentspec.yaml")
Json = dict[str, Any]


def template(name: str) -> Json:
    """A template as CloudFormation reads it, without its short forms."""
    found: Json = cfn_yaml.load(str(INFRA / f"{name}.yaml"))
    return found


def test_the_templates_are_these() -> None:
    assert [path.stem for path in TEMPLATES] == ["domain", "event", "learner", "roles", "stop"]


def findings(text: str) -> list[str]:
    """What cfn-lint says of a template, errors, warnings and information.

    But for I3042, which wants other partitions than aws: the course's prices and images are of no other.
    """
    config = ManualArgs(include_checks=["I"], ignore_checks=["I3042"], regions=["us-east-1"])
    return [f"{found.rule.id} {found.message}" for found in lint(text, config=config)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_cfn_lint_finds_nothing(path: Path) -> None:
    assert findings(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("right", "wrong", "rule"),
    [
        ("'s3:PutObject'", "'s3:PutIt'", "W3037"),
        ("Condition:", "Conditions:", "E3510"),
    ],
)
def test_cfn_lint_looks_into_the_policies(right: str, wrong: str, rule: str) -> None:
    """Else nothing found would say nothing of them."""
    assert rule in " ".join(findings(role_templates.text().replace(right, wrong)))


def test_the_roles_template_is_made_of_the_policies() -> None:
    made = "the policies have changed: run `python -m kit.role_templates`"
    assert role_templates.TEMPLATE.read_text(encoding="utf-8") == role_templates.text(), made


@pytest.mark.parametrize("path", [*POLICIES, *TRUSTS], ids=lambda path: path.relative_to(INFRA).as_posix())
def test_a_document_in_the_template_says_what_the_policy_says(path: Path) -> None:
    values = {"AWS::Region": "us-east-1", "AWS::AccountId": "123456789012", "Bucket": "the-bucket", "Learner": "ann"}

    def filled(found: Any) -> Any:
        if isinstance(found, list):
            return [filled(each) for each in found]
        if isinstance(found, dict) and "Fn::Sub" in found:
            text = found["Fn::Sub"]
            for name, value in values.items():
                text = text.replace(f"${{{name}}}", value)
            return text
        return {key: filled(value) for key, value in found.items()} if isinstance(found, dict) else found

    resources = template("roles")["Resources"]
    if path in TRUSTS:
        document = resources[f"{path.stem.capitalize()}Role"]["Properties"]["AssumeRolePolicyDocument"]
    elif path.stem == "studio":
        document = resources["StudioPolicy"]["Properties"]["PolicyDocument"]
    else:
        document = resources[f"{path.stem.capitalize()}Role"]["Properties"]["Policies"][0]["PolicyDocument"]
    assert filled(document) == read(path)


def test_a_space_runs_the_script_that_is_tested() -> None:
    content = template("domain")["Resources"]["SetUp"]["Properties"]["StudioLifecycleConfigContent"]
    script = (INFRA / "lifecycle-jupyterlab.sh").read_text(encoding="utf-8")
    assert content["Fn::Base64"]["Fn::Sub"] == script, "put the script's text into infra/domain.yaml"


def test_a_budget_that_is_spent_and_the_end_of_an_event_deny_the_same() -> None:
    stop = template("stop")["Resources"]["Policy"]["Properties"]["PolicyDocument"]["Statement"][0]
    end = template("event")["Resources"]["Guard"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert stop["Action"] == end["Action"]
    assert [action for action in stop["Action"] if not action.endswith(":*") and not privilege(action)] == []


def test_what_is_denied_at_the_end_is_all_that_starts_something_with_a_price() -> None:
    denied = template("event")["Resources"]["Guard"]["Properties"]["PolicyDocument"]["Statement"][0]["Action"]
    allowed = {
        action
        for path in POLICIES
        if path.stem != "events"  # what a rule starts, the jobs' role runs
        for statement in read(path)["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    starts = {action for action in allowed if action.partition(":")[2].startswith(("Create", "Start", "Run"))}
    free = {  # entries in a list, or what costs with the job that writes it
        *("glue:CreateCrawler", "glue:CreateDatabase", "glue:CreateJob", "glue:CreateTable", "glue:CreateTrigger"),
        *("glue:CreateWorkflow", "logs:CreateLogGroup", "logs:CreateLogStream"),
        *("sagemaker:CreateEndpointConfig", "sagemaker:CreateModel", "sagemaker:CreateModelPackage"),
        *("sagemaker:CreateModelPackageGroup", "sagemaker:CreatePipeline", "sagemaker:CreatePresignedDomainUrl"),
        "sagemaker:CreateSpace",
    }
    assert starts - free <= set(denied)
