"""SageMaker processing jobs that run: a container's command over inputs from S3, its outputs back to S3.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
"""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from pathlib import Path

from localcloud.cloud import Cloud
from localcloud.jobs import images, lifecycle, s3io
from localcloud.jobs.container import (
    Exit,
    background,
    base_environment,
    check_isolation,
    layered_python,
    run_process,
)
from localcloud.jobs.log_stream import LogStream
from localcloud.jobs.opt_ml import place_opt_ml
from localcloud.protocol import ServiceError
from localcloud.services import quotas
from localcloud.services.job_kind import JobKind
from localcloud.services.listing import page
from localcloud.services.registry import Params, operation

JOBS = JobKind("processing-job", "ProcessingJob", end_time="ProcessingEndTime", called="Processing")
LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
CONTINUOUS_SECONDS = 5.0
_CODE_INPUTS = {"code", "entrypoint", "aux"}  # what the SDK's processors call the code that they send along


@operation("sagemaker", "CreateProcessingJob")
def create_processing_job(cloud: Cloud, params: Params) -> Params:
    name = params[JOBS.name]
    _check(params)
    cluster = params["ProcessingResources"]["ClusterConfig"]
    path = (JOBS.status, "ProcessingResources", "ClusterConfig")
    with quotas.within(
        cloud,
        "processing job",
        quotas.of_cluster(cluster),
        lambda: quotas.running(cloud.store.all(JOBS.kind), *path),
    ):
        answer = JOBS.create(cloud, params)
    background.start(lambda: _run(cloud, name), f"processing {name}")
    return answer


def _check(params: Params) -> None:
    images.for_uri(params["AppSpecification"]["ImageUri"])
    if params["ProcessingResources"]["ClusterConfig"]["InstanceCount"] > 1:
        raise ServiceError("ResourceLimitExceeded", "The local AWS processes on one instance: set InstanceCount to 1.")
    if not params["AppSpecification"].get("ContainerEntrypoint"):
        raise ServiceError("ValidationException", "AppSpecification needs a ContainerEntrypoint here.")
    for item in params.get("ProcessingInputs", []):
        source = item.get("S3Input")
        if not source or source.get("S3InputMode", "File") != "File" or source.get("S3DataType") != "S3Prefix":
            raise ServiceError(
                "ValidationException", f"Input {item['InputName']}: the local AWS reads S3Prefix data in File mode."
            )
        _below_opt_ml(source.get("LocalPath", ""), item["InputName"])
    for item in (params.get("ProcessingOutputConfig") or {}).get("Outputs", []):
        if not item.get("S3Output"):
            raise ServiceError("ValidationException", f"Output {item['OutputName']} needs an S3Output here.")
        _below_opt_ml(item["S3Output"].get("LocalPath", ""), item["OutputName"])
    _check_distinct(params)
    check_isolation(_isolated(params))


def _isolated(params: Params) -> bool:
    return bool((params.get("NetworkConfig") or {}).get("EnableNetworkIsolation"))


def _check_distinct(params: Params) -> None:
    """Names of inputs and outputs, and folders of inputs, are given once.

    Source: https://github.com/aws/sagemaker-python-sdk/issues/3484 (names) and issues/4939 (folders).
    """
    inputs = params.get("ProcessingInputs", [])
    outputs = (params.get("ProcessingOutputConfig") or {}).get("Outputs", [])
    names = Counter([item["InputName"] for item in inputs] + [item["OutputName"] for item in outputs])
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        message = f"Input and Output names must be globally unique: [{', '.join(twice)}]"
        raise ServiceError("ValidationException", message)
    folders = Counter(item["S3Input"]["LocalPath"].rstrip("/") for item in inputs)
    twice = [folder for folder, count in folders.items() if count > 1]
    if twice:
        raise ServiceError("ValidationException", f"Two inputs have the LocalPath {twice[0]}: give each its own.")


def _below_opt_ml(path: str, name: str) -> None:
    if not f"{path}/".startswith("/opt/ml/processing/") or ".." in path.split("/"):
        raise ServiceError("ValidationException", f"{name}: LocalPath must be a folder below /opt/ml/processing.")


@operation("sagemaker", "DescribeProcessingJob")
def describe_processing_job(cloud: Cloud, params: Params) -> Params:
    return JOBS.find(cloud, params[JOBS.name])


@operation("sagemaker", "ListProcessingJobs")
def list_processing_jobs(cloud: Cloud, params: Params) -> Params:
    return page(cloud.store.all(JOBS.kind), params, "ProcessingJobSummaries", name=JOBS.name)


@operation("sagemaker", "StopProcessingJob")
def stop_processing_job(cloud: Cloud, params: Params) -> Params:
    return JOBS.stop(cloud, params)


@operation("sagemaker", "DeleteProcessingJob")
def delete_processing_job(cloud: Cloud, params: Params) -> Params:
    return JOBS.delete(cloud, params)


def _run(cloud: Cloud, name: str) -> None:
    end = lifecycle.live(cloud, JOBS.kind, name, lambda run: _execute(cloud, name, run))
    JOBS.finish(cloud, name, **end)


def _execute(cloud: Cloud, name: str, run: Path) -> lifecycle.End:
    job = JOBS.find(cloud, name)
    cloud = cloud.acting_as(job["RoleArn"], "SageMaker")
    stop = cloud.stop_event(JOBS.kind, name)
    stream = LogStream(cloud, LOG_GROUP, f"{name}/algo-1-{int(time.time())}")
    application = job["AppSpecification"]
    python = layered_python(run, images.for_uri(application["ImageUri"]), lambda line: stream.put([line]))
    JOBS.update(cloud, name, ProcessingStartTime=time.time())
    opt_ml = run / "opt" / "ml"
    _lay_out(cloud, job, opt_ml)
    outputs = _Outputs(cloud, job, opt_ml)
    root = str(opt_ml)
    variables = {key: value.replace("/opt/ml", root) for key, value in job.get("Environment", {}).items()}
    command = [*application["ContainerEntrypoint"], *application.get("ContainerArguments", [])]

    def should_stop() -> bool:
        outputs.upload_continuous()
        return stop.is_set() or cloud.stopping.is_set()

    limit = (job.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds")
    ended = run_process(
        [part.replace("/opt/ml", root) for part in command],
        environment={**base_environment(cloud, run, python), "PROCESSING_JOB_NAME": name, **variables},
        folder=run,
        log_file=run / "output.log",
        stop=should_stop,
        on_lines=stream.put,
        hide=run,
        time_limit=float(limit) if limit else None,
        isolated=_isolated(job),
    )
    return _outcome(cloud, ended, outputs, opt_ml, stopped=stop.is_set())


def _outcome(cloud: Cloud, ended: Exit, outputs: _Outputs, opt_ml: Path, *, stopped: bool) -> lifecycle.End:
    message = opt_ml / "output" / "message"
    said = {"ExitMessage": message.read_text(errors="replace")[:1024]} if message.is_file() else {}
    if cloud.stopping.is_set() and not stopped:
        return {"status": "Failed", "reason": lifecycle.INTERRUPTED}
    if ended.stopped:
        return {"status": "Stopped", **said}
    if ended.timed_out:
        return {"status": "Stopped", "ExitMessage": "MaxRuntimeExceeded", **said}
    if ended.code != 0:
        return {
            "status": "Failed",
            "reason": f"AlgorithmError: , exit code: {ended.code}",
            **said,
        }  # no more, as on AWS
    outputs.upload_all()
    return {"status": "Completed", **said}


def _lay_out(cloud: Cloud, job: Params, opt_ml: Path) -> None:
    """Inputs and configuration files, as a processing container finds them."""
    for folder in ("config", "output", "processing"):
        (opt_ml / folder).mkdir(parents=True)
    s3 = cloud.client("s3")
    for item in job.get("ProcessingInputs", []):
        source = item["S3Input"]
        folder = opt_ml / source["LocalPath"].removeprefix("/opt/ml/").rstrip("/")
        s3io.download_prefix(s3, source["S3Uri"], folder)
        if item["InputName"] in _CODE_INPUTS:
            _place_code(folder, opt_ml)
    for item in (job.get("ProcessingOutputConfig") or {}).get("Outputs", []):
        (opt_ml / item["S3Output"]["LocalPath"].removeprefix("/opt/ml/")).mkdir(parents=True, exist_ok=True)
    cluster = job["ProcessingResources"]["ClusterConfig"]
    resource = {"current_host": "algo-1", "hosts": ["algo-1"], "current_instance_type": cluster["InstanceType"]}
    shown = {key: value for key, value in job.items() if not key.startswith("_")}
    for name, content in (("processingjobconfig", shown), ("resourceconfig", resource)):
        (opt_ml / "config" / f"{name}.json").write_text(json.dumps(content, default=str))


def _place_code(folder: Path, opt_ml: Path) -> None:
    """The code's /opt/ml is this run's, inside a sourcedir.tar.gz too, which its own start script unpacks."""
    for archive in folder.glob("*.tar.gz"):
        unpacked = archive.with_suffix(".folder")
        s3io.extract(archive, unpacked)
        place_opt_ml(unpacked, opt_ml)
        s3io.pack(unpacked, archive)
        shutil.rmtree(unpacked)
    place_opt_ml(folder, opt_ml)


class _Outputs:
    """The job's outputs: `Continuous` ones are uploaded while it runs, all at its end."""

    def __init__(self, cloud: Cloud, job: Params, opt_ml: Path) -> None:
        self._next = time.monotonic() + CONTINUOUS_SECONDS
        self._outputs: list[tuple[s3io.Mirror, bool]] = []
        for item in (job.get("ProcessingOutputConfig") or {}).get("Outputs", []):
            where = item["S3Output"]
            folder = opt_ml / where["LocalPath"].removeprefix("/opt/ml/")
            mirror = s3io.Mirror(cloud.client("s3"), folder, where["S3Uri"])
            self._outputs.append((mirror, where.get("S3UploadMode") == "Continuous"))

    def upload_continuous(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + CONTINUOUS_SECONDS
        for mirror, continuous in self._outputs:
            if continuous:
                mirror.upload()

    def upload_all(self) -> None:
        for mirror, _ in self._outputs:
            mirror.upload()


def recover(cloud: Cloud) -> None:
    JOBS.recover(cloud)
