"""Which trained models go on to serve: lesson 05 chooses, lesson 07 deploys. The choice is a small file in S3.

A team keeps such a choice in a model registry; this file is what remains of one when everything else is left out.
"""

from __future__ import annotations

import json
from typing import Any

import boto3

from helpers.workshop import Workshop

Json = dict[str, Any]
KEY = "models/choice.json"


def remember(ws: Workshop, chosen: str, runner_up: str) -> str:
    """Write down the names of two training jobs: of the model to deploy, and of the second best. Returns the address.

    Raises:
        ClientError: there is no such training job.
    """
    sagemaker = boto3.client("sagemaker")
    for name in (chosen, runner_up):
        sagemaker.describe_training_job(TrainingJobName=name)
    body = json.dumps({"chosen": chosen, "runner_up": runner_up}, indent=2)
    boto3.client("s3").put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/{KEY}", Body=body)
    return ws.s3(KEY)


def recall(ws: Workshop) -> tuple[Json, Json] | None:
    """The chosen training job and the runner-up, each as DescribeTrainingJob describes it; None without a choice.

    A choice whose jobs or model files are gone is no choice.
    """
    s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
    try:
        choice = json.loads(s3.get_object(Bucket=ws.bucket, Key=f"{ws.prefix}/{KEY}")["Body"].read())
        jobs = [sagemaker.describe_training_job(TrainingJobName=choice[role]) for role in ("chosen", "runner_up")]
        for job in jobs:
            bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
            s3.head_object(Bucket=bucket, Key=key)
    except (s3.exceptions.ClientError, KeyError):
        return None
    return jobs[0], jobs[1]
