"""The course's pipelines and their event chain, run for real: from clean reviews to an endpoint that answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import few_reviews
import pytest
from own_cloud import wait_until

from helpers.aws import provision
from helpers.aws.jobs import JobFailed
from helpers.cleanup import leftovers
from helpers.pipeline import event_chain, executions

pytestmark = pytest.mark.image

JOBS = ["Features", "TrainWords", "TrainThree", "Evaluate"]


@pytest.fixture(scope="module")
def ws(workshop: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A learner with clean reviews in three splits; at the end nothing of the chain is left."""
    few_reviews.put(workshop, tmp_path_factory.mktemp("clean"), ("train", "validation", "test"), "pipeline-test")
    yield workshop
    leftovers.delete_automation(workshop)
    leftovers.delete_hosting(workshop)


@pytest.fixture(scope="module")
def build(ws: Any) -> Any:
    """helpers.pipeline.build; it imports the SDK, which wants to know the region at once."""
    from helpers.pipeline import build

    return build


@pytest.fixture(scope="module")
def retrain(ws: Any, build: Any) -> Any:
    """The pipeline of lesson 10: Features -> TrainWords, TrainThree -> Evaluate -> GoodEnough -> Register | TooWeak."""
    from helpers.pipeline import retrain

    return retrain.pipeline(ws)


def run(retrain: Any, ws: Any, **parameters: Any) -> str:
    given = {"CleanReviews": ws.s3("pipeline-test/"), "Threshold": 0.7, **parameters}
    return str(retrain.start(parameters=given).arn)


@pytest.fixture(scope="module")
def first(retrain: Any, ws: Any) -> str:
    arn = run(retrain, ws, DataVersion="first")
    executions.wait(arn)
    return arn


def versions(ws: Any) -> list[Any]:
    sagemaker, group = boto3.client("sagemaker"), ws.name("sentiment")
    listed = sagemaker.list_model_packages(ModelPackageGroupName=group, SortOrder="Ascending")
    return [
        sagemaker.describe_model_package(ModelPackageName=one["ModelPackageArn"])
        for one in listed["ModelPackageSummaryList"]
    ]


def test_the_definition_says_which_step_waits_for_whom(retrain: Any, build: Any) -> None:
    found = build.promises(retrain).set_index("step")["waits for"].to_dict()
    assert found == {
        "Features": "nothing",
        "TrainWords": "Features",
        "TrainThree": "Features",
        "Evaluate": "Features, TrainThree, TrainWords",
        "GoodEnough": "Evaluate",
        "Register": "Evaluate",
        "TooWeak": "Evaluate",
    }


def test_a_good_model_waits_for_approval_with_its_figures_and_its_data(ws: Any, build: Any, first: str) -> None:
    version = versions(ws)[0]
    assert version["ModelApprovalStatus"] == "PendingManualApproval"
    assert version["CustomerMetadataProperties"] == {"DataVersion": "first"}
    bucket, _, key = version["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"].removeprefix("s3://").partition("/")
    report = json.load(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"])
    assert report["binary_classification_metrics"]["accuracy"]["value"] >= 0.7
    assert set(report["candidates"]) == {"words", "three"}
    shown = build.versions(ws).iloc[-1]
    assert shown[["version", "data", "approval"]].tolist() == [1, "first", "PendingManualApproval"]
    assert shown["test accuracy"] == pytest.approx(report["binary_classification_metrics"]["accuracy"]["value"])


def test_each_job_has_the_learners_name(ws: Any, first: str) -> None:
    """The learner's role may make no other, and the clean-up finds it by that."""
    steps = boto3.client("sagemaker").list_pipeline_execution_steps(PipelineExecutionArn=first)
    made = [job["Arn"] for step in steps["PipelineExecutionSteps"] for job in step["Metadata"].values() if "Arn" in job]
    names = [arn.rpartition("/")[2] for arn in made if "-job/" in arn]
    assert len(names) == len(JOBS)
    assert [name for name in names if not name.startswith(ws.name(""))] == []


def test_both_trainings_begin_after_the_features_and_end_before_the_evaluation(first: str) -> None:
    steps = executions.table(first).set_index("step")
    ends = steps["begins"] + steps["seconds"]
    for training in ("TrainWords", "TrainThree"):
        assert steps["begins"][training] >= ends["Features"] - 0.1
        assert steps["begins"]["Evaluate"] >= ends[training] - 0.1
    assert abs(steps["begins"]["TrainWords"] - steps["begins"]["TrainThree"]) < 1


def test_what_the_steps_make_has_the_learners_tags(ws: Any, first: str) -> None:
    sagemaker = boto3.client("sagemaker")
    made = [f"arn:aws:sagemaker:{ws.region}:{ws.account}:model-package-group/{ws.name('sentiment')}"]
    listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=first)["PipelineExecutionSteps"]
    made += [one["Arn"] for step in listed for one in step["Metadata"].values() if "job/" in one.get("Arn", "")]
    assert len(made) == 1 + len(JOBS)
    for arn in made:
        found = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
        assert ws.tags.items() <= found.items(), arn


def test_every_job_of_a_run_is_billed_and_what_is_no_job_is_not(first: str) -> None:
    steps = executions.table(first).set_index("step")
    assert (steps.loc[JOBS, ["billed", "usd"]] > 0).all(axis=None)
    assert steps.loc[["GoodEnough", "Register"], "usd"].sum() == 0


def test_the_same_again_comes_from_the_cache_and_another_data_version_does_not(
    retrain: Any, ws: Any, first: str
) -> None:
    again = run(retrain, ws, DataVersion="first")
    executions.wait(again)
    steps = executions.table(again)
    assert steps.loc[steps["cached"], "step"].tolist() == JOBS
    assert steps["usd"].sum() == 0
    other = run(retrain, ws, DataVersion="second")
    executions.wait(other)
    assert not executions.table(other)["cached"].any()


def test_a_weak_model_stops_with_a_sentence_and_is_not_registered(retrain: Any, ws: Any, first: str) -> None:
    before = len(versions(ws))
    with pytest.raises(JobFailed, match=r"accuracy 0\.\d+ is below the threshold of 1\.0"):
        executions.wait(run(retrain, ws, DataVersion="first", Threshold=1.0))
    assert len(versions(ws)) == before


def test_data_with_a_leak_stops_the_first_step(retrain: Any, ws: Any) -> None:
    s3 = boto3.client("s3")
    for split in ("train", "validation", "test"):  # one file three times
        source = {"Bucket": ws.bucket, "Key": f"{ws.prefix}/pipeline-test/split=train/part-0.parquet"}
        s3.copy_object(Bucket=ws.bucket, Key=f"{ws.prefix}/leak/split={split}/part-0.parquet", CopySource=source)
    arn = run(retrain, ws, CleanReviews=ws.s3("leak/"))
    with pytest.raises(JobFailed, match="a leak"):
        executions.wait(arn)
    assert executions.table(arn)["step"].tolist() == ["Features"]


def test_approval_deploys_by_itself_and_a_second_one_updates_the_endpoint(ws: Any, build: Any, first: str) -> None:
    sagemaker, name = boto3.client("sagemaker"), ws.name("deploy")
    target = {
        "Arn": provision.pipeline(name, build.deployment(ws), ws.role),
        "RoleArn": ws.role,
        "SageMakerPipelineParameters": {
            "PipelineParameterList": [{"Name": "ModelPackage", "Value": "$.detail.ModelPackageArn"}]
        },
    }
    detail = {"ModelPackageGroupName": [build.group(ws)], "ModelApprovalStatus": ["Approved"]}
    detail["UpdatedModelPackageFields"] = ["ModelApprovalStatus"]
    pattern = {"detail-type": ["SageMaker Model Package State Change"], "detail": detail}
    event_chain.rule(ws.name("approved"), pattern, target)
    for version in versions(ws)[:2]:
        known = set(executions.arns(name))
        arn = version["ModelPackageArn"]
        sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
        executions.wait(executions.next_of(name, known))
        wait_until(
            lambda: sagemaker.describe_endpoint(EndpointName=ws.name("automatic"))["EndpointStatus"] == "InService"
        )
    endpoint = sagemaker.describe_endpoint(EndpointName=ws.name("automatic"))
    found = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=endpoint["EndpointArn"])["Tags"]}
    assert ws.tags.items() <= found.items()
    answer = boto3.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=ws.name("automatic"), ContentType="application/json", Body=json.dumps("a great film. so moving")
    )
    assert json.loads(answer["Body"].read())[0]["label"] == "positive"


def test_an_approval_is_needed(ws: Any, build: Any, first: str) -> None:
    waiting = next(one for one in versions(ws) if one["ModelApprovalStatus"] == "PendingManualApproval")
    provision.pipeline(ws.name("deploy"), build.deployment(ws), ws.role)
    given = [{"Name": "ModelPackage", "Value": waiting["ModelPackageArn"]}]
    started = boto3.client("sagemaker").start_pipeline_execution(
        PipelineName=ws.name("deploy"), PipelineParameters=given
    )
    with pytest.raises(JobFailed, match="PendingManualApproval"):
        executions.wait(started["PipelineExecutionArn"])


def test_a_glue_job_that_succeeds_starts_the_pipeline_with_its_run_as_the_data_version(ws: Any, retrain: Any) -> None:
    job, s3, glue = ws.name("quick-etl"), boto3.client("s3"), boto3.client("glue")
    s3.put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/quick.py", Body=b"print('clean')")
    command = {"Name": "glueetl", "ScriptLocation": ws.s3("quick.py"), "PythonVersion": "3"}
    provision.glue_job(Name=job, Role=ws.role, Command=command, GlueVersion="5.1", WorkerType="G.1X", NumberOfWorkers=2)
    name, batch = ws.name("quick"), {"BatchSize": 1}
    for _ in range(2):  # a lesson may be run again
        event_chain.delete_workflow(name)
        glue.create_workflow(Name=name)
        glue.create_trigger(
            Name=name, WorkflowName=name, Type="EVENT", Actions=[{"JobName": job}], EventBatchingCondition=batch
        )
    event_chain.announce_objects(ws)
    objects = {"bucket": {"name": [ws.bucket]}, "object": {"key": [{"prefix": f"{ws.prefix}/incoming/"}]}}
    workflow = f"arn:aws:glue:{ws.region}:{ws.account}:workflow/{ws.name('quick')}"
    event_chain.rule(
        ws.name("incoming"),
        {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": objects},
        {"Arn": workflow, "RoleArn": ws.role},
    )
    given = {"CleanReviews": ws.s3("pipeline-test/"), "DataVersion": "$.detail.jobRunId", "Threshold": "0.7"}
    listed = [{"Name": name, "Value": value} for name, value in given.items()]
    event_chain.rule(
        ws.name("cleaned"),
        {"source": ["aws.glue"], "detail": {"jobName": [job], "state": ["SUCCEEDED"]}},
        {
            "Arn": retrain.describe()["PipelineArn"],
            "RoleArn": ws.role,
            "SageMakerPipelineParameters": {"PipelineParameterList": listed},
        },
    )
    known = set(executions.arns(retrain.name))
    s3.put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/incoming/day-1.jsonl", Body=b"{}\n")
    executions.wait(executions.next_of(retrain.name, known))
    runs = glue.get_job_runs(JobName=job)["JobRuns"]
    assert versions(ws)[-1]["CustomerMetadataProperties"]["DataVersion"] == runs[0]["Id"]
    assert (len(runs), runs[0]["TriggerName"]) == (1, ws.name("quick"))
    glue.delete_job(JobName=job)


def test_everything_is_found_by_the_learners_name_and_deleted(ws: Any, first: str) -> None:
    kinds = set(leftovers.automation(ws)["kind"])
    assert kinds >= {"rule", "pipeline", "model package", "model package group"}
    leftovers.delete_automation(ws)
    assert leftovers.automation(ws).empty
    leftovers.delete_automation(ws)  # nothing there is no error
