"""Executions of pipelines: order, data between steps, branches, failures, caching, retries and stopping."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from own_cloud import wait_until
from pipeline_runs import Pipelines, compare, condition, fail, get, join, json_get, parameter, refused
from training_jobs import Training

REPORT = [{"PropertyFileName": "Report", "OutputName": "evaluation", "FilePath": "report.json"}]
EVALUATE = """
import pathlib, sys
pathlib.Path("/opt/ml/processing/evaluation/report.json").write_text('{"accuracy": {"value": %s}}' % sys.argv[1])
"""
TRAIN = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--rate")
rate = parser.parse_args().rate
rows = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "rows.txt").read_text()
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(rows + rate)
"""
READ = """
import pathlib, tarfile
with tarfile.open("/opt/ml/processing/model/model.tar.gz") as archive:
    text = archive.extractfile("model.txt").read().decode()
pathlib.Path("/opt/ml/processing/evaluation/report.json").write_text('{"model": "%s"}' % text)
"""


@pytest.fixture(scope="module")
def pipelines(training: Training) -> Pipelines:
    return Pipelines(training)


@pytest.fixture(scope="module")
def chain(pipelines: Pipelines) -> str:
    """processing -> training -> processing -> condition, by properties alone: a finished execution's ARN."""
    write = "import pathlib; pathlib.Path('/opt/ml/processing/train/rows.txt').write_text('rows')"
    prepare = pipelines.processing("Prepare", write, outputs=["train"])
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": get("Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"),
    }
    train = pipelines.train("Train_it", TRAIN)
    train["Arguments"]["InputDataConfig"] = [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}]
    train["Arguments"]["HyperParameters"]["rate"] = join("", get("Parameters.Rate"))
    model = ("model", get("Steps.Train_it.ModelArtifacts.S3ModelArtifacts"))
    evaluate = pipelines.processing("Evaluate", READ, inputs=[model], outputs=["evaluation"], PropertyFiles=REPORT)
    check = condition(
        "Check",
        compare("Equals", json_get("Evaluate", "Report", "model"), "rows0.5"),
        then=[condition("Inner", compare("Equals", get("Steps.Check.Outcome"), "True"), then=[fail("Reached")])],
        otherwise=[fail("Wrong")],
    )
    return pipelines.run(check, evaluate, train, prepare, parameters=[parameter("Rate", "Float", 0.5)])


def test_data_goes_from_step_to_step_whatever_their_order_in_the_definition(pipelines: Pipelines, chain: str) -> None:
    assert pipelines.statuses(chain) == {
        "Prepare": "Succeeded",
        "Train_it": "Succeeded",
        "Evaluate": "Succeeded",
        "Check": "Succeeded",
        "Inner": "Succeeded",
        "Reached": "Failed",
    }


def test_steps_name_what_they_made(pipelines: Pipelines, chain: str) -> None:
    steps = pipelines.steps(chain)
    identity = chain.rpartition("/")[2]
    job = pipelines.job(chain, "Train_it")
    assert job.startswith(f"pipelines-{identity}-train-it-")
    assert set(steps["Prepare"]["Metadata"]) == {"ProcessingJob"}
    assert steps["Check"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    assert steps["Reached"]["Metadata"] == {"Fail": {"ErrorMessage": "no"}}
    assert steps["Prepare"]["StartTime"] < steps["Prepare"]["EndTime"] <= steps["Train_it"]["StartTime"]


def test_the_jobs_of_steps_are_tagged_as_on_aws(pipelines: Pipelines, chain: str) -> None:
    address = pipelines.steps(chain)["Train_it"]["Metadata"]["TrainingJob"]["Arn"]
    tags = {tag["Key"]: tag["Value"] for tag in pipelines.client.list_tags(ResourceArn=address)["Tags"]}
    assert tags["sagemaker:pipeline-execution-arn"] == chain
    assert tags["sagemaker:pipeline-step-name"] == "Train_it"


def test_steps_are_listed_latest_first_or_as_asked(pipelines: Pipelines, chain: str) -> None:
    def names(**more: Any) -> list[str]:
        listed = pipelines.client.list_pipeline_execution_steps(PipelineExecutionArn=chain, **more)
        return [step["StepName"] for step in listed["PipelineExecutionSteps"]]

    assert names()[-1] == "Prepare"
    assert names(SortOrder="Ascending")[0] == "Prepare"


def test_a_report_decides_which_branch_runs(pipelines: Pipelines) -> None:
    evaluate = pipelines.processing(
        "Evaluate",
        EVALUATE,
        arguments=[join("", get("Parameters.Accuracy"))],
        outputs=["evaluation"],
        PropertyFiles=REPORT,
    )
    accuracy = json_get("Evaluate", "Report", "accuracy.value")
    check = condition(
        "Gate",
        compare("GreaterThanOrEqualTo", accuracy, get("Parameters.Limit")),
        {"Type": "In", "QueryValue": get("Parameters.Mode"), "Values": ["a", "b"]},
        then=[pipelines.processing("Deploy")],
        otherwise=[fail("Stop", join(" ", accuracy, "is less than", get("Parameters.Limit")))],
    )
    after = pipelines.processing("After", DependsOn=["Deploy"])
    declared = [parameter("Accuracy", "Float"), parameter("Limit", "Float", 0.8), parameter("Mode", default="a")]
    name = pipelines.create(evaluate, check, after, parameters=declared)
    good, bad = (pipelines.start(name, {"Accuracy": value}) for value in ("0.8", "0.75"))
    pipelines.ended(good)
    pipelines.ended(bad)
    assert pipelines.statuses(good) == dict.fromkeys(("Evaluate", "Gate", "Deploy", "After"), "Succeeded")
    assert pipelines.statuses(bad) == {"Evaluate": "Succeeded", "Gate": "Succeeded", "Stop": "Failed"}
    assert pipelines.steps(bad)["Stop"]["FailureReason"] == "0.75 is less than 0.8"


def test_a_branch_that_is_not_taken_leaves_the_execution_a_success(pipelines: Pipelines) -> None:
    check = condition("Check", {"Type": "Not", "Condition": compare("Equals", 1, 1)}, then=[fail("Never")])
    execution = pipelines.run(check)
    assert pipelines.describe(execution)["PipelineExecutionStatus"] == "Succeeded"
    assert pipelines.statuses(execution) == {"Check": "Succeeded"}


def test_steps_without_dependency_run_side_by_side(pipelines: Pipelines) -> None:
    sleeps = [pipelines.processing(name, "import time; time.sleep(1.5)") for name in ("One", "Two")]
    steps = pipelines.steps(pipelines.run(*sleeps))
    assert steps["One"]["StartTime"] < steps["Two"]["EndTime"]
    assert steps["Two"]["StartTime"] < steps["One"]["EndTime"]


def test_parallelism_is_limited_as_configured(pipelines: Pipelines) -> None:
    sleeps = [pipelines.processing(name) for name in ("One", "Two")]
    name = pipelines.create(*sleeps, ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
    execution = pipelines.start(name)
    assert pipelines.ended(execution)["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 1}
    first, second = sorted(pipelines.steps(execution).values(), key=lambda step: step["StartTime"])
    assert first["EndTime"] <= second["StartTime"]


@pytest.fixture(scope="module")
def half_failed(pipelines: Pipelines) -> str:
    """An execution in which a step fails while another runs, and a third would come after that one."""
    execution = pipelines.run(
        pipelines.processing("Fails", "raise SystemExit('out of luck')"),
        pipelines.processing("Runs", "import time; time.sleep(2)"),
        pipelines.processing("Later", DependsOn=["Runs"]),
    )
    return execution


def test_a_failed_step_lets_the_running_ones_finish_and_starts_no_more(pipelines: Pipelines, half_failed: str) -> None:
    assert pipelines.statuses(half_failed) == {"Fails": "Failed", "Runs": "Succeeded"}
    found = pipelines.describe(half_failed)
    assert found["FailureReason"] == "Step failure: One or multiple steps failed."


def test_a_failed_step_has_the_reason_of_its_job(pipelines: Pipelines, half_failed: str) -> None:
    job = pipelines.client.describe_processing_job(ProcessingJobName=pipelines.job(half_failed, "Fails"))
    reason = pipelines.steps(half_failed)["Fails"]["FailureReason"]
    assert reason == job["FailureReason"]
    assert reason == "AlgorithmError: , exit code: 1"


def test_a_retry_runs_what_did_not_succeed(pipelines: Pipelines, half_failed: str) -> None:
    before = pipelines.job(half_failed, "Runs")
    pipelines.client.retry_pipeline_execution(PipelineExecutionArn=half_failed)
    pipelines.ended(half_failed)
    assert pipelines.job(half_failed, "Runs") == before
    assert pipelines.steps(half_failed)["Fails"]["AttemptCount"] == 2


def test_only_what_failed_or_was_stopped_is_retried(pipelines: Pipelines) -> None:
    execution = pipelines.run(condition("Check", compare("Equals", 1, 1)))
    with refused(pipelines.client, "ValidationException", "Only an execution that is Failed or Stopped"):
        pipelines.client.retry_pipeline_execution(PipelineExecutionArn=execution)


def test_a_request_that_the_service_refuses_fails_the_step_and_is_retried_by_its_policy(pipelines: Pipelines) -> None:
    policy = {"ExceptionType": ["SageMaker.RESOURCE_LIMIT"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 2}
    step = pipelines.processing("Big", RetryPolicies=[policy])
    step["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    big = pipelines.steps(pipelines.run(step))["Big"]
    assert (big["StepStatus"], big["AttemptCount"]) == ("Failed", 3)
    assert big["FailureReason"].startswith(
        "ClientError: Failed to invoke sagemaker:CreateProcessingJob. Error Details:"
    )
    assert 2 <= (big["EndTime"] - big["StartTime"]).total_seconds() < 10


def test_a_job_that_fails_by_its_own_fault_is_not_retried(pipelines: Pipelines) -> None:
    policy = {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "MaxAttempts": 5}
    step = pipelines.processing("Wrong", "raise SystemExit(3)", RetryPolicies=[policy])
    assert pipelines.steps(pipelines.run(step))["Wrong"]["AttemptCount"] == 1


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        (join("", get("Steps.First.ExitMessage")), "Steps.First.ExitMessage has no value"),
        ({"Std:JsonGet": {"S3Uri": "s3://no-such-bucket/a.json", "Path": "a"}}, "s3://no-such-bucket/a.json cannot be"),
        ({"Std:JsonGet": {"S3Uri": "s3://bucket-only", "Path": "a"}}, "s3://bucket-only cannot be read"),
        ({"Std:JsonGet": {"S3Uri": get("Steps.First.CreationTime"), "Path": "a"}}, "The S3Uri of Std:JsonGet must be"),
        (get("Steps.First.CreationTime"), "Invalid type for parameter AppSpecification.ContainerArguments[0]"),
    ],
)
def test_a_value_that_is_not_there_fails_its_step(pipelines: Pipelines, argument: Any, reason: str) -> None:
    second = pipelines.processing("Second", arguments=[argument], DependsOn=["First"])
    steps = pipelines.steps(pipelines.run(pipelines.processing("First"), second))
    assert steps["First"]["StepStatus"] == "Succeeded"
    assert reason in steps["Second"]["FailureReason"]


def test_a_result_is_reused_until_it_is_too_old_or_the_arguments_change(pipelines: Pipelines) -> None:
    step = pipelines.processing(
        "Count",
        EVALUATE,
        arguments=[join("", get("Parameters.Rows"))],
        outputs=["evaluation"],
        PropertyFiles=REPORT,
        CacheConfig={"Enabled": True, "ExpireAfter": "PT1H"},
    )
    rows = json_get("Count", "Report", "accuracy.value")
    check = condition("Check", compare("Equals", rows, get("Parameters.Rows")), otherwise=[fail("Stale")])
    name = pipelines.create(step, check, parameters=[parameter("Rows", "Integer", 3)])
    first, again, other = pipelines.start(name), "", ""
    pipelines.ended(first)
    again, other = pipelines.start(name), pipelines.start(name, {"Rows": "4"})
    assert pipelines.ended(again)["PipelineExecutionStatus"] == "Succeeded"
    assert pipelines.ended(other)["PipelineExecutionStatus"] == "Succeeded"
    assert "CacheHitResult" not in pipelines.steps(first)["Count"]
    assert pipelines.steps(again)["Count"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first}
    assert pipelines.job(again, "Count") == pipelines.job(first, "Count")
    assert "CacheHitResult" not in pipelines.steps(other)["Count"]


def test_a_failed_result_and_one_of_another_pipeline_are_not_reused(pipelines: Pipelines) -> None:
    caching = {"Enabled": True, "ExpireAfter": "P1D"}
    bad = pipelines.processing("Work", "raise SystemExit(1)", CacheConfig=caching)
    name = pipelines.create(bad)
    good = pipelines.processing("Work", "print()", CacheConfig=caching)
    runs = [pipelines.run(good), pipelines.run(good)]
    for _ in range(2):
        runs.append(pipelines.start(name))
        pipelines.ended(runs[-1])
    assert ["CacheHitResult" in pipelines.steps(execution)["Work"] for execution in runs] == [False] * 4


def test_a_stop_ends_the_running_jobs_within_ten_seconds(pipelines: Pipelines) -> None:
    endless = "import time; print('asleep', flush=True); time.sleep(600)"
    train = pipelines.train("Train", endless)
    execution = pipelines.start(pipelines.create(train, pipelines.processing("Later", DependsOn=["Train"])))
    wait_until(lambda: pipelines.statuses(execution).get("Train") == "Executing")
    job = pipelines.job(execution, "Train")
    pipelines.training.reaches(job, "asleep")
    began = time.monotonic()
    pipelines.client.stop_pipeline_execution(PipelineExecutionArn=execution)
    assert pipelines.describe(execution)["PipelineExecutionStatus"] in ("Stopping", "Stopped")
    assert pipelines.ended(execution, 10)["PipelineExecutionStatus"] == "Stopped"
    assert time.monotonic() - began < 10
    assert pipelines.training.describe(job)["TrainingJobStatus"] == "Stopped"
    assert pipelines.statuses(execution) == {"Train": "Stopped"}
    with refused(pipelines.client, "ValidationException", "this one is Stopped"):
        pipelines.client.stop_pipeline_execution(PipelineExecutionArn=execution)


def test_a_stop_ends_the_wait_for_another_attempt(pipelines: Pipelines) -> None:
    policy = {"ExceptionType": ["SageMaker.RESOURCE_LIMIT"], "IntervalSeconds": 600, "MaxAttempts": 2}
    step = pipelines.processing("Big", RetryPolicies=[policy])
    step["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    execution = pipelines.start(pipelines.create(step))
    wait_until(lambda: "FailureReason" in pipelines.steps(execution).get("Big", {}))
    pipelines.client.stop_pipeline_execution(PipelineExecutionArn=execution)
    assert pipelines.ended(execution, 10)["PipelineExecutionStatus"] == "Stopped"
    assert pipelines.statuses(execution) == {"Big": "Stopped"}


def test_a_tuning_step_stops_with_its_execution(pipelines: Pipelines) -> None:
    trial = pipelines.training.request("import time; time.sleep(600)")
    objective = {"Type": "Maximize", "MetricName": "score"}
    algorithm = {**trial["AlgorithmSpecification"], "MetricDefinitions": [{"Name": "score", "Regex": "score=(.*)"}]}
    kept = ("RoleArn", "OutputDataConfig", "ResourceConfig", "StoppingCondition")
    arguments = {
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": objective,
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 1},
            "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]},
        },
        "TrainingJobDefinition": {
            "AlgorithmSpecification": algorithm,
            "StaticHyperParameters": trial["HyperParameters"],
            **{key: trial[key] for key in kept},
        },
    }
    execution = pipelines.start(pipelines.create({"Name": "Tune", "Type": "Tuning", "Arguments": arguments}))
    wait_until(lambda: pipelines.statuses(execution).get("Tune") == "Executing")
    job = pipelines.job(execution, "Tune")
    assert len(job) <= 32
    pipelines.client.stop_pipeline_execution(PipelineExecutionArn=execution)
    assert pipelines.ended(execution, 10)["PipelineExecutionStatus"] == "Stopped"
    found = pipelines.client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=job)
    assert found["HyperParameterTuningJobStatus"] == "Stopped"


def test_a_job_that_somebody_stops_ends_the_execution(pipelines: Pipelines) -> None:
    train = pipelines.train("Train", "import time; time.sleep(600)")
    execution = pipelines.start(pipelines.create(train, pipelines.processing("Later", DependsOn=["Train"])))
    wait_until(lambda: pipelines.statuses(execution).get("Train") == "Executing")
    job = pipelines.job(execution, "Train")
    wait_until(lambda: pipelines.training.describe(job)["SecondaryStatus"] == "Training")
    pipelines.client.stop_training_job(TrainingJobName=job)
    assert pipelines.ended(execution, 15)["PipelineExecutionStatus"] == "Failed"
    assert pipelines.statuses(execution) == {"Train": "Stopped"}


def test_execution_variables_have_their_values(pipelines: Pipelines) -> None:
    names = ("PipelineName", "PipelineArn", "PipelineExecutionId", "PipelineExecutionArn", "StartDateTime")
    message = join(" ", *(get(f"Execution.{name}") for name in names))
    name = pipelines.create(fail("Tell", message))
    execution = pipelines.start(name)
    pipelines.ended(execution)
    told = pipelines.steps(execution)["Tell"]["FailureReason"].split(" ")
    address, _, identity = execution.rpartition("/")
    assert told[:4] == [name, address.removesuffix("/execution"), identity, execution]
    assert told[4].startswith(f"{pipelines.describe(execution)['CreationTime']:%Y-}")


def test_a_step_knows_its_jobs_name(pipelines: Pipelines) -> None:
    script = "import sys; open('/opt/ml/output/message', 'w').write(sys.argv[1])"
    step = pipelines.processing("Tell", script, arguments=[get("Execution.ProcessingJobName")])
    job = pipelines.job(pipelines.run(step), "Tell")
    assert pipelines.client.describe_processing_job(ProcessingJobName=job)["ExitMessage"] == job


def test_a_job_keeps_the_start_of_a_name_of_its_own(pipelines: Pipelines) -> None:
    step = pipelines.processing("Work")
    step["Arguments"]["ProcessingJobName"] = "features"
    execution = pipelines.run(step)
    assert pipelines.job(execution, "Work").startswith(f"features-{execution.rpartition('/')[2]}-")


def test_the_definition_of_an_execution_is_json_with_all_its_steps(pipelines: Pipelines, chain: str) -> None:
    kept = pipelines.client.describe_pipeline_definition_for_execution(PipelineExecutionArn=chain)
    names = [step["Name"] for step in json.loads(kept["PipelineDefinition"])["Steps"]]
    assert names == ["Check", "Evaluate", "Train_it", "Prepare"]
