"""Studio's apps and spaces are found, priced and deleted in AWS's order.

The local AWS has no Studio: AWS's answers are given here, held against botocore's model of SageMaker.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from helpers import studio as this_space
from helpers.cleanup import studio
from helpers.cleanup.left import Everyone, Left
from helpers.cleanup.leftovers import delete
from helpers.money.costs import HOURS_PER_MONTH, price
from helpers.workshop import Workshop
from kit import sweep

OURS, THEIRS = "d-ours", "d-theirs"
ARN = "arn:aws:sagemaker:us-east-1:123456789012"
ANN = {"DomainId": OURS, "SpaceName": "ann"}  # by hand, in a domain of the course's
TAGGED = {"DomainId": THEIRS, "SpaceName": "notes"}
NAMED = {"DomainId": THEIRS, "SpaceName": "dsaws-bob"}
OTHER = {"DomainId": THEIRS, "SpaceName": "other"}
EVERYONE = Everyone("us-east-1", "123456789012", "the-bucket", frozenset({f"sagemaker:space/{THEIRS}/notes"}))
JUPYTER = {"AppType": "JupyterLab", "AppName": "default"}


def app(space: dict[str, str], status: str = "InService", machine: str = "ml.t3.large") -> dict[str, Any]:
    return {**space, **JUPYTER, "Status": status, "ResourceSpec": {"InstanceType": machine}}


def answers(aws: Stubber, apps: list[dict[str, Any]] | None = None) -> None:
    """The lists that a search reads, in its order."""
    domains = [
        {"DomainId": name, "DomainName": title, "DomainArn": f"{ARN}:domain/{name}"}
        for name, title in ((OURS, "dsaws-event"), (THEIRS, "research"))
    ]
    volume = {"SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 20}}}
    spaces = [{**each, "SpaceSettingsSummary": volume} for each in (ANN, TAGGED, NAMED, OTHER)]
    aws.add_response("list_domains", {"Domains": domains}, {"MaxResults": 100})
    aws.add_response("list_spaces", {"Spaces": spaces}, {"MaxResults": 100})
    if apps is not None:
        aws.add_response("list_apps", {"Apps": apps}, {"MaxResults": 100})


@pytest.fixture
def aws(stubbed: Callable[[str], Stubber], monkeypatch: pytest.MonkeyPatch) -> Stubber:
    monkeypatch.setattr("helpers.aws.client.time.sleep", lambda seconds: None)
    return stubbed("sagemaker")


def test_apps_of_the_courses_spaces_are_found_and_nobody_elses(aws: Stubber) -> None:
    classic = {"DomainId": OURS, "UserProfileName": "carl", "AppType": "JupyterServer", "AppName": "default"}
    system = {"ResourceSpec": {"InstanceType": "system"}}
    every = [app(ANN), app(TAGGED, "Pending"), app(NAMED, "Deleted"), app(OTHER)]
    answers(aws, [*every, {**classic, "Status": "InService", **system}])
    found = list(studio.apps(EVERYONE))
    assert [(left.name, left.state) for left in found] == [
        ("ann/default", "InService"),
        ("notes/default", "Pending"),
        ("carl/default", "InService"),
    ]
    hour = price("SageMaker AI", "ml.t3.large Studio-JupyterLab").usd
    assert [left.hourly() for left in found] == [hour, hour, 0]


def test_what_does_not_run_costs_nothing_and_what_has_no_price_is_unknown(aws: Stubber) -> None:
    answers(aws, [app(ANN, "Failed"), app(ANN, machine="ml.p5.48xlarge")])
    failed, dear = studio.apps(EVERYONE)
    assert failed.hourly() == 0
    assert math.isnan(dear.hourly())


def test_the_app_that_the_sweep_runs_in_is_left(aws: Stubber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = tmp_path / "resource-metadata.json"
    metadata.write_text(json.dumps({"AppType": "JupyterLab", **ANN}))
    monkeypatch.setattr(this_space, "METADATA", metadata)
    answers(aws, [app(ANN), app(NAMED)])
    assert [left.name for left in studio.apps(EVERYONE)] == ["dsaws-bob/default"]


def test_an_app_is_deleted_once_and_waited_for(aws: Stubber) -> None:
    answers(aws, [app(ANN)])
    [left] = studio.apps(EVERYONE)
    named = {**ANN, **JUPYTER}
    aws.add_response("describe_app", app(ANN), named)
    aws.add_response("delete_app", {}, named)
    for status in ("Deleting", "Deleted"):
        aws.add_response("describe_app", app(ANN, status), named)
    assert delete(left) == ""
    aws.assert_no_pending_responses()


def test_a_space_costs_its_volume_and_is_deleted_and_waited_for(aws: Stubber) -> None:
    answers(aws)
    found = list(studio.spaces(EVERYONE))
    assert [left.name for left in found] == ["ann", "notes", "dsaws-bob"]
    hour = 20 * price("SageMaker AI", "Studio space storage gp3").usd / HOURS_PER_MONTH
    assert [left.hourly() for left in found] == [pytest.approx(hour)] * 3
    aws.add_response("delete_space", {}, ANN)
    aws.add_response("describe_space", {**ANN, "Status": "Deleting"}, ANN)
    aws.add_client_error("describe_space", "ResourceNotFound", "Space ann does not exist", expected_params=ANN)
    assert delete(found[0]) == ""
    aws.assert_no_pending_responses()


def test_a_space_whose_app_runs_stays_with_awss_reason(aws: Stubber) -> None:
    answers(aws)
    left = next(studio.spaces(EVERYONE))
    aws.add_client_error("delete_space", "ResourceInUse", "Space has apps", expected_params=ANN)
    assert delete(left) == "Studio space ann: ResourceInUse: Space has apps"


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """A host's sweep on AWS that looks for nothing but Studio's: an app, and a space on request."""
    named = {"region": "us-east-1", "account": "123456789012", "bucket": "the-bucket"}
    ws = Workshop(**{field.name: field.name for field in fields(Workshop)} | named)
    there = {"app": 1.0, "space": 0.5}

    def find(kind: str) -> Callable[[Any], list[Left]]:
        def each(_: Any) -> list[Left]:
            return [Left(kind, kind, "", lambda: there.pop(kind), lambda: there[kind])] if kind in there else []

        return each

    monkeypatch.setenv("COURSE_CLOUD", "aws")
    for name, value in {"KINDS": {}, "connect": lambda quiet: ws, "tagged": list}.items():
        monkeypatch.setattr(sweep, name, value)
    monkeypatch.setattr(studio, "apps", find("app"))
    monkeypatch.setattr(studio, "spaces", find("space"))
    return lambda *words: sweep.main(list(words))


def test_a_sweep_keeps_spaces_and_says_what_they_cost(
    swept: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert swept() == 1
    assert swept("--delete", "--yes") == 0
    said = capsys.readouterr().out
    assert "· Studio spaces: 1 kept, $0.50 an hour" in said
    assert swept("--spaces") == 1


def test_with_spaces_it_deletes_apps_first_then_spaces(
    swept: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert swept("--delete", "--yes", "--spaces") == 0
    said = capsys.readouterr().out
    assert said.index("Studio apps: 1 of 1 deleted") < said.index("Studio spaces: 1 of 1 deleted")
