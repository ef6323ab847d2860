"""SageMaker Pipelines: pipelines, their versions and executions. What an execution does: `pipeline/`."""

from __future__ import annotations

import hashlib
import string
import time

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.cloud import Cloud, arn
from localcloud.jobs import lifecycle
from localcloud.jobs.container import background
from localcloud.protocol import ServiceError
from localcloud.services import events
from localcloud.services.listing import cut
from localcloud.services.pipeline import parameters
from localcloud.services.pipeline.definition import Definition, parse
from localcloud.services.pipeline.execution import ENDED, KIND, finish, run
from localcloud.services.registry import Params, operation

PIPELINE, VERSION = "pipeline", "pipeline-version"
EXECUTION_ARN = "PipelineExecutionArn"
_MAXIMUM_DEFINITION_BYTES = 2**20
_ALPHABET = string.ascii_lowercase + string.digits


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def _find(cloud: Cloud, name_or_arn: str) -> Params:
    """A pipeline by its name or ARN."""
    name = name_or_arn.rpartition("/")[2]
    body = cloud.store.get(PIPELINE, name)
    if body is None:  # an ARN has the name in small letters
        address = arn("sagemaker", f"pipeline/{name}")
        body = next((one for one in cloud.store.all(PIPELINE) if one["PipelineArn"] == address), None)
    if body is None:
        raise ServiceError("ResourceNotFound", f"Pipeline '{name_or_arn}' does not exist.")
    return body


def _find_execution(cloud: Cloud, params: Params) -> Params:
    body = cloud.store.get(KIND, params[EXECUTION_ARN].rpartition("/")[2])
    if body is None or body[EXECUTION_ARN] != params[EXECUTION_ARN]:
        raise ServiceError("ResourceNotFound", f"Pipeline execution '{params[EXECUTION_ARN]}' does not exist.")
    return body


def _executions(cloud: Cloud, pipeline: Params) -> list[Params]:
    return [one for one in cloud.store.all(KIND) if one["PipelineArn"] == pipeline["PipelineArn"]]


def _definition_text(cloud: Cloud, params: Params) -> str | None:
    """The definition of a request, from the request itself or from S3; None when it has none."""
    text, location = params.get("PipelineDefinition"), params.get("PipelineDefinitionS3Location")
    if text and location:
        raise _invalid("Give either PipelineDefinition or PipelineDefinitionS3Location, not both.")
    if not location:
        return text
    version = {"VersionId": location["VersionId"]} if "VersionId" in location else {}
    try:
        answer = cloud.client("s3").get_object(Bucket=location["Bucket"], Key=location["ObjectKey"], **version)
        if answer["ContentLength"] > _MAXIMUM_DEFINITION_BYTES:
            raise _invalid("The pipeline definition is larger than 1 MiB.")
        return str(answer["Body"].read().decode())
    except (ClientError, BotoCoreError, UnicodeDecodeError) as error:
        where = f"s3://{location['Bucket']}/{location['ObjectKey']}"
        raise _invalid(f"The pipeline definition at {where} cannot be read: {error}") from None


@operation("sagemaker", "CreatePipeline")
def create_pipeline(cloud: Cloud, params: Params) -> Params:
    name, token = params["PipelineName"], params["ClientRequestToken"]
    text = _definition_text(cloud, params)
    if text is None:
        raise _invalid("A pipeline needs a PipelineDefinition or a PipelineDefinitionS3Location.")
    parse(text)
    address = arn("sagemaker", f"pipeline/{name.lower()}")
    if any(one["PipelineArn"] == address and one["PipelineName"] != name for one in cloud.store.all(PIPELINE)):
        raise _taken(name)
    now = time.time()
    body = {
        **{
            key: value
            for key, value in params.items()
            if key not in ("PipelineDefinitionS3Location", "ClientRequestToken")
        },
        "PipelineArn": address,
        "PipelineDisplayName": params.get("PipelineDisplayName", name),
        "PipelineDefinition": text,
        "PipelineStatus": "Active",
        "CreationTime": now,
        "LastModifiedTime": now,
        "_token": token,
        "_version": 1,
    }
    if not cloud.store.insert(PIPELINE, name, body):
        if _find(cloud, name)["_token"] == token:  # the same request again
            return {"PipelineArn": body["PipelineArn"]}
        raise _taken(name)
    _keep_version(cloud, body)
    return {"PipelineArn": body["PipelineArn"]}


def _taken(name: str) -> ServiceError:
    return _invalid(
        f"Pipeline names must be unique within an AWS account and region. Pipeline with name ({name}) already exists."
    )


def _keep_version(cloud: Cloud, pipeline: Params) -> None:
    version = {
        "PipelineArn": pipeline["PipelineArn"],
        "PipelineVersionId": pipeline["_version"],
        "CreationTime": pipeline["LastModifiedTime"],
        "PipelineDefinition": pipeline["PipelineDefinition"],
    }
    cloud.store.insert(VERSION, f"{pipeline['PipelineName']}/{pipeline['_version']}", version)


def _find_version(cloud: Cloud, pipeline: Params, number: int) -> Params:
    version = cloud.store.get(VERSION, f"{pipeline['PipelineName']}/{number}")
    if version is None:
        raise ServiceError("ResourceNotFound", f"Pipeline {pipeline['PipelineName']} has no version {number}.")
    return version


@operation("sagemaker", "UpdatePipeline")
def update_pipeline(cloud: Cloud, params: Params) -> Params:
    pipeline = _find(cloud, params["PipelineName"])
    text = _definition_text(cloud, params)
    if text is not None:
        parse(text)
    kept = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")
    changed = {key: value for key, value in params.items() if key in kept}

    def change(body: Params) -> None:
        body.update(changed, LastModifiedTime=time.time())
        if text is not None:
            body.update(PipelineDefinition=text, _version=body["_version"] + 1)

    body = cloud.store.update(PIPELINE, pipeline["PipelineName"], change)
    if body is None:
        raise ServiceError("ResourceNotFound", f"Pipeline '{params['PipelineName']}' does not exist.")
    if text is not None:
        _keep_version(cloud, body)
    return {"PipelineArn": body["PipelineArn"], "PipelineVersionId": body["_version"]}


@operation("sagemaker", "DescribePipeline")
def describe_pipeline(cloud: Cloud, params: Params) -> Params:
    pipeline = _find(cloud, params["PipelineName"])
    if "PipelineVersionId" in params:
        version = _find_version(cloud, pipeline, params["PipelineVersionId"])
        return {**pipeline, "PipelineDefinition": version["PipelineDefinition"]}
    return pipeline


@operation("sagemaker", "ListPipelines")
def list_pipelines(cloud: Cloud, params: Params) -> Params:
    prefix = params.get("PipelineNamePrefix", "")
    kept = [
        one for one in cloud.store.all(PIPELINE) if one["PipelineName"].startswith(prefix) and _in_time(one, params)
    ]
    by = "PipelineName" if params.get("SortBy") == "Name" else "CreationTime"
    kept.sort(key=lambda one: one[by], reverse=params.get("SortOrder", "Descending") == "Descending")
    summaries = [{**one, "LastExecutionTime": one.get("LastRunTime")} for one in kept]
    return cut(summaries, params, "PipelineSummaries")


def _in_time(body: Params, params: Params) -> bool:
    created = round(body["CreationTime"], 3)
    after, before = params.get("CreatedAfter"), params.get("CreatedBefore")
    return (after is None or created >= after) and (before is None or created <= before)


@operation("sagemaker", "ListPipelineVersions")
def list_pipeline_versions(cloud: Cloud, params: Params) -> Params:
    pipeline = _find(cloud, params["PipelineName"])
    numbers = range(1, pipeline["_version"] + 1)
    versions = [one for one in (_find_version(cloud, pipeline, n) for n in numbers) if _in_time(one, params)]
    if params.get("SortOrder", "Descending") == "Descending":
        versions.reverse()
    return cut(versions, params, "PipelineVersionSummaries")


@operation("sagemaker", "DeletePipeline")
def delete_pipeline(cloud: Cloud, params: Params) -> Params:
    pipeline = _find(cloud, params["PipelineName"])
    executions = _executions(cloud, pipeline)
    if any(one["PipelineExecutionStatus"] not in ENDED for one in executions):
        raise ServiceError("ConflictException", "Stop all running executions of the pipeline before deleting it.")
    for one in executions:
        cloud.store.delete(KIND, _id(one))
    for number in range(1, pipeline["_version"] + 1):
        cloud.store.delete(VERSION, f"{pipeline['PipelineName']}/{number}")
    cloud.store.delete(PIPELINE, pipeline["PipelineName"])
    return {"PipelineArn": pipeline["PipelineArn"]}


def _id(execution: Params) -> str:
    return str(execution[EXECUTION_ARN].rpartition("/")[2])


@operation("sagemaker", "StartPipelineExecution")
def start_pipeline_execution(cloud: Cloud, params: Params) -> Params:
    pipeline = _find(cloud, params["PipelineName"])
    for member in ("SelectiveExecutionConfig", "MlflowExperimentName"):
        if params.get(member):
            raise _invalid(f"{member} is not offered by the local AWS, only on AWS.")
    number: int = params.get("PipelineVersionId") or pipeline["_version"]
    text = _find_version(cloud, pipeline, number)["PipelineDefinition"]
    definition: Definition = parse(text)
    name = _execution_id(pipeline, params["ClientRequestToken"])
    now = time.time()
    execution = {
        "PipelineArn": pipeline["PipelineArn"],
        EXECUTION_ARN: f"{pipeline['PipelineArn']}/execution/{name}",
        "PipelineExecutionDisplayName": params.get("PipelineExecutionDisplayName", f"execution-{int(now * 1000)}"),
        "PipelineExecutionDescription": params.get("PipelineExecutionDescription"),
        "PipelineExecutionStatus": "Executing",
        "PipelineVersionId": number,
        "ParallelismConfiguration": params.get("ParallelismConfiguration", pipeline.get("ParallelismConfiguration")),
        "CreationTime": now,
        "LastModifiedTime": now,
        "_started": now,
        "_pipeline": pipeline["PipelineName"],
        "_definition": text,
        "_parameters": parameters.at_start(definition.parameters, params.get("PipelineParameters", [])),
        "_steps": {},
    }
    if cloud.store.insert(KIND, name, execution):  # else the same request came before
        cloud.store.update(PIPELINE, pipeline["PipelineName"], lambda body: body.update(LastRunTime=now))
        events.execution_changed(cloud, execution, None)
        background.start(lambda: run(cloud, name), f"pipeline {pipeline['PipelineName']} {name}")
    return {EXECUTION_ARN: execution[EXECUTION_ARN]}


def _execution_id(pipeline: Params, token: str) -> str:
    """Twelve letters and digits, the same for a request that is sent again: it finds the first one's execution."""
    digest = hashlib.sha256(f"{pipeline['PipelineArn']} {pipeline['CreationTime']} {token}".encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:12])


@operation("sagemaker", "DescribePipelineExecution")
def describe_pipeline_execution(cloud: Cloud, params: Params) -> Params:
    return _find_execution(cloud, params)


@operation("sagemaker", "DescribePipelineDefinitionForExecution")
def describe_definition_for_execution(cloud: Cloud, params: Params) -> Params:
    execution = _find_execution(cloud, params)
    return {"PipelineDefinition": execution["_definition"], "CreationTime": execution["CreationTime"]}


@operation("sagemaker", "UpdatePipelineExecution")
def update_pipeline_execution(cloud: Cloud, params: Params) -> Params:
    execution = _find_execution(cloud, params)
    changed = {key: value for key, value in params.items() if key != EXECUTION_ARN}
    cloud.store.update(KIND, _id(execution), lambda body: body.update(changed, LastModifiedTime=time.time()))
    return {EXECUTION_ARN: execution[EXECUTION_ARN]}


@operation("sagemaker", "ListPipelineExecutions")
def list_pipeline_executions(cloud: Cloud, params: Params) -> Params:
    kept = [one for one in _executions(cloud, _find(cloud, params["PipelineName"])) if _in_time(one, params)]
    by = params.get("SortBy", "CreationTime")
    kept.sort(key=lambda one: one[by], reverse=params.get("SortOrder", "Descending") == "Descending")
    summaries = [
        {**one, "StartTime": one["_started"], "PipelineExecutionFailureReason": one.get("FailureReason")}
        for one in kept
    ]
    return cut(summaries, params, "PipelineExecutionSummaries")


@operation("sagemaker", "ListPipelineExecutionSteps")
def list_pipeline_execution_steps(cloud: Cloud, params: Params) -> Params:
    if EXECUTION_ARN not in params:
        raise _invalid("PipelineExecutionArn is needed.")
    steps = list(_find_execution(cloud, params)["_steps"].values())
    steps.sort(key=lambda one: one["StartTime"])
    if params.get("SortOrder", "Descending") == "Descending":
        steps.reverse()
    return cut(steps, params, "PipelineExecutionSteps")


@operation("sagemaker", "ListPipelineParametersForExecution")
def list_parameters_for_execution(cloud: Cloud, params: Params) -> Params:
    values = _find_execution(cloud, params)["_parameters"]
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}
    return cut([{"Name": name, "Value": text} for name, text in texts.items()], params, "PipelineParameters")


@operation("sagemaker", "StopPipelineExecution")
def stop_pipeline_execution(cloud: Cloud, params: Params) -> Params:
    name = _id(_find_execution(cloud, params))
    stop = cloud.stop_event(KIND, name)  # taken before the change: after the end it is no more

    def change(execution: Params) -> None:
        if execution["PipelineExecutionStatus"] == "Executing":
            execution.update(PipelineExecutionStatus="Stopping", LastModifiedTime=time.time())

    execution = cloud.store.update(KIND, name, change)
    if execution is None or execution["PipelineExecutionStatus"] != "Stopping":
        cloud.stops.pop((KIND, name), None)
        status = execution["PipelineExecutionStatus"] if execution else "Deleted"
        raise _invalid(f"Only an execution that is Executing can be stopped; this one is {status}.")
    stop.set()
    return {EXECUTION_ARN: execution[EXECUTION_ARN]}


@operation("sagemaker", "RetryPipelineExecution")
def retry_pipeline_execution(cloud: Cloud, params: Params) -> Params:
    """Go on with an execution that has failed or was stopped: what has succeeded stays, the rest runs (again)."""
    found = _find_execution(cloud, params)
    name, token = _id(found), params["ClientRequestToken"]
    again = found.get("_retry_token") == token  # the same request came before
    resumed = False

    def change(execution: Params) -> None:
        nonlocal resumed
        if execution["PipelineExecutionStatus"] not in ("Failed", "Stopped"):
            return
        resumed = True
        steps = execution["_steps"]
        attempts = {key: record["AttemptCount"] for key, record in steps.items()}
        execution["_steps"] = {key: record for key, record in steps.items() if record["StepStatus"] == "Succeeded"}
        execution.pop("FailureReason", None)
        execution.update(PipelineExecutionStatus="Executing", LastModifiedTime=time.time(), _retry_token=token)
        execution["_attempts"] = {**execution.get("_attempts", {}), **attempts}
        if params.get("ParallelismConfiguration"):
            execution["ParallelismConfiguration"] = params["ParallelismConfiguration"]

    if not again:
        cloud.store.update(KIND, name, change)
        if not resumed:
            raise _invalid("Only an execution that is Failed or Stopped can be retried.")
        background.start(lambda: run(cloud, name), f"pipeline {found['_pipeline']} {name}")
    return {EXECUTION_ARN: found[EXECUTION_ARN]}


def recover(cloud: Cloud) -> None:
    """At start: an execution that no thread carries on any more has failed, and says why. It can be retried."""
    for execution in cloud.store.all(KIND):
        if execution["PipelineExecutionStatus"] not in ENDED:
            finish(cloud, _id(execution), "Failed", lifecycle.INTERRUPTED)
