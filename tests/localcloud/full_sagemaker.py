"""Every operation of SageMaker that is ours, asked with every member."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from endpoints import ECHO
from full_requests import ARN, ROLE, Asker
from own_cloud import wait_until
from training_jobs import IMAGE, archive

from localcloud.jobs.container import can_isolate

_ENDED = ("Completed", "Failed", "Stopped", "Succeeded", "InService")
_RUN = ["python3", "-c", "print('score=1')"]
_SINCE, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_JOBS = "HyperParameterTuningJob"


def ask_sagemaker(every: Asker, bucket: str) -> None:
    s3 = every.client("s3")
    s3.put_object(Bucket=bucket, Key="full/data/a.csv", Body=b"a,b\n1,2\n")
    s3.put_object(Bucket=bucket, Key="full/model.tar.gz", Body=archive({"word.txt": "w", "code/inference.py": ECHO}))
    folder = f"s3://{bucket}/full"
    every.common = {
        **{"S3Uri": f"{folder}/data/", "S3OutputPath": f"{folder}/out", "ModelDataUrl": f"{folder}/model.tar.gz"},
        **{"S3DataType": "S3Prefix", "RoleArn": ROLE},
        **{"TrainingImage": IMAGE, "ImageUri": IMAGE, "Image": IMAGE, "InstanceCount": 1, "NextToken": "0"},
        **{"InstanceType": "ml.m5.large", "MaxRuntimeInSeconds": 300, "MaxWaitTimeInSeconds": 400},
        **{"CreationTimeAfter": _SINCE, "LastModifiedTimeAfter": _SINCE, "CreatedAfter": _SINCE},
        **{"CreationTimeBefore": _UNTIL, "LastModifiedTimeBefore": _UNTIL, "CreatedBefore": _UNTIL},
        **{"KmsKeyId": "every", "StatusEquals": "Completed", "ForecastFrequency": "D"},
    }
    _training(every)
    _tuning(every, bucket)
    _processing(every)
    _models(every, folder)
    _endpoints(every)
    _transform(every)
    _automl(every)
    _packages(every)
    _pipelines(every, bucket)


def _ended(every: Asker, kind: str, name: str) -> None:
    """Wait for the end of a job."""
    describe = getattr(every.client("sagemaker"), f"describe_{kind}_job")
    member = {"hyper_parameter_tuning": _JOBS}.get(kind, f"{kind.capitalize()}Job")
    wait_until(lambda: describe(**{f"{member}Name": name})[f"{member}Status"] in _ENDED)


def _tags(every: Asker, resource: str) -> None:
    every.ask("sagemaker", "ListTags", {"ResourceArn": f"{ARN}:{resource}"})


_DATA = {"ChannelName": "data", "InputMode": "File", "TrainingInputMode": "File", "Regex": "score=(.+)"}
_CODE = {"ContainerEntrypoint": _RUN, "ContainerArguments": ["every"], "LocalPath": "/opt/ml/checkpoints"}


_MODE = ["InputDataConfig.InputMode"]


def _training(every: Asker) -> None:
    every.common |= {**_DATA, **_CODE, "TrainingJobName": "job", "EnableNetworkIsolation": can_isolate()}
    every.ask("sagemaker", "CreateTrainingJob", {"InputDataConfig.CompressionType": "None"}, without=_MODE)
    _ended(every, "training", "job")
    every.ask("sagemaker", "DeleteTrainingJob")
    every.ask("sagemaker", "CreateTrainingJob", {"InputDataConfig.CompressionType": "None"})
    _ended(every, "training", "job")
    every.ask("sagemaker", "DescribeTrainingJob")
    elsewhere = ["WarmPoolStatusEquals", "TrainingPlanArnEquals"]
    every.ask("sagemaker", "ListTrainingJobs", {"NameContains": "job"})
    every.ask("sagemaker", "ListTrainingJobs", {"NameContains": "job"}, without=elsewhere)
    every.ask("sagemaker", "StopTrainingJob", late=True)
    _tags(every, "training-job/job")
    for name in ("AddTags", "ListTags", "DeleteTags"):
        every.ask("sagemaker", name, {"ResourceArn": f"{ARN}:training-job/job"})
    nested = [f"SearchExpression.{name}" for name in ("NestedFilters", "SubExpressions")]
    found = {"Resource": "TrainingJob", "SearchExpression.Filters.Name": "TrainingJobName", "SortBy": "CreationTime"}
    every.ask("sagemaker", "Search", found, refuses=[*nested, "VisibilityConditions"])
    every.ask("sagemaker", "DeleteTrainingJob")


def _tuning(every: Asker, bucket: str) -> None:
    code = archive({"train.py": "print('score=1')"})
    every.client("s3").put_object(Bucket=bucket, Key="full/code.tar.gz", Body=code)
    program = {"sagemaker_program": "train.py", "sagemaker_submit_directory": f"s3://{bucket}/full/code.tar.gz"}
    for name in ("parent", "search"):
        given = {
            **{"StaticHyperParameters": program, f"{_JOBS}Name": name, "MetricName": "score"},
            **{"Strategy": "Bayesian", "MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1},
            **{"HyperParameterTuningJobConfig.ParameterRanges": _RANGES, "TargetObjectiveMetricValue": 1.0},
            **{"MetricDefinitions": [{"Name": "score", "Regex": "score=(.+)"}]},
            **{"ParentHyperParameterTuningJobs": [{f"{_JOBS}Name": "parent"}], "TrainingJobEarlyStoppingType": "Off"},
        }
        bands = ["HyperParameterTuningJobConfig.StrategyConfig"]
        given["TrainingJobDefinition.InputDataConfig.CompressionType"] = "None"
        pool = ["TrainingJobDefinition.HyperParameterTuningResourceConfig", "TrainingJobDefinition.ResourceConfig"]
        left = ["WarmStartConfig", pool[0], *bands] if name == "parent" else [pool[1]]
        left += [f"TrainingJobDefinition.{_MODE[0]}"] if name == "parent" else []
        if name == "search":
            given |= {"Strategy": "Hyperband", "MinResource": 1, "MaxResource": 1}
        every.ask("sagemaker", "CreateHyperParameterTuningJob", given, without=left)
        _ended(every, "hyper_parameter_tuning", name)
        every.ask("sagemaker", "DescribeHyperParameterTuningJob", {f"{_JOBS}Name": name})
        _tags(every, f"hyper-parameter-tuning-job/{name}")
    every.common[f"{_JOBS}Name"] = "parent"
    every.ask("sagemaker", "ListHyperParameterTuningJobs", {"NameContains": "parent"})
    every.ask("sagemaker", "ListTrainingJobsForHyperParameterTuningJob")
    every.ask("sagemaker", "StopHyperParameterTuningJob", late=True)
    every.ask("sagemaker", "DeleteHyperParameterTuningJob")


_BOUNDS = {"MinValue": "1", "MaxValue": "2", "ScalingType": "Linear"}
_RANGES = {
    "IntegerParameterRanges": [{"Name": "i", **_BOUNDS}],
    "ContinuousParameterRanges": [{"Name": "c", **_BOUNDS}],
    "CategoricalParameterRanges": [{"Name": "k", "Values": ["a", "b"]}],
}


def _processing(every: Asker) -> None:
    every.common |= {"ProcessingJobName": "process", "S3InputMode": "File", "S3CompressionType": "None"}
    inputs, outputs = "ProcessingInputs.S3Input.LocalPath", "ProcessingOutputConfig.Outputs.S3Output.LocalPath"
    places = {inputs: "/opt/ml/processing/in", outputs: "/opt/ml/processing/out"}
    every.ask("sagemaker", "CreateProcessingJob", places)
    _ended(every, "processing", "process")
    every.ask("sagemaker", "DescribeProcessingJob")
    _tags(every, "processing-job/process")
    every.ask("sagemaker", "ListProcessingJobs", {"NameContains": "process"})
    every.ask("sagemaker", "StopProcessingJob", late=True)
    every.ask("sagemaker", "DeleteProcessingJob")


def _models(every: Asker, folder: str) -> None:
    every.common |= {"Mode": "SingleModel", "CompressionType": "Gzip"}
    source = {"PrimaryContainer.ModelDataSource.S3DataSource.S3Uri": f"{folder}/model.tar.gz"}
    source["Containers.ModelDataSource.S3DataSource.S3Uri"] = f"{folder}/model.tar.gz"
    for name, used, other in (("model", "PrimaryContainer", "Containers"), ("again", "Containers", "PrimaryContainer")):
        unfit = [other, *(f"{used}.{member}" for member in ("ModelPackageName", "InferenceSpecificationName"))]
        given = {**source, "ModelName": name}
        every.ask("sagemaker", "CreateModel", given, without=[*unfit, f"{used}.ModelDataSource"])
        given["ModelName"] = f"{name}-of-source"
        every.ask("sagemaker", "CreateModel", given, without=[*unfit, f"{used}.ModelDataUrl"])
    every.ask("sagemaker", "DescribeModel", {"ModelName": "model"})
    _tags(every, "model/model")
    every.ask("sagemaker", "ListModels", {"NameContains": "model"})
    every.ask("sagemaker", "DeleteModel", {"ModelName": "again"})


def _endpoints(every: Asker) -> None:
    every.common |= {"ModelName": "model-of-source", "VariantName": "one", "EndpointName": "endpoint"}
    every.common |= {"InitialInstanceCount": 1, "DesiredInstanceCount": 1, "MemorySizeInMB": 1024, "MaxConcurrency": 2}
    every.common |= {"InitialSamplingPercentage": 100, "CaptureMode": "Input", "EndpointConfigName": "config"}
    every.common |= {"DestinationS3Uri": every.common["S3OutputPath"]}
    elsewhere = ["AsyncInferenceConfig", "ShadowProductionVariants", "ExplainerConfig", "DataCaptureConfig.KmsKeyId"]
    variant = [f"ProductionVariants.{name}" for name in ("ServerlessConfig", "InstanceType", "InitialInstanceCount")]
    own = {"EndpointConfigName": "serverless"}
    provisioned = "ProductionVariants.ServerlessConfig.ProvisionedConcurrency"
    every.ask("sagemaker", "CreateEndpointConfig", refuses=elsewhere, without=variant[:1])
    without = [*elsewhere, *variant[1:], "DataCaptureConfig"]
    every.ask("sagemaker", "CreateEndpointConfig", own, refuses=[provisioned], without=without)
    every.ask("sagemaker", "DescribeEndpointConfig")
    _tags(every, "endpoint-config/config")
    every.ask("sagemaker", "ListEndpointConfigs", {"NameContains": "serverless"})

    def serves() -> None:
        describe = every.client("sagemaker").describe_endpoint
        wait_until(lambda: describe(EndpointName="endpoint")["EndpointStatus"] not in ("Creating", "Updating"))

    every.ask("sagemaker", "CreateEndpoint", own)
    serves()
    asked = {"EndpointName": "endpoint", "ContentType": "application/json", "Body": b"[1]"}
    every.client("sagemaker-runtime").invoke_endpoint(**asked)
    weights = "DesiredWeightsAndCapacities"
    serverless = f"{weights}.ServerlessUpdateConfig"
    refused = [f"{serverless}.ProvisionedConcurrency"]
    every.ask("sagemaker", "UpdateEndpointWeightsAndCapacities", refuses=refused)
    every.ask("sagemaker", "UpdateEndpoint", {"VariantPropertyType": "DataCaptureConfig"})
    serves()
    every.client("sagemaker-runtime").invoke_endpoint(**asked)
    every.ask("sagemaker", "DescribeEndpoint")
    _tags(every, "endpoint/endpoint")
    every.ask("sagemaker", "ListEndpoints", {"NameContains": "endpoint", "StatusEquals": "InService"})
    every.ask("sagemaker", "DeleteEndpoint")
    every.ask("sagemaker", "DeleteEndpointConfig")


def _transform(every: Asker) -> None:
    every.common |= {"TransformJobName": "batch", "SplitType": "Line", "AssembleWith": "Line", "Accept": "text/csv"}
    given = {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None", "CompressionType": "None"}
    given |= {"TransformInput.ContentType": "text/csv", "MaxPayloadInMB": 1}
    every.ask("sagemaker", "CreateTransformJob", given, refuses=["DataCaptureConfig"])
    _ended(every, "transform", "batch")
    every.ask("sagemaker", "DescribeTransformJob")
    _tags(every, "transform-job/batch")
    every.ask("sagemaker", "ListTransformJobs", {"NameContains": "batch"})
    every.ask("sagemaker", "StopTransformJob", late=True)


def _automl(every: Asker) -> None:
    kinds = "AutoMLProblemTypeConfig"
    tabular, text = f"{kinds}.TabularJobConfig", f"{kinds}.TextClassificationJobConfig"
    others = [f"{kinds}.{name}Config" for name in ("ImageClassificationJob", "TimeSeriesForecastingJob")]
    others += [f"{kinds}.TextGenerationJobConfig"]
    given = {"AutoMLJobName": "auto", "ChannelType": "training", "ContentType": "text/csv;header=present"}
    given |= {"ProblemType": "Regression", "MetricName": "MSE", "TargetAttributeName": "a", "MaxCandidates": 1}
    given |= {"CompressionType": "None", "ValidationFraction": 0.5, "ContentColumn": "a", "TargetLabelColumn": "b"}
    given["FeatureSpecificationS3Uri"] = every.common["S3Uri"]
    given["Mode"] = "AUTO"
    refused = [f"{tabular}.{name}" for name in ("SampleWeightAttributeName", "GenerateCandidateDefinitionsOnly")]
    refused += [f"{tabular}.CandidateGenerationConfig", "ModelDeployConfig", "AutoMLComputeConfig"]
    every.ask("sagemaker", "CreateAutoMLJobV2", given, refuses=refused, without=[*others, text])
    for other in others:
        left = {*others, tabular, text, *refused[-2:]} - {other}
        every.ask("sagemaker", "CreateAutoMLJobV2", given, refuses=[other], without=[*left], only_refuses=True)
    given |= {"AutoMLJobName": "texts", "MetricName": "Accuracy"}
    every.ask("sagemaker", "CreateAutoMLJobV2", given, without=[*others, tabular, *refused[-2:]])
    every.common["AutoMLJobName"] = "auto"
    every.ask("sagemaker", "DescribeAutoMLJobV2")
    _tags(every, "automl-job/auto")
    every.ask("sagemaker", "ListAutoMLJobs", {"NameContains": "auto", "StatusEquals": "InProgress"})
    every.ask("sagemaker", "ListCandidatesForAutoMLJob")
    for name in ("auto", "texts"):
        every.ask("sagemaker", "StopAutoMLJob", {"AutoMLJobName": name}, late=True)


def _packages(every: Asker) -> None:
    every.common |= {"ModelPackageGroupName": "group", "ModelPackageType": "Both", "SourceUri": "every"}
    every.ask("sagemaker", "CreateModelPackageGroup", refuses=["ManagedConfiguration"])
    every.ask("sagemaker", "DescribeModelPackageGroup")
    _tags(every, "model-package-group/group")
    every.ask("sagemaker", "ListModelPackageGroups", {"NameContains": "group"})
    refused = ["ValidationSpecification", "SourceAlgorithmSpecification", "ManagedStorageType", "CertifyForMarketplace"]
    left = [*refused, "ModelPackageGroupName", "ModelApprovalStatus"]
    every.ask("sagemaker", "CreateModelPackage", refuses=refused, without=["ModelPackageName"])
    every.ask("sagemaker", "CreateModelPackage", {"ModelPackageName": "alone", "ClientToken": "b"}, without=left)
    of_model = {"ModelPackageName": "of-model", "SourceUri": f"{ARN}:model/model", "ClientToken": "c"}
    every.ask("sagemaker", "CreateModelPackage", of_model, without=[*left, "InferenceSpecification"])
    every.ask("sagemaker", "DescribeModelPackage", {"ModelPackageName": f"{ARN}:model-package/group/1"})
    every.ask("sagemaker", "ListModelPackages", {"NameContains": "group"})
    every.ask("sagemaker", "ListModelPackages", without=["ModelPackageGroupName"])
    _tags(every, "model-package/group/1")
    address = f"{ARN}:model-package/group/1"
    every.ask("sagemaker", "UpdateModelPackage", {"ModelPackageArn": address, "Name": "more"})
    every.ask("sagemaker", "DescribeModelPackage", {"ModelPackageName": address})
    container = {"ModelName": "of-package", "PrimaryContainer.ModelPackageName": address}
    container["PrimaryContainer.InferenceSpecificationName"] = "more"
    unfit = [f"PrimaryContainer.{name}" for name in ("Image", "ModelDataUrl", "ModelDataSource")]
    every.ask("sagemaker", "CreateModel", container, without=["Containers", *unfit])
    container["ModelName"] = "of-main-package"
    unfit.append("PrimaryContainer.InferenceSpecificationName")
    every.ask("sagemaker", "CreateModel", container, without=["Containers", *unfit])
    container = {"ModelName": "of-it", "Containers.ModelPackageName": address}
    container["Containers.InferenceSpecificationName"] = "more"
    unfit = [f"Containers.{name}" for name in ("Image", "ModelDataUrl", "ModelDataSource")]
    every.ask("sagemaker", "CreateModel", container, without=["PrimaryContainer", *unfit])
    every.ask("sagemaker", "DeleteModelPackage", {"ModelPackageName": "alone"})
    every.ask("sagemaker", "DeleteModelPackageGroup", late=True)


def _pipelines(every: Asker, bucket: str) -> None:
    step = {"Name": "Fail", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
    parameters = [{"Name": "p", "Type": "String", "DefaultValue": "x"}]
    text = json.dumps({"Version": "2020-12-01", "Parameters": parameters, "Steps": [step]})
    version = every.client("s3").put_object(Bucket=bucket, Key="pipeline.json", Body=text.encode())
    every.common |= {"PipelineName": "pipeline", "PipelineDefinition": text, "PipelineNamePrefix": "pipe"}
    every.common |= {"Bucket": bucket, "ObjectKey": "pipeline.json", "PipelineVersionId": 1, "Name": "p"}
    every.common |= {"VersionId": version.get("VersionId", "null"), "ClientRequestToken": "x" * 32}
    place = ["PipelineDefinitionS3Location"]
    every.ask("sagemaker", "CreatePipeline", without=place)
    every.ask("sagemaker", "CreatePipeline", {"PipelineName": "other"}, without=["PipelineDefinition"])
    every.ask("sagemaker", "DescribePipeline")
    _tags(every, "pipeline/pipeline")
    every.ask("sagemaker", "UpdatePipeline", without=place)
    every.ask("sagemaker", "UpdatePipeline", {"PipelineName": "other"}, without=["PipelineDefinition"])
    every.ask("sagemaker", "DescribePipeline")
    elsewhere = ["SelectiveExecutionConfig", "MlflowExperimentName"]
    started = every.ask("sagemaker", "StartPipelineExecution", refuses=elsewhere)["PipelineExecutionArn"]
    own = {"ClientRequestToken": "y" * 32}
    every.ask("sagemaker", "StartPipelineExecution", own, without=[*elsewhere, "ParallelismConfiguration"])
    every.common["PipelineExecutionArn"] = started
    describe = every.client("sagemaker").describe_pipeline_execution
    wait_until(lambda: describe(PipelineExecutionArn=started)["PipelineExecutionStatus"] in _ENDED)
    every.ask("sagemaker", "UpdatePipelineExecution")
    for name in ("DescribePipelineExecution", "DescribePipelineDefinitionForExecution"):
        every.ask("sagemaker", name)
    for name in ("PipelineExecutionSteps", "PipelineParametersForExecution", "Pipelines", "PipelineVersions"):
        every.ask("sagemaker", f"List{name}")
    every.ask("sagemaker", "ListPipelineExecutions")
    every.ask("sagemaker", "RetryPipelineExecution")
    every.ask("sagemaker", "StopPipelineExecution", late=True)
    every.ask("sagemaker", "DeletePipeline", {"PipelineName": "other"})
