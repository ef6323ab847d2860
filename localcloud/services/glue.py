"""AWS Glue jobs that run: a Spark 3.5.6 application per job run, in the Glue 5.1 image.

The Data Catalog is the engine's; jobs, runs and crawlers (`crawler.py`) are ours. How `s3://` works: `jobs/spark.py`.
Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from pathlib import Path

from localcloud.cloud import Cloud
from localcloud.jobs import glue_run, images, s3io, spark
from localcloud.jobs.container import background, end_run, new_run
from localcloud.protocol import ServiceError
from localcloud.services import events, glue_arguments
from localcloud.services.glue_arguments import check_arguments, check_members, invalid
from localcloud.services.registry import Params, operation

log = logging.getLogger("localcloud")
JOB, RUN = "glue-job", "glue-run"
VERSION = "5.1"
ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR"}
DEFAULT_TIMEOUT_MINUTES = 480
DPU_PER_WORKER = {
    **{"Standard": 1.0, "G.025X": 0.25, "G.1X": 1.0, "G.2X": 2.0, "G.4X": 4.0, "G.8X": 8.0, "G.12X": 12.0},
    **{"G.16X": 16.0, "R.1X": 1.0, "R.2X": 2.0, "R.4X": 4.0, "R.8X": 8.0},
}
_starting = threading.Lock()
INTERRUPTED = "The local AWS was stopped while this run was in progress. Start the job again."


@operation("glue", "CreateJob")
def create_job(cloud: Cloud, params: Params) -> Params:
    now = time.time()
    if not cloud.store.insert(JOB, params["Name"], {**_job(params), "CreatedOn": now, "LastModifiedOn": now}):
        raise ServiceError("AlreadyExistsException", f"Job already exists: {params['Name']}")
    return {"Name": params["Name"]}


def _job(params: Params) -> Params:
    """A job definition with AWS's defaults, refused where it could not run."""
    check_members(params)
    command = params["Command"]
    if command.get("Name") != "glueetl":
        raise invalid(f"Command name {command.get('Name')!r} is not offered here; the local AWS runs glueetl.")
    if command.get("PythonVersion", "3") != "3":
        raise invalid(f"PythonVersion {command['PythonVersion']} is not one of Glue {VERSION}: it runs Python 3.")
    if command.get("Runtime"):
        raise invalid("Command.Runtime is for Ray jobs, which are not offered here.")
    if not str(command.get("ScriptLocation", "")).startswith("s3://"):
        raise invalid("Command needs a ScriptLocation on S3.")
    version = params.get("GlueVersion", VERSION)
    if version != VERSION:
        raise invalid(f"Glue version {version} is not offered by the local AWS; it runs {VERSION}.")
    check_arguments({**params.get("DefaultArguments", {}), **params.get("NonOverridableArguments", {})})
    job = {
        "MaxRetries": 0,
        "Timeout": DEFAULT_TIMEOUT_MINUTES,
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "JobMode": "SCRIPT",
        "ExecutionClass": "STANDARD",
        **params,
        "GlueVersion": version,
    }
    return {**job, **_capacity(params, {"WorkerType": "G.1X", "NumberOfWorkers": 10})}


def _capacity(asked: Params, default: Params) -> Params:
    """Worker type and number and the DPUs they make; an explicit MaxCapacity counts as G.1X workers."""
    if asked.get("MaxCapacity") and (asked.get("WorkerType") or asked.get("NumberOfWorkers")):
        raise invalid("Please set only Allocated/Max Capacity or only WorkerType and NumberOfWorkers.")
    if asked.get("MaxCapacity"):
        return {"MaxCapacity": asked["MaxCapacity"], "WorkerType": None, "NumberOfWorkers": None}
    if not asked.get("WorkerType") and not asked.get("NumberOfWorkers") and default.get("MaxCapacity"):
        return {key: default.get(key) for key in ("MaxCapacity", "WorkerType", "NumberOfWorkers")}
    kind = asked.get("WorkerType") or default.get("WorkerType") or "G.1X"
    number = asked.get("NumberOfWorkers") or default.get("NumberOfWorkers") or 10
    if kind not in DPU_PER_WORKER:
        raise invalid(f"Worker type {kind} is not one that the local AWS knows: {', '.join(DPU_PER_WORKER)}.")
    if number < 2:
        raise invalid("NumberOfWorkers must be at least 2.")
    return {"WorkerType": kind, "NumberOfWorkers": number, "MaxCapacity": DPU_PER_WORKER[kind] * number}


def _find(cloud: Cloud, name: str) -> Params:
    job = cloud.store.get(JOB, name)
    if job is None:
        raise ServiceError("EntityNotFoundException", f"Job with name: {name} not found.")
    return job


@operation("glue", "GetJob")
def get_job(cloud: Cloud, params: Params) -> Params:
    return {"Job": _find(cloud, params["JobName"])}


@operation("glue", "GetJobs")
def get_jobs(cloud: Cloud, params: Params) -> Params:
    return cut(cloud.store.all(JOB), params, "Jobs")


@operation("glue", "ListJobs")
def list_jobs(cloud: Cloud, params: Params) -> Params:
    return cut(tagged(cloud.store.all(JOB), params), params, "JobNames")


def tagged(bodies: list[Params], params: Params) -> list[str]:
    """The names of those that have all Tags of a list's request."""
    wanted = (params.get("Tags") or {}).items()
    return [body["Name"] for body in bodies if wanted <= (body.get("Tags") or {}).items()]


def cut(items: list[Params] | list[str], params: Params, key: str, *, size: int = 100) -> Params:
    """One page: MaxResults of the items, or `size`."""
    token = params.get("NextToken") or "0"
    if not re.fullmatch(r"[0-9]{1,9}", token):
        raise invalid("The NextToken is not one of this listing.")
    start = int(token)
    end = start + (params.get("MaxResults") or size)
    return {key: items[start:end], "NextToken": str(end) if end < len(items) else None}


@operation("glue", "UpdateJob")
def update_job(cloud: Cloud, params: Params) -> Params:
    old = _find(cloud, params["JobName"])
    change = params["JobUpdate"]
    kept: Params = {key: old[key] for key in ("Name", "CreatedOn", "Tags") if key in old}
    new = _job({"Command": old["Command"], "Role": old["Role"], **change, **kept, "LastModifiedOn": time.time()})
    cloud.store.update(JOB, params["JobName"], lambda job: (job.clear(), job.update(new))[0])  # type: ignore[func-returns-value]
    return {"JobName": params["JobName"]}


@operation("glue", "DeleteJob")
def delete_job(cloud: Cloud, params: Params) -> Params:
    cloud.store.delete(JOB, params["JobName"])  # as on AWS, no error when there is none
    return {"JobName": params["JobName"]}


@operation("glue", "StartJobRun")
def start_job_run(cloud: Cloud, params: Params) -> Params:
    job = _find(cloud, params["JobName"])
    limit = job["ExecutionProperty"].get("MaxConcurrentRuns", 1)
    with _starting:
        if sum(run["JobRunState"] not in ENDED for run in _runs(cloud, job["Name"])) >= limit:
            raise ServiceError("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job['Name']}")
        return {"JobRunId": _start(cloud, job, params, attempt=0)}


def _start(cloud: Cloud, job: Params, params: Params, attempt: int, previous: str | None = None) -> str:
    arguments = {**job.get("DefaultArguments", {}), **params.get("Arguments", {})}
    arguments.update(job.get("NonOverridableArguments", {}))
    check_members(params)
    check_arguments(arguments)
    run_id = "jr_" + secrets.token_hex(32)
    run = {
        "Id": run_id,
        "Attempt": attempt,
        "PreviousRunId": previous,
        "TriggerName": params.get("_trigger"),
        "JobName": job["Name"],
        "JobMode": "SCRIPT",
        "JobRunState": "STARTING",
        "StartedOn": time.time(),
        "LastModifiedOn": time.time(),
        "Arguments": arguments,
        "ExecutionTime": 0,
        "Timeout": params.get("Timeout") or job["Timeout"],
        "LogGroupName": glue_arguments.LOG_GROUPS,
        "GlueVersion": job["GlueVersion"],
        "ExecutionClass": params.get("ExecutionClass") or job["ExecutionClass"],
        "_params": params,
        **_capacity(params, job),
    }
    cloud.store.insert(RUN, run_id, run)
    background.start(lambda: run_job(cloud, run_id), f"glue {job['Name']}")
    return run_id


def _runs(cloud: Cloud, name: str) -> list[Params]:
    """The runs of a job, newest first."""
    return [run for run in reversed(cloud.store.all(RUN)) if run["JobName"] == name]


@operation("glue", "GetJobRun")
def get_job_run(cloud: Cloud, params: Params) -> Params:
    run = cloud.store.get(RUN, params["RunId"])
    if run is None or run["JobName"] != params["JobName"]:
        raise ServiceError("EntityNotFoundException", f"Job run {params['RunId']} of {params['JobName']} not found.")
    return {"JobRun": run}


@operation("glue", "GetJobRuns")
def get_job_runs(cloud: Cloud, params: Params) -> Params:
    _find(cloud, params["JobName"])
    return cut(_runs(cloud, params["JobName"]), params, "JobRuns")


@operation("glue", "BatchStopJobRun")
def batch_stop_job_run(cloud: Cloud, params: Params) -> Params:
    stopped: list[Params] = []
    errors: list[Params] = []
    for run_id in params["JobRunIds"]:
        known = cloud.store.get(RUN, run_id)
        ours = known is not None and known["JobName"] == params["JobName"]
        run = _set(cloud, run_id, JobRunState="STOPPING") if ours else None
        named = {"JobName": params["JobName"], "JobRunId": run_id}
        if run is None or run["JobRunState"] in ENDED:
            code, why = "JobRunNotInTerminalStateException", "The run is not in a state that can be stopped."
            if run is None:
                code, why = "EntityNotFoundException", "No such run."
            errors.append({**named, "ErrorDetail": {"ErrorCode": code, "ErrorMessage": why}})
            continue
        cloud.stop_event(RUN, run_id).set()
        stopped.append(named)
    return {"SuccessfulSubmissions": stopped, "Errors": errors}


def _set(cloud: Cloud, run_id: str, **members: object) -> Params | None:
    """Change a run that has not ended. Returns the run as it is then."""

    def change(run: Params) -> None:
        if run["JobRunState"] not in ENDED:
            run.update(members, LastModifiedOn=time.time())

    return cloud.store.update(RUN, run_id, change)


def run_job(cloud: Cloud, run_id: str) -> None:
    """One run from STARTING to its end, in a thread of its own."""
    run = cloud.store.get(RUN, run_id)
    assert run is not None
    stop, began = cloud.stop_event(RUN, run_id), time.time()
    state, message = "FAILED", ""
    folder: Path | None = None
    held = False
    try:
        held = _wait_for_slot(cloud, run_id)
        if held:
            began = time.time()
            folder = new_run(cloud, "glue", run_id)
            started = _find(cloud, run["JobName"])
            acting = cloud.acting_as(started["Role"], "GlueJobRunnerSession")
            options = _options(run, started["Command"]["ScriptLocation"])
            state, message = glue_run.execute(
                acting, run, options, folder, stop, lambda **members: _set(cloud, run_id, **members)
            )
        else:
            state = "STOPPED"
    except (s3io.TransferFailed, spark.NoJava, images.BuildFailed) as error:
        message = str(error)
    except Exception as error:
        log.exception("glue run %s", run_id)
        message = f"{type(error).__name__}: {error}"
    finally:
        if held:
            cloud.slots.release()
        cloud.stops.pop((RUN, run_id), None)
        if folder:
            end_run(folder)
    if cloud.stopping.is_set() and not stop.is_set() and state != "SUCCEEDED":
        state, message = "FAILED", INTERRUPTED
    _end(cloud, run, state, message, time.time() - began if held else 0.0)
    job = cloud.store.get(JOB, run["JobName"])
    if state == "FAILED" and job and run["Attempt"] < job["MaxRetries"] and not cloud.stopping.is_set():
        _start(cloud, job, run["_params"], run["Attempt"] + 1, run_id)


def _options(run: Params, location: str) -> glue_run.Options:
    arguments = run["Arguments"]
    return glue_run.Options(
        script=location,
        settings=glue_arguments.spark_settings(arguments),
        driver_variables=glue_arguments.variables(arguments, "--customer-driver-env-vars"),
        worker_variables=glue_arguments.variables(arguments, "--customer-executor-env-vars"),
        modules=glue_arguments.addresses(arguments, "--extra-py-files"),
        files=glue_arguments.addresses(arguments, "--extra-files"),
        log_groups=glue_arguments.log_groups(arguments),
        notices=glue_arguments.notices(arguments),
    )


def _end(cloud: Cloud, run: Params, state: str, message: str, seconds: float) -> None:
    whole = round(seconds)
    _set(
        cloud,
        run["Id"],
        JobRunState=state,
        CompletedOn=time.time(),
        ExecutionTime=whole,
        DPUSeconds=run["MaxCapacity"] * whole,
        **({"ErrorMessage": message[:4000]} if message else {}),
    )
    events.emit(
        cloud,
        "aws.glue",
        "Glue Job State Change",
        {
            "jobName": run["JobName"],
            "severity": "INFO" if state in ("SUCCEEDED", "STOPPED") else "ERROR",
            "state": state,
            "jobRunId": run["Id"],
            "message": message or f"Job run {state.lower()}",
        },
    )


def _wait_for_slot(cloud: Cloud, run_id: str) -> bool:
    stop = cloud.stop_event(RUN, run_id)
    if cloud.slots.acquire(blocking=False):
        return True
    _set(cloud, run_id, JobRunState="WAITING", StateDetail="Waiting for a free core of this machine")
    while not stop.is_set() and not cloud.stopping.is_set():
        if cloud.slots.acquire(timeout=0.2):
            return True
    return False


def recover(cloud: Cloud) -> None:
    for run in cloud.store.all(RUN):
        if run["JobRunState"] not in ENDED:
            _end(cloud, run, "FAILED", INTERRUPTED, 0.0)
