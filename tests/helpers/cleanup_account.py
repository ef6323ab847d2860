"""An account in which learners have left something of every kind, for the tests of the clean-up."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import boto3
from botocore.exceptions import ClientError
from sagemaker.core import image_uris

ENDLESS = "import time\nprint('asleep', flush=True)\ntime.sleep(600)\n"
ANSWERING = """
def model_fn(folder):
    return None

def input_fn(body, kind):
    return body

def predict_fn(data, model):
    return "yes"

def output_fn(answer, accept):
    return answer, accept
"""
LOGS = "/aws/sagemaker/TrainingJobs"


def archive(name: str, content: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content.encode()))
    return buffer.getvalue()


def fill(ws: Any) -> None:
    """One of everything that costs nothing to make: no job and no endpoint."""
    name = ws.name("left")
    _chain(ws, name)
    _data(ws, name)
    _logs_and_money(ws, name)
    sagemaker = boto3.client("sagemaker")
    model = _container(ws)
    sagemaker.create_model(ModelName=name, PrimaryContainer=model, ExecutionRoleArn=ws.role)
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    kinds = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
    given = {"Image": model["Image"], "ModelDataUrl": model["ModelDataUrl"]}
    sagemaker.create_model_package(ModelPackageGroupName=name, InferenceSpecification={"Containers": [given], **kinds})


def _container(ws: Any) -> dict[str, Any]:
    key = f"{ws.prefix}/models/model.tar.gz"
    boto3.client("s3").put_object(Bucket=ws.bucket, Key=key, Body=archive("code/inference.py", ANSWERING))
    return {
        "Image": image_uris.retrieve("sklearn", ws.region, version="1.9-0", instance_type="ml.m5.large"),
        "ModelDataUrl": f"s3://{ws.bucket}/{key}",
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"},
    }


def _chain(ws: Any, name: str) -> None:
    events, glue, sagemaker = boto3.client("events"), boto3.client("glue"), boto3.client("sagemaker")
    job = {"Name": "glueetl", "ScriptLocation": ws.s3("jobs/x.py")}
    glue.create_job(Name=name, Role=ws.role, Command=job)
    glue.create_workflow(Name=name)
    glue.create_trigger(Name=name, WorkflowName=name, Type="EVENT", Actions=[{"JobName": name}])
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["nobody"]}))
    workflow = f"arn:aws:glue:{ws.region}:{ws.account}:workflow/{name}"
    events.put_targets(Rule=name, Targets=[{"Id": "target", "Arn": workflow, "RoleArn": ws.role}])
    step = {"Name": "End", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
    definition = json.dumps({"Version": "2020-12-01", "Steps": [step]})
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=ws.role)


def _data(ws: Any, name: str) -> None:
    glue, s3 = boto3.client("glue"), boto3.client("s3")
    glue.create_database(DatabaseInput={"Name": ws.database})
    glue.create_table(DatabaseName=ws.database, TableInput={"Name": "reviews"})
    where = {"S3Targets": [{"Path": ws.s3("raw/")}]}
    glue.create_crawler(Name=name, Role=ws.role, DatabaseName=ws.database, Targets=where)
    for key in (f"{ws.prefix}/raw/a.jsonl", f"{ws.prefix}/raw/b.jsonl", f"{ws.name('trial')}/sourcedir.tar.gz"):
        s3.put_object(Bucket=ws.bucket, Key=key, Body=b"{}")
    s3.create_multipart_upload(Bucket=ws.bucket, Key=f"{ws.prefix}/models/broken.tar.gz")


def _logs_and_money(ws: Any, name: str) -> None:
    logs = boto3.client("logs")
    own = ((f"/aws/sagemaker/Endpoints/{name}", "all/i-1"), (f"/aws-glue/jobs/{ws.name('gone')}/output", "jr_1"))
    for group, stream in ((LOGS, f"{name}/algo-1"), *own):
        try:
            logs.create_log_group(logGroupName=group)
        except logs.exceptions.ResourceAlreadyExistsException:
            pass  # all learners share it
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    boto3.client("cloudwatch").put_metric_alarm(
        AlarmName=name, MetricName="ModelLatency", Namespace="AWS/SageMaker", Statistic="Average", Period=60,
        EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    limit = {"BudgetName": ws.name("budget"), "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    amount = {"Amount": "5", "Unit": "USD"}
    boto3.client("budgets").create_budget(AccountId=ws.account, Budget={**limit, "BudgetLimit": amount})


def start_endless_job(ws: Any) -> str:
    """A training job that only ends when it is stopped."""
    name = ws.name("endless")
    boto3.client("sagemaker").create_training_job(TrainingJobName=name, **_training(ws, ENDLESS))
    return name


def start_endless_jobs(ws: Any) -> None:
    """One job of each kind that only ends when it is stopped; a search whose trials do not end, and AutoML."""
    sagemaker, s3, name = boto3.client("sagemaker"), boto3.client("s3"), ws.name("endless")
    start_endless_job(ws)
    code, machine = f"{ws.prefix}/code/endless.py", {"InstanceType": "ml.m5.large", "InstanceCount": 1}
    s3.put_object(Bucket=ws.bucket, Key=code, Body=ENDLESS)
    place = {"S3Uri": f"s3://{ws.bucket}/{code}", "LocalPath": "/opt/ml/processing/code", "S3DataType": "S3Prefix"}
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=ws.role,
        ProcessingResources={"ClusterConfig": {**machine, "VolumeSizeInGB": 10}},
        ProcessingInputs=[{"InputName": "code", "S3Input": {**place, "S3InputMode": "File"}}],
        AppSpecification={
            "ImageUri": _container(ws)["Image"],
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/endless.py"],
        },
    )
    trial = _training(ws, ENDLESS)
    trial["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "score", "Regex": "score=(.*)"}]
    trial["StaticHyperParameters"] = trial.pop("HyperParameters")
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=ws.name("search"),
        HyperParameterTuningJobConfig={
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1},
            "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]},
        },
        TrainingJobDefinition=trial,
    )
    model = {**_container(ws), "ModelDataUrl": _slow_model(ws)}
    sagemaker.create_model(ModelName=name, PrimaryContainer=model, ExecutionRoleArn=ws.role)
    s3.put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/rows/a.csv", Body=b"1,2\n")
    source = {"S3DataType": "S3Prefix", "S3Uri": ws.s3("rows/")}
    sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=name,
        TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "text/csv"},
        TransformOutput={"S3OutputPath": ws.s3("answers/")},
        TransformResources=machine,
    )


def _slow_model(ws: Any) -> str:
    slow = ANSWERING.replace('    return "yes"', '    import time; time.sleep(50); return "yes"')
    key = f"{ws.prefix}/models/slow.tar.gz"
    boto3.client("s3").put_object(Bucket=ws.bucket, Key=key, Body=archive("code/inference.py", slow))
    return f"s3://{ws.bucket}/{key}"


def _training(ws: Any, script: str) -> dict[str, Any]:
    """What a training job is that runs a script, but for its name."""
    key = f"{ws.prefix}/code/{len(script)}/sourcedir.tar.gz"
    boto3.client("s3").put_object(Bucket=ws.bucket, Key=key, Body=archive("train.py", script))
    return {
        "RoleArn": ws.role,
        "AlgorithmSpecification": {"TrainingImage": _container(ws)["Image"], "TrainingInputMode": "File"},
        "HyperParameters": {
            "sagemaker_program": "train.py", "sagemaker_submit_directory": f"s3://{ws.bucket}/{key}"
        },
        "OutputDataConfig": {"S3OutputPath": ws.s3("models")},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 300},
    }  # fmt: skip


def run_a_pipeline(ws: Any) -> str:
    """A pipeline of the learner's that makes a model and a training job, under names of SageMaker's own.

    Returns:
        The ARN of the execution, which runs.
    """
    sagemaker, name = boto3.client("sagemaker"), ws.name("deploy")
    arguments = {"ExecutionRoleArn": ws.role, "PrimaryContainer": _container(ws)}
    steps = [
        {"Name": "Model", "Type": "Model", "Arguments": arguments},
        {"Name": "Train", "Type": "Training", "Arguments": _training(ws, "print('done')")},
    ]
    definition = json.dumps({"Version": "2020-12-01", "Steps": steps})
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=ws.role)
    return str(sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"])


def streams_of(execution: str) -> list[str]:
    """The log streams of the training jobs of a pipeline's execution."""
    prefix = f"pipelines-{execution.rpartition('/')[2]}-"
    found = boto3.client("logs").describe_log_streams(logGroupName=LOGS, logStreamNamePrefix=prefix)
    return [stream["logStreamName"] for stream in found["logStreams"]]


def still_there(ws: Any) -> list[str]:
    """What of `fill` AWS still has, asked thing by thing and not by any listing."""
    name, sagemaker, glue = ws.name("left"), boto3.client("sagemaker"), boto3.client("glue")
    asked = {
        "rule": lambda: boto3.client("events").describe_rule(Name=name),
        "workflow": lambda: glue.get_workflow(Name=name),
        "trigger": lambda: glue.get_trigger(Name=name),
        "glue job": lambda: glue.get_job(JobName=name),
        "crawler": lambda: glue.get_crawler(Name=name),
        "database": lambda: glue.get_database(Name=ws.database),
        "pipeline": lambda: sagemaker.describe_pipeline(PipelineName=name),
        "model": lambda: sagemaker.describe_model(ModelName=name),
        "endpoint configuration": lambda: sagemaker.describe_endpoint_config(EndpointConfigName=name),
        "group": lambda: sagemaker.describe_model_package_group(ModelPackageGroupName=name),
        "raw": lambda: boto3.client("s3").head_object(Bucket=ws.bucket, Key=f"{ws.prefix}/raw/a.jsonl"),
        "trial": lambda: boto3.client("s3").head_object(Bucket=ws.bucket, Key=f"{ws.name('trial')}/sourcedir.tar.gz"),
        "budget": lambda: boto3.client("budgets").describe_budget(
            AccountId=ws.account, BudgetName=ws.name("budget")
        ),
    }  # fmt: skip
    there = []
    for what, ask in asked.items():
        try:
            ask()
            there.append(what)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("UnknownOperationException", "AccessDenied"):
                raise
    streams = boto3.client("logs").describe_log_streams(logGroupName=LOGS, logStreamNamePrefix=name)["logStreams"]
    alarms = boto3.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    uploads = boto3.client("s3").list_multipart_uploads(Bucket=ws.bucket).get("Uploads", [])
    mine = [upload for upload in uploads if upload["Key"].startswith(f"{ws.prefix}/")]
    return there + ["log"] * bool(streams) + ["alarm"] * bool(alarms) + ["upload"] * bool(mine)
