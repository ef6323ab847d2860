"""Glue's tags: given when something is made, shown, changed, asked for in lists, and kept when it is updated."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

MINE = {"course": "imdb", "learner": "ann"}
COMMAND = {"Name": "glueetl", "ScriptLocation": "s3://bucket/job.py", "PythonVersion": "3"}


def database(glue: Any, name: str, role: str) -> None:
    glue.create_database(DatabaseInput={"Name": name}, Tags=MINE)


def crawler(glue: Any, name: str, role: str) -> None:
    targets = {"S3Targets": [{"Path": "s3://bucket/raw"}]}
    glue.create_crawler(Name=name, Role=role, DatabaseName=name, Targets=targets, Tags=MINE)


def job(glue: Any, name: str, role: str) -> None:
    glue.create_job(Name=name, Role=role, Command=COMMAND, Tags=MINE)


def trigger(glue: Any, name: str, role: str) -> None:
    glue.create_trigger(Name=name, Type="ON_DEMAND", Actions=[{"JobName": name}], Tags=MINE)


def workflow(glue: Any, name: str, role: str) -> None:
    glue.create_workflow(Name=name, Tags=MINE)


Make = Callable[[Any, str, str], None]
each_kind = pytest.mark.parametrize("make", [database, crawler, job, trigger, workflow])


@pytest.fixture
def glue(workshop: Any) -> Any:
    return boto3.client("glue")


def address(ws: Any, kind: str, name: str) -> str:
    return f"arn:aws:glue:{ws.region}:{ws.account}:{kind}/{name}"


@pytest.fixture
def made(glue: Any, workshop: Any) -> Callable[[Make], tuple[str, str]]:
    """Makes one, and says its name and its ARN."""

    def of_kind(make: Make) -> tuple[str, str]:
        name = f"tags-{uuid.uuid4().hex[:8]}"
        make(glue, name, workshop.role)
        return name, address(workshop, make.__name__, name)

    return of_kind


@each_kind
def test_tags_are_shown_as_they_were_given_and_changed_one_by_one(
    glue: Any, made: Callable[[Make], tuple[str, str]], make: Make
) -> None:
    _, arn = made(make)
    assert glue.get_tags(ResourceArn=arn)["Tags"] == MINE
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"learner": "joan", "lesson": "03"})
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["course", "never-there"])
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"learner": "joan", "lesson": "03"}


@pytest.mark.parametrize(
    ("make", "listing", "names"),
    [
        (crawler, "list_crawlers", "CrawlerNames"),
        (job, "list_jobs", "JobNames"),
        (trigger, "list_triggers", "TriggerNames"),
    ],
)
def test_a_list_has_only_those_with_all_the_tags_asked_for(
    glue: Any, made: Callable[[Make], tuple[str, str]], make: Make, listing: str, names: str
) -> None:
    name, arn = made(make)
    other, _ = made(make)
    own = {"only": name}
    glue.tag_resource(ResourceArn=arn, TagsToAdd=own)
    listed = getattr(glue, listing)
    assert listed(Tags={**own, "course": "imdb"})[names] == [name]
    assert listed(Tags={**own, "course": "another"})[names] == []
    assert {name, other} <= set(listed(Tags=MINE)[names])


def test_a_job_that_is_updated_keeps_its_tags(glue: Any, made: Callable[[Make], tuple[str, str]]) -> None:
    name, arn = made(job)
    glue.update_job(JobName=name, JobUpdate={"Timeout": 5})
    assert glue.get_tags(ResourceArn=arn)["Tags"] == MINE


def test_a_resource_that_is_not_there_or_has_no_tags_of_its_own_is_an_error(glue: Any, workshop: Any) -> None:
    with pytest.raises(glue.exceptions.EntityNotFoundException, match="no-such-job"):
        glue.get_tags(ResourceArn=address(workshop, "job", "no-such-job"))
    with pytest.raises(glue.exceptions.InvalidInputException, match="not the ARN of a"):
        glue.get_tags(ResourceArn=address(workshop, "userDefinedFunction", "f"))


def test_fifty_tags_are_the_most(glue: Any, made: Callable[[Make], tuple[str, str]]) -> None:
    _, arn = made(workflow)
    with pytest.raises(ClientError, match="50 tags"):
        glue.tag_resource(ResourceArn=arn, TagsToAdd={f"key{number}": "" for number in range(49)})
