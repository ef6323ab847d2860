"""Glue workflows and triggers: jobs that start jobs, and events that start a workflow."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from glue_jobs import Glue
from own_cloud import OwnCloud, wait_until

GOOD = "import sys\nprint(sys.argv)"
BAD = "raise RuntimeError('no data')"
SLOW = "import time\ntime.sleep(600)"


@pytest.fixture
def name(glue: Glue) -> Iterator[str]:
    """The name of one test's workflow."""
    name = f"workflow-{uuid.uuid4().hex[:8]}"
    glue.client.create_workflow(Name=name, DefaultRunProperties={"kind": "test"}, MaxConcurrentRuns=1)
    yield name
    glue.client.delete_workflow(Name=name)


def trigger(glue: Glue, workflow: str, kind: str, *jobs: str, **more: Any) -> str:
    name = f"trigger-{uuid.uuid4().hex[:8]}"
    actions = [{"JobName": job, "Arguments": {"--from": name}} for job in jobs]
    glue.client.create_trigger(Name=name, WorkflowName=workflow, Type=kind, Actions=actions, **more)
    return name


def after(state: str, *jobs: str, logical: str = "AND") -> dict[str, Any]:
    conditions = [{"LogicalOperator": "EQUALS", "JobName": job, "State": state} for job in jobs]
    return {"Predicate": {"Logical": logical, "Conditions": conditions}, "StartOnCreation": True}


def run_of(glue: Glue, name: str, run: str, *, graph: bool = False) -> dict[str, Any]:
    described: dict[str, Any] = glue.client.get_workflow_run(Name=name, RunId=run, IncludeGraph=graph)["Run"]
    return described


def ended(glue: Glue, name: str, run: str, seconds: float = 60) -> dict[str, Any]:
    wait_until(lambda: run_of(glue, name, run)["Status"] in ("COMPLETED", "STOPPED"), seconds)
    return run_of(glue, name, run, graph=True)


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def good(glue: Glue) -> str:
    return glue.job(GOOD)


def test_jobs_run_one_after_the_other_and_know_their_workflow(glue: Glue, name: str, good: str) -> None:
    second = glue.job(GOOD)
    first_trigger = trigger(glue, name, "ON_DEMAND", good)
    trigger(glue, name, "CONDITIONAL", second, **after("SUCCEEDED", good))
    run = ended(glue, name, glue.client.start_workflow_run(Name=name, RunProperties={"day": "1"})["RunId"])
    assert run["Status"] == "COMPLETED"
    assert (run["Statistics"]["TotalActions"], run["Statistics"]["SucceededActions"]) == (2, 2)
    assert run["WorkflowRunProperties"] == {"kind": "test", "day": "1"}
    runs = {node["Name"]: node["JobDetails"]["JobRuns"] for node in run["Graph"]["Nodes"] if node["Type"] == "JOB"}
    assert runs[good][0]["TriggerName"] == first_trigger
    assert runs[second][0]["StartedOn"] >= runs[good][0]["CompletedOn"]
    said = " ".join(glue.log(runs[good][0]["Id"]))
    assert run["WorkflowRunId"] in said
    assert first_trigger in said


def test_a_failed_job_starts_what_waits_for_failure_and_not_what_waits_for_success(glue: Glue, name: str) -> None:
    bad, repair, follower = glue.job(BAD), glue.job(GOOD), glue.job(GOOD)
    trigger(glue, name, "ON_DEMAND", bad)
    trigger(glue, name, "CONDITIONAL", follower, **after("SUCCEEDED", bad))
    trigger(glue, name, "CONDITIONAL", repair, **after("FAILED", bad))
    run = ended(glue, name, glue.client.start_workflow_run(Name=name)["RunId"])
    counts = run["Statistics"]
    assert (run["Status"], counts["FailedActions"], counts["SucceededActions"]) == ("COMPLETED", 1, 1)
    assert glue.client.get_job_runs(JobName=follower)["JobRuns"] == []


def test_a_retry_that_succeeds_counts(glue: Glue, name: str) -> None:
    """The job fails on its first attempt, by a mark that it leaves in S3."""
    mark = {"bucket": glue.bucket, "key": f"glue-tests/marks/{name}"}
    script = f"""
        import boto3
        s3, mark = boto3.client("s3"), {mark!r}
        if not s3.list_objects_v2(Bucket=mark["bucket"], Prefix=mark["key"])["KeyCount"]:
            s3.put_object(Bucket=mark["bucket"], Key=mark["key"], Body=b"")
            raise RuntimeError("the first time")
    """
    trigger(glue, name, "ON_DEMAND", glue.job(script, MaxRetries=1))
    run = ended(glue, name, glue.client.start_workflow_run(Name=name)["RunId"])
    assert (run["Statistics"]["SucceededActions"], run["Statistics"]["FailedActions"]) == (1, 0)


def test_a_job_that_is_not_there_is_an_errored_action(glue: Glue, name: str) -> None:
    trigger(glue, name, "ON_DEMAND", "no-such-job")
    run = ended(glue, name, glue.client.start_workflow_run(Name=name)["RunId"])
    assert (run["Status"], run["Statistics"]["ErroredActions"]) == ("COMPLETED", 1)
    assert "no-such-job" in run["ErrorMessage"]


def test_a_run_stops_with_its_job_within_ten_seconds_and_only_one_runs_at_a_time(glue: Glue, name: str) -> None:
    job = glue.job(SLOW)
    trigger(glue, name, "ON_DEMAND", job)
    run = glue.client.start_workflow_run(Name=name)["RunId"]
    with pytest.raises(ClientError) as refused:
        glue.client.start_workflow_run(Name=name)
    assert code_of(refused) == "ConcurrentRunsExceededException"
    running = wait_until(
        lambda: [r for r in glue.client.get_job_runs(JobName=job)["JobRuns"] if r["JobRunState"] == "RUNNING"]
    )
    glue.client.stop_workflow_run(Name=name, RunId=run)
    assert ended(glue, name, run, 10)["Status"] == "STOPPED"
    assert glue.describe(job, running[0]["Id"])["JobRunState"] == "STOPPED"
    with pytest.raises(ClientError) as again:
        glue.client.stop_workflow_run(Name=name, RunId=run)
    assert code_of(again) == "IllegalWorkflowStateException"


def test_an_on_demand_trigger_without_a_workflow_starts_its_job(glue: Glue, good: str) -> None:
    name = f"alone-{uuid.uuid4().hex[:8]}"
    glue.client.create_trigger(Name=name, Type="ON_DEMAND", Actions=[{"JobName": good}])
    glue.client.start_trigger(Name=name)
    runs = [run for run in glue.client.get_job_runs(JobName=good)["JobRuns"] if run.get("TriggerName") == name]
    assert glue.ended(good, runs[0]["Id"])["JobRunState"] == "SUCCEEDED"
    glue.client.delete_trigger(Name=name)
    with pytest.raises(ClientError) as gone:
        glue.client.get_trigger(Name=name)
    assert code_of(gone) == "EntityNotFoundException"


@pytest.mark.parametrize(
    ("definition", "word"),
    [
        ({"Type": "SCHEDULED", "Schedule": "cron(0 2 * * ? *)"}, "EventBridge"),
        ({"Type": "CONDITIONAL"}, "Predicate"),
        ({"Type": "EVENT", "StartOnCreation": True}, "StartOnCreation"),
        ({"Type": "ON_DEMAND", "EventBatchingCondition": {"BatchSize": 2}}, "EventBatchingCondition"),
        ({"Type": "EVENT", "EventBatchingCondition": {"BatchSize": 101}}, "less than or equal to 100"),
        ({"Type": "EVENT", "Actions": [{"CrawlerName": "films"}]}, "JobName"),
    ],
)
def test_a_trigger_that_could_not_fire_is_refused_and_says_why(
    glue: Glue, name: str, definition: dict[str, Any], word: str
) -> None:
    with pytest.raises(ClientError, match=word) as refused:
        glue.client.create_trigger(**{"Name": "bad", "WorkflowName": name, "Actions": [{"JobName": "x"}], **definition})
    assert code_of(refused) == "InvalidInputException"


def test_a_workflow_has_one_starting_trigger(glue: Glue, name: str, good: str) -> None:
    trigger(glue, name, "ON_DEMAND", good)
    with pytest.raises(ClientError, match="only one"):
        trigger(glue, name, "EVENT", good)


def test_only_a_trigger_that_was_activated_can_be_stopped(glue: Glue, name: str, good: str) -> None:
    event = trigger(glue, name, "EVENT", good)
    conditional = trigger(glue, name, "CONDITIONAL", good, **after("FAILED", good))
    with pytest.raises(ClientError, match=r"InvalidInputException.*not allowed when trigger is in state: CREATED"):
        glue.client.stop_trigger(Name=event)
    with pytest.raises(ClientError, match="Trigger Type EVENT cannot be started"):
        glue.client.start_trigger(Name=event)
    glue.client.stop_trigger(Name=conditional)
    assert glue.client.get_trigger(Name=conditional)["Trigger"]["State"] == "DEACTIVATED"
    glue.client.start_trigger(Name=conditional)
    assert glue.client.get_trigger(Name=conditional)["Trigger"]["State"] == "ACTIVATED"


def test_names_are_taken_once_and_found_in_lists(glue: Glue, name: str, good: str) -> None:
    made = trigger(glue, name, "EVENT", good, EventBatchingCondition={"BatchSize": 3, "BatchWindow": 60})
    for create in (
        lambda: glue.client.create_workflow(Name=name),
        lambda: glue.client.create_trigger(Name=made, Type="ON_DEMAND", Actions=[{"JobName": good}]),
    ):
        with pytest.raises(ClientError) as taken:
            create()
        assert code_of(taken) == "AlreadyExistsException"
    assert name in glue.client.list_workflows()["Workflows"]
    assert made in glue.client.list_triggers(DependentJobName=good)["TriggerNames"]
    assert made not in glue.client.list_triggers(DependentJobName="another")["TriggerNames"]
    described = glue.client.get_trigger(Name=made)["Trigger"]
    assert (described["State"], described["EventBatchingCondition"]["BatchWindow"]) == ("CREATED", 60)
    changed = glue.client.update_trigger(Name=made, TriggerUpdate={"EventBatchingCondition": {"BatchSize": 5}})
    assert changed["Trigger"]["EventBatchingCondition"]["BatchSize"] == 5
    glue.client.delete_workflow(Name=name)
    assert made not in glue.client.list_triggers()["TriggerNames"]


def test_a_workflow_that_is_made_again_has_no_runs_of_the_deleted_one(glue: Glue, name: str) -> None:
    trigger(glue, name, "ON_DEMAND", "no-such-job")
    ended(glue, name, glue.client.start_workflow_run(Name=name)["RunId"])
    glue.client.delete_workflow(Name=name)
    glue.client.create_workflow(Name=name)
    assert glue.client.get_workflow_runs(Name=name).get("Runs", []) == []


@pytest.mark.image
def test_a_workflow_run_goes_on_after_a_crash(own_cloud: OwnCloud) -> None:
    own = Glue("sagemaker-us-east-1-123456789012", "arn:aws:iam::123456789012:role/x", own_cloud.client)
    name, job = "interrupted", own.job(SLOW)
    own.client.create_workflow(Name=name)
    trigger(own, name, "ON_DEMAND", job)
    run = own.client.start_workflow_run(Name=name)["RunId"]
    own_cloud.kill()
    own_cloud.start()
    own.client = own_cloud.client("glue")
    found = ended(own, name, run, 20)
    assert (found["Status"], found["Statistics"]["FailedActions"]) == ("COMPLETED", 1)
    assert own.client.get_workflow(Name=name)["Workflow"]["LastRun"]["WorkflowRunId"] == run


def test_tags_are_kept_and_changed(glue: Glue, name: str) -> None:
    job = glue.job(GOOD, Tags={"course": "dsaws", "lesson": "3"})
    resource = {"ResourceArn": f"arn:aws:glue:us-east-1:123456789012:job/{job}"}
    glue.client.tag_resource(**resource, TagsToAdd={"lesson": "4", "owner": "ann"})
    glue.client.untag_resource(**resource, TagsToRemove=["course"])
    definition = glue.client.get_job(JobName=job)["Job"]
    glue.client.update_job(JobName=job, JobUpdate={key: definition[key] for key in ("Role", "Command")})
    assert glue.client.get_tags(**resource)["Tags"] == {"lesson": "4", "owner": "ann"}
    assert glue.client.list_jobs(Tags={"owner": "ann"})["JobNames"] == [job]
    with pytest.raises(ClientError, match="not found"):
        glue.client.get_tags(ResourceArn="arn:aws:glue:us-east-1:123456789012:workflow/none")
    with pytest.raises(ClientError, match="is not the ARN of"):
        glue.client.get_tags(ResourceArn="arn:aws:glue:us-east-1:123456789012:table/none")
