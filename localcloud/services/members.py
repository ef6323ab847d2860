"""Members of requests to our own operations that act on nothing here: refused by name, or taken and listed.

A path has no marks of lists: `ProductionVariants.VolumeSizeInGB` is that of any variant. What lies below a path goes
with it. `Mode=MultiModel` is that one value. Other members act, are shown again as they were given (a description), or
are refused where they are read; `tests/localcloud/services/test_every_member.py` looks for such as do none of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localcloud.protocol import Params, ServiceError

Table = dict[tuple[str, str], dict[str, str]]  # (service, operation) -> path -> reason

_CODES = {"glue": "InvalidInputException", "athena": "InvalidRequestException"}

_DISK = "the disk is that of this machine"
_PLAIN = "nothing is encrypted on this machine"
_NETWORK = "there are no networks to choose from"
_SHOWN = "it is shown again; nothing else here uses it"
_ROLE = "its models' roles are asked, in strict mode"
_CAPACITY = "this machine is the only capacity"


def _below(parent: str, members: dict[str, str]) -> dict[str, str]:
    return {f"{parent}.{member}": reason for member, reason in members.items()}


def _each(reason: str, *members: str) -> dict[str, str]:
    return dict.fromkeys(members, reason)


_CHANNEL = {
    **_each(
        "the data of a channel are objects of S3",
        *("DataSource.S3DataSource.AttributeNames", "DataSource.FileSystemDataSource", "DataSource.DatasetSource"),
    ),
    "DataSource.S3DataSource.InstanceGroupNames": "there are no instance groups",
    **_each(
        "there are no model hubs",
        *("DataSource.S3DataSource.ModelAccessConfig", "DataSource.S3DataSource.HubAccessConfig"),
    ),
    "ShuffleConfig": "the objects of a channel keep their order",
}
_CLUSTER = _each(
    _CAPACITY,
    *("TrainingPlanArn", "InstancePlacementConfig", "InstancePreferences"),
    *("SelectedInstanceType", "SelectedInstanceCount"),
)
_TRAINING = {
    "AlgorithmSpecification.AlgorithmName": "there is no Marketplace: give a TrainingImage",
    **_below("InputDataConfig", _CHANNEL),
    **_below("ResourceConfig", _CLUSTER),
    "RetryStrategy": "a job is tried once",
}
_TUNED = {
    **_TRAINING,
    **_each(
        "one job definition is tuned, by HyperParameterTuningJobConfig",
        *("DefinitionName", "TuningObjective", "HyperParameterRanges"),
    ),
}
_CONTAINER = {
    "AdditionalModelDataSources": "a container gets one model",
    **_each("a container serves one model", "Mode=MultiModel", "MultiModelConfig"),
    **_below(
        "ModelDataSource.S3DataSource",
        _each("there are no model hubs", "ModelAccessConfig", "HubAccessConfig", "ManifestS3Uri", "ManifestEtag"),
    ),
}
_VARIANT = {
    **_each(_CAPACITY, "InstancePools", "AcceleratorType", "CapacityReservationConfig"),
    "ManagedInstanceScaling": "a variant keeps the number of its instances",
    "CoreDumpConfig": "no core dumps are kept",
    "EnableSSMAccess": "there is no Systems Manager",
}
_TARGET = {
    **_each("the target is started without an input", "Input", "InputPath", "InputTransformer"),
    **_each("a target is started once", "DeadLetterConfig", "RetryPolicy"),
    **_each(
        "there are no targets of this kind",
        *("KinesisParameters", "RunCommandParameters", "EcsParameters", "BatchParameters", "SqsParameters"),
        *("HttpParameters", "RedshiftDataParameters", "AppSyncParameters"),
    ),
}

REFUSED: Table = {
    ("events", "PutTargets"): _below("Targets", _TARGET),
    ("glue", "CreateTrigger"): {"Predicate.Conditions.CrawlState": "conditions are on jobs"},
    ("glue", "UpdateTrigger"): {"TriggerUpdate.Predicate.Conditions.CrawlState": "conditions are on jobs"},
    ("sagemaker", "CreateEndpoint"): {"DeploymentConfig": "there is nothing to roll back to"},
    ("sagemaker", "CreateEndpointConfig"): {
        **_below("ProductionVariants", _VARIANT),
        "MetricsConfig": "the metrics are those of every endpoint",
    },
    ("sagemaker", "CreateHyperParameterTuningJob"): {
        **_below("TrainingJobDefinition", _TUNED),
        **_below("TrainingJobDefinition.HyperParameterTuningResourceConfig", _each(_CAPACITY, "InstanceConfigs")),
        "Autotune": "ranges and settings are those of the request",
        "HyperParameterTuningJobConfig.ParameterRanges.AutoParameters": "each range is given here",
        **_below(
            "HyperParameterTuningJobConfig.TuningJobCompletionCriteria",
            _each("a search ends by its limits", "BestObjectiveNotImproving", "ConvergenceDetected"),
        ),
    },
    ("sagemaker", "CreateModel"): {
        **_below("PrimaryContainer", _CONTAINER),
        **_below("Containers", _CONTAINER),
        "InferenceExecutionConfig": "a model has one container",
    },
    ("sagemaker", "CreateProcessingJob"): {
        "ProcessingInputs.AppManaged": "inputs are copied before the job",
        "ProcessingInputs.S3Input.S3CompressionType=Gzip": "objects are copied as they are",
        "ProcessingInputs.DatasetDefinition": "inputs are objects of S3",
        "ProcessingOutputConfig.Outputs.AppManaged": "outputs are copied after the job",
        "ProcessingOutputConfig.Outputs.FeatureStoreOutput": "there is no Feature Store",
        **_below("ProcessingResources.ClusterConfig", _each(_CAPACITY, *list(_CLUSTER)[2:])),
    },
    ("sagemaker", "CreateTrainingJob"): {
        **_TRAINING,
        "AlgorithmSpecification.TrainingImageConfig": "images come with this product",
        "TensorBoardOutputConfig": "there is no TensorBoard: write its files to the output or the checkpoints",
        **_each("there are no debugger rules", "DebugRuleConfigurations", "ProfilerRuleConfigurations"),
        "RemoteDebugConfig": "there is no Systems Manager",
        "SessionChainingConfig": "sessions have no tags",
        "ServerlessJobConfig": "there are no serverless jobs",
        "MlflowConfig": "there is no MLflow",
        "ModelPackageConfig": "register the model with CreateModelPackage",
    },
    ("sagemaker", "UpdateEndpoint"): {
        "DeploymentConfig": "the new variants take over when they are healthy",
        "RetainDeploymentConfig": "there is no deployment configuration",
    },
}

_TRAINED = {
    "OutputDataConfig.KmsKeyId": _PLAIN,
    "ResourceConfig.VolumeKmsKeyId": _PLAIN,
    "ResourceConfig.VolumeSizeInGB": _DISK,
    "ResourceConfig.KeepAlivePeriodInSeconds": "nothing is kept warm: a start costs seconds",
    "StoppingCondition.MaxPendingTimeInSeconds": "a job does not wait for capacity",
    "StoppingCondition.MaxWaitTimeInSeconds": "spot capacity does not run out here",
    "VpcConfig": _NETWORK,
}
_SERVED = {
    "InferenceAmiVersion": "containers run in this machine's system",
    "RoutingConfig": "requests go to the instances in turn",
    "VolumeSizeInGB": _DISK,
    **_each("one limit of this product holds", "ModelDataDownloadTimeoutInSeconds"),
    "VariantInstanceProvisionTimeoutInSeconds": "there is nothing to provision",
}
_HELD = {
    "ContainerHostname": _SHOWN,
    "ContainerMetricsConfig": "the metrics are those of every endpoint",
    "ImageConfig": "images come with this product",
    "Mode": "a container serves one model",
    **_each("what is there is read", "ModelDataSource.S3DataSource.S3DataType", "ModelDataSource.S3DataSource.ETag"),
}
_PACKAGED = _each(
    _SHOWN,
    *("Containers.ContainerHostname", "Containers.ImageDigest", "Containers.ProductId", "Containers.ModelInput"),
    *("Containers.Framework", "Containers.FrameworkVersion", "Containers.NearestModelName"),
    *("Containers.AdditionalModelDataSources", "Containers.AdditionalS3DataSource", "Containers.ModelDataETag"),
    *("Containers.IsCheckpoint", "Containers.BaseModel", "SupportedTransformInstanceTypes"),
    *("SupportedRealtimeInferenceInstanceTypes", "SupportedContentTypes", "SupportedResponseMIMETypes"),
)
_EQUALS = {"LogicalOperator": "EQUALS is the only one"}
_STATUS = {"IncludeStatusDetails": "only views of several dialects have a status"}

WITHOUT_EFFECT: Table = {
    ("events", "DeleteRule"): {"Force": "no rule here belongs to a service"},
    ("glue", "CreateTrigger"): _below("Predicate.Conditions", _EQUALS),
    ("glue", "GetJobRun"): {"PredecessorsIncluded": "the run's predecessors are in the graph of its workflow run"},
    ("glue", "GetTable"): _STATUS,
    ("glue", "GetTables"): _STATUS,
    ("glue", "UpdateTable"): {"Force": "a change is never refused for the shape of the old table"},
    ("glue", "UpdateTrigger"): _below("TriggerUpdate.Predicate.Conditions", _EQUALS),
    ("sagemaker", "CreateAutoMLJobV2"): {"OutputDataConfig.KmsKeyId": _PLAIN, "SecurityConfig": _PLAIN},
    ("sagemaker", "CreateEndpointConfig"): {
        **_below("ProductionVariants", _SERVED),
        "ExecutionRoleArn": _ROLE,
        "VpcConfig": _NETWORK,
        "EnableNetworkIsolation": _NETWORK,
    },
    ("sagemaker", "CreateHyperParameterTuningJob"): {
        "WarmStartConfig.WarmStartType": "a search of either type starts from its parents' trials",
        **_below(
            "TrainingJobDefinition",
            {
                **_TRAINED,
                "HyperParameterTuningResourceConfig.VolumeKmsKeyId": _PLAIN,
                "HyperParameterTuningResourceConfig.AllocationStrategy": _CAPACITY,
            },
        ),
    },
    ("sagemaker", "CreateModel"): {
        **_below("PrimaryContainer", _HELD),
        **_below("Containers", _HELD),
        "VpcConfig": _NETWORK,
        "EnableNetworkIsolation": _NETWORK,
    },
    ("sagemaker", "CreateModelPackage"): {
        **_below("InferenceSpecification", _PACKAGED),
        **_below("AdditionalInferenceSpecifications", _PACKAGED),
        **_each(_SHOWN, "MetadataProperties", "ModelMetrics", "Domain", "Task"),
        **_each(_SHOWN, "SamplePayloadUrl", "DriftCheckBaselines"),
        **_each(_SHOWN, "ModelLifeCycle.Stage", "ModelLifeCycle.StageStatus"),
        "SecurityConfig": _PLAIN,
        "SkipModelValidation": "a package is registered as it is, without a trial run",
        "ClientToken": "a request that is sent again makes another version",
    },
    ("sagemaker", "CreateProcessingJob"): {
        "ExperimentConfig": "there are no experiments",
        "NetworkConfig": _NETWORK,
        "ProcessingInputs.S3Input.S3CompressionType": "objects are copied as they are",
        "ProcessingOutputConfig.KmsKeyId": _PLAIN,
        "ProcessingResources.ClusterConfig.VolumeKmsKeyId": _PLAIN,
        "ProcessingResources.ClusterConfig.VolumeSizeInGB": _DISK,
    },
    ("sagemaker", "CreateTrainingJob"): {
        **_TRAINED,
        "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries": "MetricDefinitions are always read from the log",
        "DebugHookConfig": "there is no Debugger",
        "ExperimentConfig": "there are no experiments",
        "InfraCheckConfig": "there are no machines to check",
        "ProfilerConfig": "there is no Profiler",
    },
    ("sagemaker", "CreateTransformJob"): {
        "ExperimentConfig": "there are no experiments",
        "TransformResources.TransformAmiVersion": "containers run in this machine's system",
        "TransformResources.VolumeKmsKeyId": _PLAIN,
    },
    ("sagemaker", "DescribeModelPackage"): {"IncludedData": "nothing is left out: no package is encrypted"},
    ("sagemaker", "Search"): {"CrossAccountFilterOption": "there is one account"},
    ("sagemaker", "UpdateModelPackage"): {
        **_below("InferenceSpecification", _PACKAGED),
        **_below("AdditionalInferenceSpecificationsToAdd", _PACKAGED),
        **_each(_SHOWN, "ModelLifeCycle.Stage", "ModelLifeCycle.StageStatus"),
        "ClientToken": "a request that is sent again changes nothing more",
    },
}


def check(service: str, operation: str, params: Params) -> None:
    """
    Raises:
        ServiceError: the service's own for a bad request; it names each member given that would have no effect.
    """
    refused = REFUSED.get((service, operation))
    if not refused:
        return
    given = dict.fromkeys(path for path in _given(params) if path in refused)
    if given:
        told = "; ".join(f"{path} of {operation} is not offered by the local AWS: {refused[path]}" for path in given)
        raise ServiceError(_CODES.get(service, "ValidationException"), told + ".")


def _given(value: Any, path: str = "") -> Iterator[str]:
    """The path of each member that asks for something: not empty and not switched off."""
    if isinstance(value, dict):
        for name, item in value.items():
            if item not in (None, False, "", [], {}):
                below = f"{path}.{name}" if path else name
                yield below
                if isinstance(item, str):
                    yield f"{below}={item}"
                yield from _given(item, below)
    elif isinstance(value, list):
        for item in value:
            yield from _given(item, path)


def without_effect() -> list[tuple[str, str, str]]:
    """Operation, members and reason of what is taken and acts on nothing; members of one reason side by side."""
    return _rows(WITHOUT_EFFECT)


def refusals() -> list[tuple[str, str, str]]:
    """Operation, members and reason of what is refused by this table; members of one reason side by side."""
    return _rows(REFUSED)


def _rows(table: Table) -> list[tuple[str, str, str]]:
    grouped: dict[tuple[str, str], list[str]] = {}
    for (service, operation), entries in table.items():
        for path, reason in entries.items():
            grouped.setdefault((f"`{service}` {operation}", reason), []).append(path)
    return [(operation, ", ".join(paths), reason) for (operation, reason), paths in sorted(grouped.items())]
