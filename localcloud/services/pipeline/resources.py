"""What a step makes: its name, its request, its state, and the properties that later steps read."""

from __future__ import annotations

import re
import secrets
import string

from localcloud import protocol
from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services.pipeline.definition import Step
from localcloud.services.pipeline.kinds import FINISHED, KINDS, LIST_TRIALS
from localcloud.services.registry import OPERATIONS, Params

_GROUP = "ModelPackageGroupName"


def call(cloud: Cloud, operation: str, params: Params) -> Params:
    """One SageMaker operation, as if asked for over HTTP.

    Raises:
        ServiceError: the request does not fit the model, or is refused, or the local AWS has no such operation.
    """
    handler = OPERATIONS.get(("sagemaker", operation))
    if handler is None:
        raise ServiceError("UnknownOperationException", f"{operation} is not offered by the local AWS, only on AWS.")
    protocol.validate("sagemaker", operation, params)
    cloud.authorise("sagemaker", operation, params)
    return handler(cloud, params)


def new_name(step: Step, execution: str) -> str:
    """The name of what a step makes: `pipelines-<execution>-<step>-<random>`, shorter where AWS's limit is shorter.

    A definition that keeps its own job names (`use_custom_job_prefix`) gets `<own name>-<execution>-<random>`.
    All in small letters, as in the ARN: clients take a job's name from there.
    """
    random = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(10))
    length = KINDS[step.type].name_length
    own = step.arguments.get(KINDS[step.type].name)
    if isinstance(own, str):
        own = own[: length - len(execution) - len(random) - 2].strip("-")
        return f"{own}-{execution}-{random}".lower()
    start = f"pipelines-{execution}" if length > 32 else execution
    part = re.sub(r"[^A-Za-z0-9]+", "-", step.name)[: length - len(start) - len(random) - 2].strip("-")
    return f"{start}-{part}-{random}".lower()


def create(cloud: Cloud, step: Step, arguments: Params, name: str, tags: list[Params]) -> tuple[str, str]:
    """Make what a step makes; for a job, start it. Returns its name, as Describe takes it, and its ARN."""
    kind = KINDS[step.type]
    if step.type == "RegisterModel":
        arn = call(cloud, kind.create, _in_a_group(cloud, arguments))[kind.arn]
        return arn, arn
    if step.type in ("EndpointConfig", "Endpoint"):  # these keep the name that clients know them by
        name = arguments.get(kind.name) or name
    request: Params = {**arguments, kind.name: name, "Tags": [*(arguments.get("Tags") or []), *tags]}
    if step.type == "Endpoint" and _exists(cloud, kind.describe, {kind.name: name}):
        update: Params = {key: value for key, value in request.items() if key != "Tags"}
        return name, call(cloud, "UpdateEndpoint", update)[kind.arn]
    return name, call(cloud, kind.create, request)[kind.arn]


def _in_a_group(cloud: Cloud, arguments: Params) -> Params:
    """The request for a model package whose group exists: as on AWS, the step makes a missing group.

    The tags of a versioned package are those of its group.
    """
    group = arguments.get(_GROUP)
    if not group:
        return arguments
    if not _exists(cloud, "DescribeModelPackageGroup", {_GROUP: group}):
        call(cloud, "CreateModelPackageGroup", {_GROUP: group, "Tags": arguments.get("Tags") or []})
    return {key: value for key, value in arguments.items() if key != "Tags"}


def _exists(cloud: Cloud, describe: str, params: Params) -> bool:
    try:
        call(cloud, describe, params)
    except ServiceError as error:
        if error.code == "UnknownOperationException":
            raise
        return False
    return True


def state(cloud: Cloud, step: Step, name: str) -> tuple[str, str]:
    """How far it is, and why it failed: ("Executing" | "Succeeded" | "Failed" | "Stopped", reason)."""
    kind = KINDS[step.type]
    try:
        answer = call(cloud, kind.describe, {kind.name: name})
    except ServiceError as error:  # somebody has deleted it
        return "Failed", f"ClientError: {error}"
    if not kind.status:
        return "Succeeded", ""
    status, reason = FINISHED.get(answer[kind.status], "Executing"), answer.get("FailureReason") or ""
    if step.type == "Endpoint" and status == "Succeeded" and reason:
        return "Failed", reason  # the update failed and the endpoint serves what it served before
    return status, reason


def stop(cloud: Cloud, step: Step, name: str) -> None:
    kind = KINDS[step.type]
    if kind.stop:
        try:
            call(cloud, kind.stop, {kind.name: name})
        except ServiceError:
            pass  # it has ended by itself meanwhile


def properties(cloud: Cloud, step: Step, name: str) -> Params:
    """What later steps may read: the Describe answer; of a tuning step its trials too, best first."""
    kind = KINDS[step.type]
    found = _answer(cloud, kind.describe, {kind.name: name})
    if step.type == "Tuning":
        objective = found["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
        order = "Descending" if objective["Type"] == "Maximize" else "Ascending"
        best_first = {"SortBy": "FinalObjectiveMetricValue", "SortOrder": order, "MaxResults": 50}
        found |= _answer(cloud, LIST_TRIALS, {kind.name: name, **best_first})
    return found


def _answer(cloud: Cloud, operation: str, params: Params) -> Params:
    """An answer as a client sees it: without the private members."""
    shape = protocol.operation_model("sagemaker", operation).output_shape
    answer: Params = protocol.serialise(call(cloud, operation, params), shape)
    return answer


def output_uri(found: Params, output: str) -> str | None:
    """Where on S3 an output of a processing step is; None when it has no output of that name."""
    outputs = (found.get("ProcessingOutputConfig") or {}).get("Outputs", [])
    return next((one["S3Output"]["S3Uri"] for one in outputs if one["OutputName"] == output), None)
