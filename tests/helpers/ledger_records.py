"""A learner with a past, for the tests of the ledger: records in the store of a local AWS, logs, metrics, objects."""

from __future__ import annotations

import contextlib
import json
import time
from datetime import UTC, datetime
from typing import Any

import boto3

from helpers.aws import provision
from helpers.money import costs, ledger
from localcloud.store.resources import Store

MANY = 1000
NOW = time.time()
HOUR = 3600.0
BUCKET_PLACE = "s3://sagemaker-us-east-1-123456789012/data-science-on-aws/ann"


def arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:123456789012:{kind}/{name.lower()}"


def training_job(name: str, **other: Any) -> dict[str, Any]:
    """A training job that ended some hours ago, as the local AWS stores it."""
    then = NOW - 5 * HOUR
    job = {
        "TrainingJobName": name,
        "TrainingJobArn": arn("training-job", name),
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "SecondaryStatusTransitions": [{"Status": "Completed", "StartTime": then, "EndTime": then}],
        "CreationTime": then,
        "LastModifiedTime": then + 60,
        "AlgorithmSpecification": {"TrainingImage": "sklearn", "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::123456789012:role/learner",
        "OutputDataConfig": {"S3OutputPath": f"{BUCKET_PLACE}/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "TrainingTimeInSeconds": 36,
        "BillableTimeInSeconds": 36,
    }
    return job | other


def processing_job(name: str, seconds: float, place: str = BUCKET_PLACE) -> dict[str, Any]:
    output = {"OutputName": "out", "S3Output": {"S3Uri": f"{place}/x", "LocalPath": "/o", "S3UploadMode": "EndOfJob"}}
    return {
        "ProcessingJobName": name,
        "ProcessingJobArn": arn("processing-job", name),
        "ProcessingJobStatus": "Completed",
        "AppSpecification": {"ImageUri": "sklearn"},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
        },
        "ProcessingOutputConfig": {"Outputs": [output]},
        "CreationTime": NOW - HOUR,
        "LastModifiedTime": NOW - HOUR,
        "ProcessingStartTime": NOW - HOUR,
        "ProcessingEndTime": NOW - HOUR + seconds,
    }


def transform_job(name: str, seconds: float) -> dict[str, Any]:
    return {
        "TransformJobName": name,
        "TransformJobArn": arn("transform-job", name),
        "TransformJobStatus": "Completed",
        "ModelName": "m",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/k"}}},
        "TransformOutput": {"S3OutputPath": "s3://b/o"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "CreationTime": NOW - HOUR,
        "LastModifiedTime": NOW - HOUR,
        "TransformStartTime": NOW - HOUR,
        "TransformEndTime": NOW - HOUR + seconds,
    }


def glue_run(job: str, number: int, seconds: int, **other: Any) -> dict[str, Any]:
    run = {
        "Id": f"jr_{job}_{number}",
        "JobName": job,
        "JobRunState": "SUCCEEDED",
        "StartedOn": NOW - HOUR,
        "ExecutionTime": seconds,
        "MaxCapacity": 2.0,
        "DPUSeconds": 2.0 * seconds,
        "GlueVersion": "5.1",
        "ExecutionClass": "STANDARD",
        "Attempt": 0,
    }
    return run | other


def fill(store: Store) -> None:
    """What ann and others have run, and a thousand jobs of lesson 05."""
    machine = {"InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
    for job in (
        training_job("dsaws-ann-05-spot", TrainingTimeInSeconds=1000, BillableTimeInSeconds=300),
        training_job("dsaws-ann-odd", Tags=[{"Key": "lesson", "Value": "6"}]),
        training_job("dsaws-ann-08-rare", ResourceConfig={**machine, "InstanceType": "ml.trn1.2xlarge"}),
        training_job("dsaws-ann-05-pair", ResourceConfig={**machine, "InstanceCount": 2}),
        training_job("dsaws-ann-random-1-002", TuningJobArn=arn("hyper-parameter-tuning-job", "dsaws-ann-random-1")),
        training_job("dsaws-ann-ml-26-1", AutoMLJobArn=arn("automl-job", "dsaws-ann-ml-26")),
        training_job("dsaws-ann-ml-26-2", AutoMLJobArn=arn("automl-job", "dsaws-ann-ml-26")),
        training_job("pipelines-abcdefghijkl-TrainWords-1"),
        training_job("pipelines-mnopqrstuvwx-Train-1", OutputDataConfig={"S3OutputPath": "s3://b/joe"}),
        training_job("dsaws-joann-05-other"),
    ):
        store.insert("training-job", job["TrainingJobName"], job)
    for job in (processing_job("dsaws-ann-10-check", 90.2), processing_job("pipelines-abc-Check-1", 36, "s3://b/joe")):
        store.insert("processing-job", job["ProcessingJobName"], job)
    store.insert("transform-job", "dsaws-ann-pytorch-1", transform_job("dsaws-ann-pytorch-1", 36))
    for name in ("dsaws-ann-reviews-etl", "dsaws-joann-reviews-etl"):
        store.insert("glue-job", name, {"Name": name, "Role": "r", "Command": {"Name": "glueetl"}})
    for run in (
        glue_run("dsaws-ann-reviews-etl", 1, 61),
        glue_run("dsaws-ann-reviews-etl", 2, 10),
        glue_run("dsaws-ann-reviews-etl", 3, 120, ExecutionClass="FLEX"),
        glue_run("dsaws-ann-reviews-etl", 4, 0, JobRunState="STOPPED"),
        glue_run("dsaws-joann-reviews-etl", 1, 61),
    ):
        store.insert("glue-run", run["Id"], run)
    for number in range(MANY):
        name = f"dsaws-ann-sentiment-{number:04}"
        store.insert("training-job", name, training_job(name))


def write_logs_and_objects(ws: Any) -> None:
    """Crawls in their log, endpoints that are gone, a query, and what no API remembers."""
    logs, s3 = boto3.client("logs"), boto3.client("s3")

    def log(group: str, stream: str, *lines: tuple[float, str]) -> None:
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        events = [{"timestamp": int(1000 * (NOW - ago)), "message": text} for ago, text in lines]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    start = "BENCHMARK : Running Start Crawl for Crawler dsaws-ann-raw"
    end = "BENCHMARK : Finished crawl"
    log("/aws-glue/crawlers", "dsaws-ann-raw", (9000, start), (8970, end), (7000, start), (7000 - 900, end))
    log("/aws-glue/crawlers", "dsaws-joann-raw", (9000, start))
    log("/aws/sagemaker/Endpoints/dsaws-ann-forgotten", "AllTraffic/i-1", (10, "serving"))
    boto3.client("cloudwatch").put_metric_data(
        Namespace="AWS/SageMaker",
        MetricData=[
            {
                "MetricName": "ModelLatency",
                "Dimensions": [
                    {"Name": "EndpointName", "Value": "dsaws-ann-sentiment-serverless"},
                    {"Name": "VariantName", "Value": "all"},
                ],
                "Timestamp": datetime.fromtimestamp(NOW - 600, UTC),
                "Values": [50_000.0, 150_000.0],
                "Counts": [10.0, 10.0],
                "Unit": "Microseconds",
            }
        ],
    )
    month = 730 * HOUR
    noted = [
        noted_endpoint("dsaws-ann-sentiment", NOW - month - 60, NOW - 60, "ml.m5.large", 0.0),
        noted_endpoint("dsaws-ann-sentiment-serverless", NOW - HOUR, NOW - 60, "serverless", 2.0),
    ]
    s3.put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/ledger/endpoints.json", Body=json.dumps(noted).encode())
    s3.put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/raw/x", Body=b"x" * 2**20)
    athena = boto3.client("athena")
    provision.workgroup(athena, ws.workgroup, ws.s3("athena/"))
    boto3.client("glue").create_database(DatabaseInput={"Name": ws.database})
    for sql, database in (
        ("SELECT 1 -- lesson 03", ws.database),
        ("SELECT nothing", ws.database),
        ("SELECT 2", "default"),
    ):
        athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": database},
            WorkGroup=ws.workgroup,
        )
    ledger.record(
        ws,
        costs.comprehend(250),
        service="Comprehend",
        lesson="09",
        what="DetectSentiment",
        quantity=costs.comprehend_units(250),
        unit="unit",
    )


def noted_endpoint(name: str, created: float, seen: float, instance: str, memory_gb: float) -> dict[str, Any]:
    machines = {"variant": "all", "instance": instance, "count": 1, "memory_gb": memory_gb}
    return {"name": name, "created": created, "seen": seen, "machines": [machines], "lesson": "07", "living": False}
