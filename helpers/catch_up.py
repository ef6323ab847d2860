"""Bring up what an earlier lesson leaves, so that each lesson can be opened alone: `catch_up(ws, "clean")`.

An instructor sets a stage so in the middle of a lesson. The stages do what the lessons' own cells do, with the same
names; what is there already is not made again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3

from helpers import PROJECT, cleanup
from helpers.aws import jobs, provision, tags
from helpers.aws.client import client, exists, listed
from helpers.data import lake, reviews
from helpers.models import experiments
from helpers.money import budget, costs
from helpers.workshop import Workshop


@dataclass(frozen=True)
class Stage:
    """What a lesson leaves.

    Attributes:
        needs: the stage before it; "" for the first.
        is_there, make: whether the learner has it, and the lesson's own work.
        on_aws: what making it costs on AWS, as estimates.
    """

    lesson: str
    needs: str
    is_there: Callable[[Workshop], bool]
    make: Callable[[Workshop], None]
    on_aws: Callable[[], list[costs.Estimate]]


def catch_up(ws: Workshop, stage: str) -> None:
    """Make sure that a stage's results exist, and those before it; what is made is said with its price on AWS.

    Args:
        stage: `raw` (lesson 02), `clean` (03), `model` (05: two, and a choice), `tuned` (06: a search, and its choice),
            `endpoint` (07: it answers with the chosen model, and is billed until it is deleted) or `pipeline` (10: it
            has run once, and a version waits in the registry).
    Raises:
        ValueError: there is no such stage.
        OverBudget: the learner's budget does not cover it.
        JobFailed: a job on the way failed.
    """
    if stage not in STAGES:
        raise ValueError(f"There is no stage {stage!r}; there are {', '.join(STAGES)}.")
    wanted = STAGES[stage]
    if wanted.is_there(ws):
        return
    if wanted.needs:
        catch_up(ws, wanted.needs)
    print(f"Catching up: {stage}, as in lesson {wanted.lesson} …")
    with tags.of_lesson(wanted.lesson):
        if estimates := wanted.on_aws():
            budget.check(ws, *estimates)
        wanted.make(ws)


def land_raw(ws: Workshop) -> None:
    """Lesson 02: the raw reviews and titles into the data lake."""
    s3 = client("s3")
    with TemporaryDirectory() as folder:
        raw = reviews.write_raw(Path(folder))
        boto3.resource("s3").Bucket(ws.bucket).objects.filter(Prefix=f"{ws.prefix}/raw/").delete()
        for path in raw.reviews:
            s3.upload_file(str(path), ws.bucket, f"{ws.prefix}/raw/reviews/{path.name}")
        s3.upload_file(str(raw.titles), ws.bucket, f"{ws.prefix}/raw/titles/titles.csv")


def etl_arguments(ws: Workshop) -> dict[str, str]:
    """The arguments of the course's Glue job."""
    return {
        "--raw_path": ws.s3("raw/reviews/"),
        "--titles_path": ws.s3("raw/titles/"),
        "--clean_path": ws.s3("clean/reviews/"),
        "--quarantine_path": ws.s3("quarantine/reviews/"),
        "--report_path": ws.s3("reports/reviews_etl/"),
        "--database": ws.database,
        "--table": "clean_reviews",
    }


def clean(ws: Workshop) -> None:
    """Lesson 03: the Glue job from raw to clean, split and registered reviews."""
    glue, s3 = client("glue"), client("s3")
    script = "jobs/glue/reviews_etl.py"
    s3.upload_file(str(PROJECT / script), ws.bucket, f"{ws.prefix}/{script}")
    provision.database(ws.database)
    name = ws.name("reviews-etl")
    command = {"Name": "glueetl", "ScriptLocation": ws.s3(script), "PythonVersion": "3"}
    capacity = {"GlueVersion": "5.1", "WorkerType": "G.1X", "NumberOfWorkers": 2, "Timeout": 30}
    provision.glue_job(Name=name, Role=ws.role, Command=command, **capacity)
    run = glue.start_job_run(JobName=name, Arguments=etl_arguments(ws))
    jobs.wait_for_glue(name, run["JobRunId"])


def train(ws: Workshop) -> None:
    """Lesson 05: two training jobs, side by side, and the choice between them by their validation accuracy."""
    from helpers.models import training  # it imports the SageMaker SDK, which takes seconds

    trainers = [training.trainer(ws, "three", {"ngram-max": 3}), training.trainer(ws, "words", {"ngram-max": 1})]
    for trainer in trainers:
        trainer.train(input_data_config=training.channels(ws), wait=False, logs=False)
    ended = [jobs.wait_for_training(training.job_name(trainer)) for trainer in trainers]
    ended.sort(key=lambda job: jobs.final_metrics(job)["validation:accuracy"], reverse=True)
    experiments.choose(ws, *(str(job["TrainingJobName"]) for job in ended))


def tune(ws: Workshop) -> None:
    """Lesson 06: its random search, and the choice between the best trial and the untuned model."""
    from sagemaker.core.parameter import ContinuousParameter, IntegerParameter

    from helpers.models import training

    metric = "validation:accuracy"
    space = {
        "C": ContinuousParameter(0.01, 100, scaling_type="Logarithmic"),
        "nb-alpha": ContinuousParameter(0.01, 10, scaling_type="Logarithmic"),
        "ngram-max": IntegerParameter(1, 3, scaling_type="Linear"),
        "min-df": IntegerParameter(2, 10, scaling_type="Linear"),
    }
    name, untuned = training.search_name(ws, "random"), experiments.untuned(ws)
    tuner = training.tuner(ws, "Random", space, TRIALS, at_once=3, seed=6)
    tuner.tune(training.channels(ws), job_name=name, wait=False)
    jobs.wait_for_tuning(name)
    trials = experiments.runs(tuning=[name])
    top = trials.loc[trials[metric].idxmax()]
    pair = [str(top["job"]), str(untuned["TrainingJobName"])]
    if jobs.final_metrics(untuned)[metric] > top[metric]:
        pair.reverse()
    experiments.choose(ws, *pair)


def deploy(ws: Workshop) -> None:
    """Lesson 07: the chosen model behind an endpoint of one machine, under the lesson's names."""
    from helpers.models import training

    pair = experiments.chosen(ws)
    assert pair is not None  # the stage before has made the choice
    cleanup.delete_hosting(ws)  # what an interrupted run has left under these names
    sagemaker, name, model = client("sagemaker"), ws.name("sentiment"), ws.name("sentiment-1")
    container = {
        "Image": training.image_of(ws, "sklearn", "1.9-0", "inference"),
        "ModelDataUrl": pair[0]["ModelArtifacts"]["S3ModelArtifacts"],
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"},
    }
    sagemaker.create_model(ModelName=model, PrimaryContainer=container, ExecutionRoleArn=ws.role)
    variant = {"VariantName": "AllTraffic", "ModelName": model, "InstanceType": INSTANCE, "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=model, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=model)
    jobs.wait_for_endpoint(name)
    print(f"⚠️ {name} is billed until it is deleted: helpers.cleanup.delete_hosting(ws)")


def automate(ws: Workshop) -> None:
    """Lesson 10: the pipeline, and one run of it."""
    from helpers.pipeline import executions, retrain

    executions.wait(retrain.pipeline(ws).start(parameters={"DataVersion": "catch-up"}).arn)


def _has_endpoint(ws: Workshop) -> bool:
    """One that failed, or is on its way, is none."""
    in_service = client("sagemaker").list_endpoints(NameContains=ws.name("sentiment"), StatusEquals="InService")
    return any(endpoint["EndpointName"] == ws.name("sentiment") for endpoint in in_service["Endpoints"])


def _has_version(ws: Workshop) -> bool:
    sagemaker, group = client("sagemaker"), ws.name("sentiment")
    if not exists(sagemaker.describe_pipeline, PipelineName=ws.name("retrain")):
        return False
    if not exists(sagemaker.describe_model_package_group, ModelPackageGroupName=group):
        return False
    return any(listed(sagemaker, "list_model_packages", "ModelPackageSummaryList", ModelPackageGroupName=group))


def _is_tuned(ws: Workshop) -> bool:
    return any(job.get("TuningJobArn") for job in experiments.chosen(ws) or ())


INSTANCE, TRIALS = "ml.m5.large", 8
STAGES = {
    "raw": Stage("02", "", lambda ws: not lake.objects(ws, "raw/reviews/").empty, land_raw, list),
    "clean": Stage(
        "03",
        "raw",
        lambda ws: not lake.objects(ws, "clean/reviews/split=train/").empty,
        clean,
        lambda: [costs.glue_job(2, 2)],
    ),
    "model": Stage(
        "05",
        "clean",
        lambda ws: experiments.chosen(ws) is not None,
        train,
        lambda: [costs.training(INSTANCE, 2 * 2.5)],
    ),
    "tuned": Stage("06", "model", _is_tuned, tune, lambda: [costs.tuning(INSTANCE, TRIALS, 2.5)]),
    "endpoint": Stage("07", "model", _has_endpoint, deploy, lambda: [costs.endpoint(INSTANCE, hours=1)]),
    "pipeline": Stage(
        "10",
        "clean",
        _has_version,
        automate,
        lambda: [costs.training(INSTANCE, 2 * 2), costs.processing(INSTANCE, 2 * 2)],
    ),
}
