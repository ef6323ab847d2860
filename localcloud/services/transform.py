"""SageMaker batch transform that runs: a model's server over the objects of an S3 prefix, `<input key>.out` for each.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
"""

from __future__ import annotations

import gzip
import shutil
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from localcloud.cloud import Cloud, arn
from localcloud.hosting import jsonpath
from localcloud.hosting.batching import BadRecord, Processing
from localcloud.hosting.transformer import BadAnswer, ModelFailed, Stopped, Transformer
from localcloud.jobs import lifecycle, s3io
from localcloud.jobs.container import background
from localcloud.jobs.log_stream import LogStream
from localcloud.protocol import ServiceError
from localcloud.services import quotas
from localcloud.services.job_kind import JobKind
from localcloud.services.listing import page
from localcloud.services.models import MODEL
from localcloud.services.registry import Params, operation

JOBS = JobKind("transform-job", "TransformJob", end_time="TransformEndTime", called="Transform")
LOG_GROUP = "/aws/sagemaker/TransformJobs"
_SEE = "See job logs for more information"


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


@operation("sagemaker", "CreateTransformJob")
def create_transform_job(cloud: Cloud, params: Params) -> Params:
    name = params[JOBS.name]
    _check(cloud, params)
    with quotas.within(
        cloud,
        "transform job",
        quotas.of_cluster(params["TransformResources"]),
        lambda: quotas.running(cloud.store.all(JOBS.kind), JOBS.status, "TransformResources"),
    ):
        answer = JOBS.create(cloud, params)
    background.start(lambda: _run(cloud, name), f"transform {name}")
    return answer


def _check(cloud: Cloud, params: Params) -> None:
    """What AWS refuses at once, and what is not offered here."""
    model = params["ModelName"]
    if cloud.store.get(MODEL, model) is None:
        raise _invalid(f'Could not find model "{arn("sagemaker", f"{MODEL}/{model}")}".')
    if params["TransformResources"]["InstanceCount"] > 1:
        raise ServiceError("ResourceLimitExceeded", "The local AWS transforms on one instance: set InstanceCount to 1.")
    if params.get("DataCaptureConfig"):
        raise _invalid("DataCaptureConfig of a transform job is not offered by the local AWS, only on AWS.")
    source, target = params["TransformInput"], params["TransformOutput"]
    data = source["DataSource"]["S3DataSource"]
    if data["S3DataType"] != "S3Prefix":
        raise _invalid(f"The local AWS transforms S3Prefix data; {data['S3DataType']} is offered on AWS only.")
    for uri in (data["S3Uri"], target["S3OutputPath"]):
        if not uri.startswith("s3://"):
            raise _invalid(f"{uri} is not an s3://bucket/key address.")
    if source.get("SplitType") in ("RecordIO", "TFRecord"):
        raise _invalid(
            f"SplitType {source['SplitType']} is not offered by the local AWS, only on AWS: use Line or None."
        )
    limit = params.get("MaxPayloadInMB", 6)
    if limit * max(1, params.get("MaxConcurrentTransforms", 1)) > 100:
        raise _invalid("MaxConcurrentTransforms * MaxPayloadInMB must not exceed 100 MB.")
    try:
        Processing(params.get("DataProcessing") or {}, source, target)
    except (jsonpath.BadPath, ValueError) as error:
        raise _invalid(str(error)) from None


@operation("sagemaker", "DescribeTransformJob")
def describe_transform_job(cloud: Cloud, params: Params) -> Params:
    return JOBS.find(cloud, params[JOBS.name])


@operation("sagemaker", "ListTransformJobs")
def list_transform_jobs(cloud: Cloud, params: Params) -> Params:
    return page(cloud.store.all(JOBS.kind), params, "TransformJobSummaries", name=JOBS.name)


@operation("sagemaker", "StopTransformJob")
def stop_transform_job(cloud: Cloud, params: Params) -> Params:
    return JOBS.stop(cloud, params)


def _run(cloud: Cloud, name: str) -> None:
    end = lifecycle.live(cloud, JOBS.kind, name, lambda run: _execute(cloud, name, run))
    JOBS.finish(cloud, name, **end)


def _execute(cloud: Cloud, name: str, run: Path) -> lifecycle.End:
    job = JOBS.find(cloud, name)
    stop = cloud.stop_event(JOBS.kind, name)
    model = cloud.store.get(MODEL, job["ModelName"])
    if model is None:  # deleted while the job waited for a core
        return {"status": "Failed", "reason": f"ClientError: The model {job['ModelName']} does not exist."}
    cloud = cloud.acting_as(model.get("ExecutionRoleArn"), "SageMaker")
    instance = f"{name}/i-{time.time_ns() % 16**17:017x}"
    log = LogStream(cloud, LOG_GROUP, f"{instance}/data-log")

    def tell(line: str) -> None:
        log.put([f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}:[sagemaker logs]: {line}"])

    JOBS.update(cloud, name, TransformStartTime=time.time())
    causes = []
    try:
        with Transformer(cloud, job, model, run, LogStream(cloud, LOG_GROUP, instance), stop) as it:
            tell(it.settings)
            for key, relative in s3io.relative_keys(
                cloud.client("s3"), job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
            ).items():
                causes.append(_transform(cloud, job, it, key, relative, run, tell))
    except Stopped:
        return {"status": "Stopped"} if stop.is_set() else {"status": "Failed", "reason": lifecycle.INTERRUPTED}
    except ModelFailed as error:
        tell(str(error))
        causes.append("AlgorithmError")
    cause = next(filter(None, causes), "")
    return {"status": "Failed", "reason": f"{cause}: {_SEE}"} if cause else {"status": "Completed"}


def _transform(
    cloud: Cloud, job: Params, transformer: Transformer, key: str, relative: str, run: Path, tell: Callable[[str], None]
) -> str:
    """One input object to its `.out` object, which appears whole or not at all; the next one follows in any case.

    Returns:
        "", or whose fault it was: ClientError or AlgorithmError.
    """
    s3, source = cloud.client("s3"), run / "input"
    bucket = s3io.parse_uri(job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])[0]
    s3io.download_file(s3, bucket, key, source)
    try:
        if job["TransformInput"].get("CompressionType") == "Gzip":
            _unzip(source)
        transformer.transform(source, run / "output")
    except BadRecord as error:
        tell(f"{bucket}/{key}: {error}")
        return "ClientError"
    except BadAnswer as error:
        tell(f"{bucket}/{key}: Bad HTTP status received from algorithm: {error.status}")
        tell(f"{bucket}/{key}: Message: {error}")
        return "ClientError" if error.status < 500 else "AlgorithmError"
    s3io.upload_file(s3, run / "output", s3io.join_uri(job["TransformOutput"]["S3OutputPath"], f"{relative}.out"))
    return ""


def _unzip(path: Path) -> None:
    unzipped = path.with_suffix(".unzipped")
    try:
        with gzip.open(path) as packed, unzipped.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
    except (OSError, EOFError, zlib.error) as error:
        raise BadRecord(f"The object is no gzip file: {error}") from None
    unzipped.replace(path)


def recover(cloud: Cloud) -> None:
    JOBS.recover(cloud)
