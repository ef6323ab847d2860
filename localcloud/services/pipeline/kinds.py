"""The step types that create a SageMaker resource, and the operations behind each.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html
"""

from __future__ import annotations

from dataclasses import dataclass

from botocore.model import Shape

from localcloud.protocol import operation_model
from localcloud.services.pipeline.values import Token

NAME_LENGTH = 63


@dataclass(frozen=True)
class Kind:
    """One step type.

    Args:
        create, describe, stop: operations; `stop` is empty for what is made at once.
        name: the member of both requests that names the resource.
        arn: the member of the answer to `create`.
        status: the member of the answer to `describe`; empty for what is complete when it exists.
        metadata: the member of PipelineExecutionStepMetadata.
        name_length: how long the generated name may be.
        cache: the arguments whose change makes a step run again; empty where AWS does not cache.
    """

    create: str
    describe: str
    stop: str
    name: str
    arn: str
    status: str
    metadata: str
    cache: tuple[str, ...] = ()
    name_length: int = NAME_LENGTH


# The cache keys: https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-default-keys.html
_TRAINING_CACHE = (
    *("AlgorithmSpecification", "CheckpointConfig", "DebugHookConfig", "DebugRuleConfigurations"),
    *("Environment", "HyperParameters", "InputDataConfig"),
)


def _job(name: str, metadata: str, cache: tuple[str, ...], name_length: int = NAME_LENGTH) -> Kind:
    return Kind(
        create=f"Create{name}",
        describe=f"Describe{name}",
        stop=f"Stop{name}",
        name=f"{name}Name",
        arn=f"{name}Arn",
        status=f"{name}Status",
        metadata=metadata,
        cache=cache,
        name_length=name_length,
    )


def _resource(name: str, metadata: str, status: str = "") -> Kind:
    return Kind(f"Create{name}", f"Describe{name}", "", f"{name}Name", f"{name}Arn", status, metadata)


KINDS = {
    "Processing": _job("ProcessingJob", "ProcessingJob", ("AppSpecification", "Environment", "ProcessingInputs")),
    "Training": _job("TrainingJob", "TrainingJob", _TRAINING_CACHE),
    "Tuning": _job(
        "HyperParameterTuningJob",
        "TuningJob",
        ("HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"),
        name_length=32,
    ),
    "Transform": _job("TransformJob", "TransformJob", ("DataProcessing", "Environment", "ModelName", "TransformInput")),
    "Model": _resource("Model", "Model"),
    "RegisterModel": _resource("ModelPackage", "RegisterModel", status="ModelPackageStatus"),
    "EndpointConfig": _resource("EndpointConfig", "EndpointConfig"),
    "Endpoint": _resource("Endpoint", "Endpoint", status="EndpointStatus"),
}
# Of a tuning step's TrainingJobDefinition only these count for the cache.
TUNING_CACHE = ("AlgorithmSpecification", "HyperParameterRanges", "InputDataConfig", "StaticHyperParameters")
LIST_TRIALS = "ListTrainingJobsForHyperParameterTuningJob"
FINISHED = {"Completed": "Succeeded", "InService": "Succeeded", "Failed": "Failed", "Stopped": "Stopped"}
FLOW = ("Condition", "Fail")


def argument_members(step_type: str) -> set[str]:
    """The members that a step's Arguments may have: those of the Create request."""
    shape = operation_model("sagemaker", KINDS[step_type].create).input_shape
    return set(shape.members) if shape else set()


def has_property(step_type: str, path: list[Token]) -> bool:
    """Whether steps of a type have something at a path: what their Describe answers, by botocore's model."""
    if step_type == "Condition":
        return path == ["Outcome"]
    if step_type not in KINDS or not path:
        return False
    operations = [KINDS[step_type].describe] + [LIST_TRIALS] * (step_type == "Tuning")
    return any(_is_in(operation_model("sagemaker", one).output_shape, path) for one in operations)


def _is_in(shape: Shape | None, path: list[Token]) -> bool:
    for token in path:
        if shape is None:
            return False
        if shape.type_name == "structure":
            shape = shape.members.get(token)
        elif shape.type_name == "list":
            shape = shape.member
        elif shape.type_name == "map":
            shape = shape.value
        else:
            return False
    return shape is not None
