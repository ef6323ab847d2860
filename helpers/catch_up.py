"""Bring up what an earlier lesson leaves, so that each lesson can be opened alone: `catch_up(ws, "clean")`.

The stages do what the lessons' own cells do, with the same names; what is there already is not made again.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import boto3

from helpers import PROJECT
from helpers.aws import jobs, provision, tags
from helpers.aws.client import client
from helpers.data import lake, reviews
from helpers.models import experiments
from helpers.workshop import Workshop

STAGES = ("raw", "clean", "model")


def catch_up(ws: Workshop, stage: str) -> None:
    """Make sure that a stage's results exist: `raw` (lesson 02), `clean` (03) or `model` (05: two, and a choice).

    Raises:
        ValueError: there is no such stage.
        JobFailed: a job on the way failed.
    """
    if stage not in STAGES:
        raise ValueError(f"There is no stage {stage!r}; there are {', '.join(STAGES)}.")
    for name, lesson, is_there, make in (
        ("raw", "02", not lake.objects(ws, "raw/reviews/").empty, land_raw),
        ("clean", "03", not lake.objects(ws, "clean/reviews/split=train/").empty, clean),
        ("model", "05", experiments.chosen(ws) is not None, train),
    ):
        if not is_there:
            print(f"Catching up: {name} …")
            with tags.of_lesson(lesson):
                make(ws)
        if name == stage:
            return


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
