"""Members of requests to our own operations that act on nothing here: refused by name, or taken and listed.

A path has no marks of lists: `ProductionVariants.VolumeSizeInGB` is that of any variant. What lies below a path goes
with it. `Mode=MultiModel` is that one value. Other members act, are shown again as they were given (a description), or
are refused where they are read; `tests/localcloud/services/test_every_member.py` sends them all, and looks for such as
do none of it.
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
_SESSIONS = "a job's session has the role's rights, no narrower ones"
_CAPACITY = "this machine is the only capacity"
_EXPERIMENTS = "there are no experiments"
_ALONE = "a job has one instance"
_FILES = "a channel is brought as files; objects are unpacked in Pipe mode only"


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
    "CompressionType=Gzip": _FILES,
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
    **_below("ResourceConfig", {"InstanceGroups": "a job has one instance", **_CLUSTER}),
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
        {
            **_each("there are no model hubs", "ModelAccessConfig", "HubAccessConfig", "ManifestS3Uri", "ManifestEtag"),
            "ETag": "what is there is read, whatever its ETag",
        },
    ),
}
_REGISTERED = {
    **_below("Containers", {path: reason for path, reason in _CONTAINER.items() if path.startswith("ModelDataSource")}),
    **_each("a container gets one model", "Containers.AdditionalModelDataSources"),
    **_each("a container gets one model", "Containers.AdditionalS3DataSource"),
}
_VARIANT = {
    **_each(_CAPACITY, "InstancePools", "AcceleratorType", "CapacityReservationConfig"),
    "ManagedInstanceScaling": "a variant keeps the number of its instances",
    "CoreDumpConfig": "no core dumps are kept",
    "EnableSSMAccess": "there is no Systems Manager",
}
_TARGET = {
    **_each("a workflow takes no input, a pipeline parameters", "Input", "InputPath", "InputTransformer"),
    **_each("an event that a target does not take is lost", "DeadLetterConfig", "RetryPolicy"),
    **_each(
        "there are no targets of this kind",
        *("KinesisParameters", "RunCommandParameters", "EcsParameters", "BatchParameters", "SqsParameters"),
        *("HttpParameters", "RedshiftDataParameters", "AppSyncParameters"),
    ),
}
_TRIGGER = {
    "Schedule": "a schedule of EventBridge starts a workflow here",
    "Predicate.Conditions.CrawlState": "conditions are on jobs",
    "Actions.SecurityConfiguration": "there are no security configurations",
    "Actions.NotificationProperty": "no notification of a late run is sent: EventBridge gets every run's end",
}

REFUSED: Table = {
    ("events", "PutTargets"): _below("Targets", _TARGET),
    ("glue", "CreateTrigger"): _TRIGGER,
    ("glue", "UpdateTrigger"): _below("TriggerUpdate", _TRIGGER),
    ("glue", "GetJobRun"): {"PredecessorsIncluded": "ask for them by GetWorkflowRun with IncludeGraph"},
    ("sagemaker", "CreateEndpoint"): {"DeploymentConfig": "there is nothing to roll back to"},
    ("sagemaker", "CreateEndpointConfig"): {
        **_below("ProductionVariants", _VARIANT),
        "MetricsConfig": "the metrics are those of every endpoint",
    },
    ("sagemaker", "CreateHyperParameterTuningJob"): {
        "TrainingJobDefinitions": "one algorithm is tuned: give a TrainingJobDefinition",
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
    ("sagemaker", "CreateModelPackage"): {
        **_below("InferenceSpecification", _REGISTERED),
        **_below("AdditionalInferenceSpecifications", _REGISTERED),
    },
    ("sagemaker", "CreateProcessingJob"): {
        "ProcessingInputs.AppManaged": "inputs are copied before the job",
        "ProcessingInputs.S3Input.S3CompressionType=Gzip": "objects are copied as they are",
        "ProcessingInputs.DatasetDefinition": "inputs are objects of S3",
        "ProcessingOutputConfig.Outputs.AppManaged": "outputs are copied after the job",
        "ProcessingOutputConfig.Outputs.FeatureStoreOutput": "there is no Feature Store",
        "ExperimentConfig": _EXPERIMENTS,
        **_below("ProcessingResources.ClusterConfig", _each(_CAPACITY, *list(_CLUSTER)[2:])),
    },
    ("sagemaker", "CreateTrainingJob"): {
        **_TRAINING,
        "AlgorithmSpecification.TrainingImageConfig": "images come with this product",
        "TensorBoardOutputConfig": "there is no TensorBoard: write its files to the output or the checkpoints",
        **_each("there are no debugger rules", "DebugRuleConfigurations", "ProfilerRuleConfigurations"),
        "RemoteDebugConfig": "there is no Systems Manager",
        "ExperimentConfig": _EXPERIMENTS,
        "SessionChainingConfig": _SESSIONS,
        "ServerlessJobConfig": "there are no serverless jobs",
        "MlflowConfig": "there is no MLflow",
        "ModelPackageConfig": "register the model with CreateModelPackage",
    },
    ("sagemaker", "CreateTransformJob"): {"ExperimentConfig": _EXPERIMENTS},
    ("sagemaker", "UpdateEndpoint"): {
        "DeploymentConfig": "the new variants take over when they are healthy",
        "RetainDeploymentConfig": "there is no deployment configuration",
    },
    ("sagemaker", "UpdateModelPackage"): {
        **_below("InferenceSpecification", _REGISTERED),
        **_below("AdditionalInferenceSpecificationsToAdd", _REGISTERED),
    },
    ("tagging", "GetResources"): {
        **_each("tags are the only filter", "ResourceTypeFilters", "ResourceARNList"),
        **_each("there are no tag policies", "IncludeComplianceDetails", "ExcludeCompliantResources"),
        "TagsPerPage": "a page is so many resources: give ResourcesPerPage",
    },
}

_TRAINED = {
    **_each(_ALONE, "EnableInterContainerTrafficEncryption"),
    "EnableManagedSpotTraining": _CAPACITY,
    "InputDataConfig.CompressionType": _FILES,
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
    "RoutingConfig": "a variant has one instance",
    "VolumeSizeInGB": _DISK,
    "VariantInstanceProvisionTimeoutInSeconds": "there is nothing to provision",
}
_HELD = {
    "ContainerHostname": _SHOWN,
    "ContainerMetricsConfig": "the metrics are those of every endpoint",
    "ImageConfig": "images come with this product",
    "Mode": "a container serves one model",
    **_each("what is there is read", "ModelDataSource.S3DataSource.S3DataType"),
}
_PACKAGED = _each(
    _SHOWN,
    "Containers.ModelDataSource.S3DataSource.S3DataType",
    *("Containers.ContainerHostname", "Containers.ImageDigest", "Containers.ProductId", "Containers.ModelInput"),
    *("Containers.Framework", "Containers.FrameworkVersion", "Containers.NearestModelName"),
    *("Containers.ModelDataETag", "Containers.IsCheckpoint", "Containers.BaseModel", "SupportedTransformInstanceTypes"),
    *("SupportedRealtimeInferenceInstanceTypes", "SupportedContentTypes", "SupportedResponseMIMETypes"),
)
_EQUALS = {"LogicalOperator": "EQUALS is the only one"}
_STATUS = {"IncludeStatusDetails": "only views of several dialects have a status"}

_OWNER = "who owns the bucket owns the results: there is one account"
_ENGINE = "the engine's version is chosen by SelectedEngineVersion"

WITHOUT_EFFECT: Table = {
    ("athena", "CreateWorkGroup"): {
        "Configuration.EngineVersion.EffectiveEngineVersion": _ENGINE,
        "Configuration.ResultConfiguration.AclConfiguration": _OWNER,
    },
    ("athena", "StartQueryExecution"): {"ResultConfiguration.AclConfiguration": _OWNER},
    ("athena", "UpdateWorkGroup"): {
        "ConfigurationUpdates.ResultConfigurationUpdates.AclConfiguration": _OWNER,
        "ConfigurationUpdates.EngineVersion.EffectiveEngineVersion": _ENGINE,
        "ConfigurationUpdates.RemoveCustomerContentEncryptionConfiguration": "there is none that could be removed",
    },
    ("events", "DeleteRule"): {"Force": "no rule here belongs to a service"},
    ("events", "PutRule"): {"RoleArn": "each target names the role that starts it"},
    ("glue", "CreateJob"): {"ExecutionClass": _CAPACITY},
    ("glue", "StartJobRun"): {"ExecutionClass": _CAPACITY},
    ("glue", "UpdateJob"): {"JobUpdate.ExecutionClass": _CAPACITY},
    ("glue", "CreateTrigger"): _below("Predicate.Conditions", _EQUALS),
    ("glue", "GetTable"): _STATUS,
    ("glue", "GetTables"): _STATUS,
    ("glue", "UpdateTable"): {"Force": "a change is never refused for the shape of the old table"},
    ("glue", "UpdateTrigger"): {
        "TriggerUpdate.Name": "it is reserved by AWS",
        **_below("TriggerUpdate.Predicate.Conditions", _EQUALS),
    },
    ("sagemaker", "CreateAutoMLJobV2"): {"OutputDataConfig.KmsKeyId": _PLAIN, "SecurityConfig": _PLAIN},
    ("sagemaker", "CreateEndpointConfig"): {
        **_below("ProductionVariants", _SERVED),
        "KmsKeyId": _PLAIN,
        "ExecutionRoleArn": "what the door captures, the model's role writes",
        "VpcConfig": _NETWORK,
    },
    ("sagemaker", "CreateHyperParameterTuningJob"): {
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
    },
    ("sagemaker", "CreateModelPackage"): {
        **_below("InferenceSpecification", _PACKAGED),
        **_below("AdditionalInferenceSpecifications", _PACKAGED),
        **_each(_SHOWN, "MetadataProperties", "ModelMetrics", "Domain", "Task"),
        **_each(_SHOWN, "SamplePayloadUrl", "DriftCheckBaselines"),
        **_each(_SHOWN, "ModelLifeCycle.Stage", "ModelLifeCycle.StageStatus", "ModelPackageRegistrationType"),
        **_each(_SHOWN, "ModelCard"),
        "SecurityConfig": _PLAIN,
        "SkipModelValidation": "a package is registered as it is, without a trial run",
    },
    ("sagemaker", "CreateProcessingJob"): {
        "NetworkConfig.VpcConfig": _NETWORK,
        "NetworkConfig.EnableInterContainerTrafficEncryption": _ALONE,
        "ProcessingInputs.S3Input.S3CompressionType": "objects are copied as they are",
        "ProcessingInputs.S3Input.S3DataDistributionType": _ALONE,
        "ProcessingOutputConfig.KmsKeyId": _PLAIN,
        "ProcessingResources.ClusterConfig.VolumeKmsKeyId": _PLAIN,
        "ProcessingResources.ClusterConfig.VolumeSizeInGB": _DISK,
    },
    ("sagemaker", "CreateTrainingJob"): {
        **_TRAINED,
        "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries": "MetricDefinitions are always read from the log",
        "DebugHookConfig": "there is no Debugger",
        "InfraCheckConfig": "there are no machines to check",
        "ProfilerConfig": "there is no Profiler",
    },
    ("sagemaker", "CreateTransformJob"): {
        **_each(_CAPACITY, "TransformResources.InstanceType"),
        "TransformResources.TransformAmiVersion": "containers run in this machine's system",
        **_each(_PLAIN, "TransformOutput.KmsKeyId", "TransformResources.VolumeKmsKeyId"),
    },
    ("sagemaker", "DeletePipeline"): {"ClientRequestToken": "a pipeline is deleted once"},
    ("sagemaker", "DescribeModelPackage"): {"IncludedData": "nothing is left out: no package is encrypted"},
    ("sagemaker", "StopPipelineExecution"): {"ClientRequestToken": "a second stop changes nothing"},
    ("sagemaker", "UpdateModelPackage"): {
        **_below("InferenceSpecification", _PACKAGED),
        **_below("AdditionalInferenceSpecificationsToAdd", _PACKAGED),
        **_each(_SHOWN, "ModelLifeCycle.Stage", "ModelLifeCycle.StageStatus", "ModelPackageRegistrationType"),
        **_each(_SHOWN, "ModelCard"),
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
