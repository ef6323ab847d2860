"""SageMaker training jobs that run: Create/Describe/List/Stop/DeleteTrainingJob.

Life of a job: Pending for a slot (one per core) -> Downloading -> Training -> Uploading -> Completed, each a status
transition as AWS records it. The container contract itself is in `jobs/container.py` and `jobs/script_mode.py`.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter, defaultdict
from contextlib import AbstractContextManager
from pathlib import Path

from localcloud.cloud import Cloud, arn
from localcloud.jobs import images, s3io, script_mode
from localcloud.jobs.checkpoints import Checkpoints
from localcloud.jobs.container import background, base_environment, check_isolation, layered_python, run_process
from localcloud.jobs.lifecycle import INTERRUPTED, live
from localcloud.jobs.lifecycle import end as end_job
from localcloud.jobs.log_stream import LogStream
from localcloud.protocol import ServiceError
from localcloud.services import quotas
from localcloud.services.listing import page
from localcloud.services.registry import Params, operation

KIND = "training-job"
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
TERMINAL = {"Completed", "Failed", "Stopped"}
_MESSAGES = {
    "Pending": "Waiting for a free core of this machine",
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
}


@operation("sagemaker", "CreateTrainingJob")
def create_training_job(cloud: Cloud, params: Params) -> Params:
    name = params["TrainingJobName"]
    check(params)
    now = time.time()
    job = {
        **params,
        "TrainingJobArn": arn("sagemaker", f"training-job/{name.lower()}"),
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": [
            {"Status": "Starting", "StartTime": now, "StatusMessage": _MESSAGES["Starting"]}
        ],
        "CreationTime": now,
        "LastModifiedTime": now,
        "EnableNetworkIsolation": params.get("EnableNetworkIsolation", False),
        "EnableInterContainerTrafficEncryption": params.get("EnableInterContainerTrafficEncryption", False),
        "EnableManagedSpotTraining": params.get("EnableManagedSpotTraining", False),
    }
    with within_quotas(cloud, params):
        if not cloud.store.insert(KIND, name, job):
            raise ServiceError("ResourceInUse", f"Training job names must be unique. The name {name} is taken.")
    background.start(lambda: run_job(cloud, name), f"training {name}")
    return {"TrainingJobArn": job["TrainingJobArn"]}


def within_quotas(cloud: Cloud, params: Params, times: int = 1) -> AbstractContextManager[None]:
    """As `quotas.within`, for a training job, or for `times` of them at once."""
    spot = params.get("EnableManagedSpotTraining", False)
    usage = "spot training job" if spot else "training job"

    def in_use() -> Counter[str]:
        jobs = [job for job in cloud.store.all(KIND) if job["EnableManagedSpotTraining"] == spot]
        return quotas.running(jobs, "TrainingJobStatus", "ResourceConfig")

    return quotas.within(cloud, usage, quotas.of_cluster(params["ResourceConfig"], times), in_use)


def check(params: Params) -> None:
    """What AWS refuses at once, beyond the model's own constraints."""
    specification = params.get("AlgorithmSpecification") or {}
    if not specification.get("TrainingImage"):
        raise ServiceError("ValidationException", "AlgorithmSpecification needs a TrainingImage here.")
    images.for_uri(specification["TrainingImage"])
    check_isolation(params.get("EnableNetworkIsolation"))
    resources = params.get("ResourceConfig") or {}
    if resources.get("InstanceCount", 1) > 1:
        raise ServiceError(
            "ResourceLimitExceeded",
            "The local AWS trains on one instance: set InstanceCount to 1. Clusters exist on AWS only.",
        )
    for channel in params.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource")
        mode = channel.get("InputMode") or specification.get("TrainingInputMode", "File")
        if source is None or source.get("S3DataType") != "S3Prefix" or mode == "Pipe":
            raise ServiceError(
                "ValidationException",
                f"Channel {channel['ChannelName']}: the local AWS reads S3Prefix data in File or FastFile mode.",
            )
    checkpoints = (params.get("CheckpointConfig") or {}).get("LocalPath") or "/opt/ml/checkpoints"
    if not checkpoints.startswith("/opt/ml/") or ".." in checkpoints.split("/"):
        raise ServiceError("ValidationException", "CheckpointConfig.LocalPath must be a folder below /opt/ml here.")
    for definition in specification.get("MetricDefinitions", []):
        try:
            re.compile(definition["Regex"])
        except re.error as error:
            raise ServiceError("ValidationException", f"Metric {definition['Name']}: {error}") from None


@operation("sagemaker", "DescribeTrainingJob")
def describe_training_job(cloud: Cloud, params: Params) -> Params:
    return _find(cloud, params["TrainingJobName"])


@operation("sagemaker", "ListTrainingJobs")
def list_training_jobs(cloud: Cloud, params: Params) -> Params:
    elsewhere = params.get("WarmPoolStatusEquals") or params.get("TrainingPlanArnEquals")  # no job has either here
    jobs = [] if elsewhere else cloud.store.all(KIND)
    return page(jobs, params, "TrainingJobSummaries", name="TrainingJobName", order="Ascending")


@operation("sagemaker", "StopTrainingJob")
def stop_training_job(cloud: Cloud, params: Params) -> Params:
    name = params["TrainingJobName"]
    _find(cloud, name)
    stop = cloud.stop_event(KIND, name)  # taken before the transition: later it may be the next job's of this name
    job = _transition(cloud, name, "Stopping", status="Stopping")
    if not job or job["TrainingJobStatus"] != "Stopping":
        status = job["TrainingJobStatus"] if job else "Deleted"
        raise ServiceError(
            "ValidationException", f"The request was rejected because the training job is in status {status}."
        )
    stop.set()
    return {}


@operation("sagemaker", "DeleteTrainingJob")
def delete_training_job(cloud: Cloud, params: Params) -> Params:
    job = _find(cloud, params["TrainingJobName"])
    if job["TrainingJobStatus"] not in TERMINAL:
        raise ServiceError("ResourceInUse", "Stop the training job before deleting it.")
    cloud.store.delete(KIND, params["TrainingJobName"])
    return {}


def _find(cloud: Cloud, name: str) -> Params:
    job = cloud.store.get(KIND, name)
    if job is None:
        raise ServiceError("ValidationException", "Requested resource not found.")
    return job


def run_job(cloud: Cloud, name: str) -> None:
    """The whole life of one job, in a thread of its own. Ends in a terminal status whatever happens."""
    end = live(
        cloud,
        KIND,
        name,
        lambda run: _execute(cloud, name, run),
        waiting=lambda: _transition(cloud, name, "Pending"),
    )
    if "TuningJobArn" not in _find(cloud, name):
        _metrics.pop(name, None)  # of a trial, its tuning job takes them
    _finish(cloud, name, **end)


def _execute(cloud: Cloud, name: str, run: Path) -> Params:
    """Run the job in its folder. Returns how it ended: the arguments of `_finish`."""
    job = _find(cloud, name)
    cloud = cloud.acting_as(job["RoleArn"], "SageMaker")
    stop = cloud.stop_event(KIND, name)
    stream = LogStream(cloud, LOG_GROUP, f"{name}/algo-1-{int(time.time())}")
    image = images.for_uri(job["AlgorithmSpecification"]["TrainingImage"])
    if not images.is_ready(image):
        _transition(cloud, name, "Starting", message=images.BUILDING)
    python = layered_python(run, image, lambda line: stream.put([line]))
    # The bill's clock: downloads and uploads count, as on AWS.
    _transition(cloud, name, "Downloading", TrainingStartTime=time.time())
    opt_ml = run / "opt" / "ml"
    plan = script_mode.prepare(cloud, job, opt_ml, python)
    environment = {**base_environment(cloud, run, python), **plan.environment}
    checkpoints = Checkpoints(cloud.client("s3"), job, opt_ml)
    metrics = _metrics[name] = _Metrics(job["AlgorithmSpecification"].get("MetricDefinitions", []))
    tail: list[str] = []

    def on_lines(lines: list[str]) -> None:
        stream.put(lines)
        metrics.read(lines)
        tail.extend(lines)
        del tail[:-40]

    def should_stop() -> bool:
        checkpoints.upload_sometimes()
        return stop.is_set() or cloud.stopping.is_set()

    if not stop.is_set():
        _transition(cloud, name, "Training")
    limit = (job.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds")
    ended = run_process(
        plan.command,
        environment=environment,
        folder=plan.folder,
        log_file=run / "output.log",
        stop=should_stop,
        on_lines=on_lines,
        hide=run,
        time_limit=float(limit) if limit else None,
        isolated=job["EnableNetworkIsolation"],
    )
    if cloud.stopping.is_set() and not stop.is_set():
        return {"status": "Failed", "reason": INTERRUPTED}
    checkpoints.upload()
    failed = ended.code != 0 and not ended.stopped and not ended.timed_out
    if not failed:
        _transition(cloud, name, "Uploading")
    artefacts = _upload(cloud, job, opt_ml, with_model=not failed)
    figures = {"FinalMetricDataList": metrics.final(), **artefacts}
    if failed:
        return {"status": "Failed", "reason": script_mode.failure_reason(job, plan, opt_ml, ended, tail), **figures}
    if ended.timed_out:
        return {"status": "Stopped", "secondary": "MaxRuntimeExceeded", **figures}
    return {"status": "Stopped" if ended.stopped else "Completed", **figures}


class _Metrics:
    """The values of each metric that the lines of the log show, by the job's regular expressions."""

    def __init__(self, definitions: list[Params]) -> None:
        self._patterns = [(d["Name"], re.compile(d["Regex"])) for d in definitions]
        self._last: dict[str, tuple[float, float]] = {}
        self.history: dict[str, list[float]] = defaultdict(list)

    def read(self, lines: list[str]) -> None:
        for line in lines:
            for name, pattern in self._patterns:
                match = pattern.search(line)
                if match and match.groups():
                    try:
                        value = float(match.group(1))
                    except ValueError:
                        continue  # the expression matched text that is no number
                    self._last[name] = (value, time.time())
                    self.history[name].append(value)

    def final(self) -> list[Params]:
        return [{"MetricName": name, "Value": value, "Timestamp": when} for name, (value, when) in self._last.items()]


_metrics: dict[str, _Metrics] = {}  # of the jobs that run now


def metric_history(name: str, metric: str, *, last: bool = False) -> list[float]:
    """All values of a metric that a trial of a tuning job has printed so far, oldest first.

    Args:
        last: this is the last question about this trial; its values are forgotten.
    """
    metrics = _metrics.pop(name, None) if last else _metrics.get(name)
    return list(metrics.history[metric]) if metrics else []


def _upload(cloud: Cloud, job: Params, opt_ml: Path, *, with_model: bool) -> Params:
    """model.tar.gz and output.tar.gz (or plain files) to S3OutputPath/<job>/output/."""
    s3, output = cloud.client("s3"), job["OutputDataConfig"]
    target = s3io.join_uri(output["S3OutputPath"], job["TrainingJobName"], "output")
    plain = output.get("CompressionType") == "NONE"
    result: Params = {}
    folders = ([("model", opt_ml / "model")] if with_model else []) + [("output", opt_ml / "output" / "data")]
    for what, folder in folders:
        if not folder.is_dir() or not any(folder.iterdir()):
            continue
        if plain:
            s3io.upload_folder(s3, folder, s3io.join_uri(target, what))
            address = s3io.join_uri(target, what, "")
        else:
            archive = opt_ml.parent / f"{what}.tar.gz"
            s3io.pack(folder, archive)
            address = s3io.join_uri(target, archive.name)
            s3io.upload_file(s3, archive, address)
        if what == "model":
            result["ModelArtifacts"] = {"S3ModelArtifacts": address}
    return result


def _transition(
    cloud: Cloud, name: str, secondary: str, status: str | None = None, message: str = "", **figures: object
) -> Params | None:
    """Record a step of a job that has not ended. Returns the job as it is then, or None when it is gone."""

    def change(job: Params) -> None:
        if job["TrainingJobStatus"] in TERMINAL:
            return
        now = time.time()
        transitions = job["SecondaryStatusTransitions"]
        if transitions and "EndTime" not in transitions[-1]:
            transitions[-1]["EndTime"] = now
        text = message or _MESSAGES.get(secondary, "")
        transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": text})
        job.update(figures, SecondaryStatus=secondary, LastModifiedTime=now)
        if status:
            job["TrainingJobStatus"] = status

    return cloud.store.update(KIND, name, change)


def _finish(cloud: Cloud, name: str, status: str, reason: str = "", secondary: str = "", **figures: object) -> None:
    def change(job: Params) -> None:
        now = time.time()
        transitions = job["SecondaryStatusTransitions"]
        transitions[-1].setdefault("EndTime", now)
        last = secondary or status
        transitions.append(
            {
                "Status": last,
                "StartTime": now,
                "EndTime": now,
                "StatusMessage": reason or _MESSAGES.get(last, ""),
            }
        )
        job.update(figures, TrainingJobStatus=status, SecondaryStatus=last, LastModifiedTime=now)
        job.setdefault("TrainingEndTime", now)
        if "TrainingStartTime" in job and reason != INTERRUPTED:  # nobody knows for how long that one ran
            seconds = math.ceil(job["TrainingEndTime"] - job["TrainingStartTime"])
            job.update(TrainingTimeInSeconds=seconds, BillableTimeInSeconds=seconds)
        if status == "Failed":
            job["FailureReason"] = reason[:1024]

    end_job(cloud, KIND, name, change)


def recover(cloud: Cloud) -> None:
    """At start: a job that no thread can finish any more has failed, and says why."""
    for job in cloud.store.all(KIND):
        if job["TrainingJobStatus"] not in TERMINAL:
            _finish(cloud, job["TrainingJobName"], "Failed", INTERRUPTED)
