"""Lay out /opt/ml for a training job and decide what to run: the container's two ways to start a learner's code.

With a ContainerEntrypoint (SDK v3) the request says what to run. Without one, the framework images run the program
that the hyperparameters `sagemaker_program` and `sagemaker_submit_directory` name (script mode).
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.cloud import Cloud
from localcloud.jobs import s3io
from localcloud.jobs.container import Exit
from localcloud.jobs.opt_ml import BadCode, fetch_code, place_opt_ml

HOST = "algo-1"
CODE_CHANNELS = ("sm_drivers", "code")  # in which the SDK sends the code
_EXCEPTION = re.compile(r"\w(Error|Exception|Interrupt)\b")
Job = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What to run, where, and with which variables beside the empty container's own."""

    command: list[str]
    folder: Path
    environment: dict[str, str]
    script: tuple[str, ...] = ()  # what the image's toolkit runs: it tells of a failure in its own words


def prepare(cloud: Cloud, job: Job, opt_ml: Path, python: Path) -> Plan:
    """Download the channels and the code, write the configuration files, and plan the command.

    Raises:
        TransferFailed: a channel or the code cannot be downloaded.
        BadCode: there is no program to run.
    """
    for name in ("input/config", "input/data", "model", "output/data", "checkpoints", "code"):
        (opt_ml / name).mkdir(parents=True, exist_ok=True)
    s3 = cloud.client("s3")
    for channel in job.get("InputDataConfig", []):
        source = channel["DataSource"]["S3DataSource"]
        s3io.download_prefix(s3, source["S3Uri"], opt_ml / "input" / "data" / channel["ChannelName"])
    _write_configuration(job, opt_ml)
    for folder in ("input/config", *(f"input/data/{name}" for name in CODE_CHANNELS)):
        place_opt_ml(opt_ml / folder, opt_ml)
    specification, root = job["AlgorithmSpecification"], str(opt_ml)
    environment = {
        "TRAINING_JOB_NAME": job["TrainingJobName"],
        "TRAINING_JOB_ARN": job["TrainingJobArn"],
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_NUM_GPUS": "0",
        **{name: value.replace("/opt/ml", root) for name, value in job.get("Environment", {}).items()},
    }
    if specification.get("ContainerEntrypoint"):
        command = [*specification["ContainerEntrypoint"], *specification.get("ContainerArguments", [])]
        return Plan([part.replace("/opt/ml", root) for part in command], opt_ml.parent.parent, environment)
    return _script_mode(cloud, job, opt_ml, python, environment)


def _write_configuration(job: Job, opt_ml: Path) -> None:
    folder = opt_ml / "input" / "config"
    resources, specification = job.get("ResourceConfig") or {}, job["AlgorithmSpecification"]
    instance = resources.get("InstanceType", "ml.m5.large")
    channels = {
        channel["ChannelName"]: {
            "ContentType": channel.get("ContentType", ""),
            "TrainingInputMode": channel.get("InputMode") or specification.get("TrainingInputMode", "File"),
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        for channel in job.get("InputDataConfig", [])
    }
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance, "hosts": [HOST]}
    resource = {
        "current_host": HOST,
        "current_instance_type": instance,
        "current_group_name": "homogeneousCluster",
        "hosts": [HOST],
        "instance_groups": [group],
        "network_interface_name": "lo",
    }
    for name, content in (
        ("hyperparameters", job.get("HyperParameters", {})),
        ("resourceconfig", resource),
        ("inputdataconfig", channels),
    ):
        (folder / f"{name}.json").write_text(json.dumps(content))


def _decoded(value: str) -> Any:
    """Script mode's hyperparameters are JSON inside strings; plain strings are themselves."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _script_mode(cloud: Cloud, job: Job, opt_ml: Path, python: Path, environment: dict[str, str]) -> Plan:
    hyperparameters = {
        key: _decoded(value.replace("/opt/ml", str(opt_ml))) for key, value in job.get("HyperParameters", {}).items()
    }
    program = hyperparameters.get("sagemaker_program") or environment.get("SAGEMAKER_PROGRAM")
    submitted = hyperparameters.get("sagemaker_submit_directory") or environment.get("SAGEMAKER_SUBMIT_DIRECTORY")
    if not program:
        raise BadCode(
            "AlgorithmError: the job names no program: give a ContainerEntrypoint, or the hyperparameters "
            "sagemaker_program and sagemaker_submit_directory."
        )
    code = opt_ml / "code"
    if submitted and str(submitted).startswith("s3://"):
        fetch_code(cloud, str(submitted), code, opt_ml)
    elif (opt_ml / "input" / "data" / "code").is_dir():
        code = opt_ml / "input" / "data" / "code"
    script = s3io.inside(code, str(program))
    if not script.is_file():
        raise BadCode(f"AlgorithmError: the program {program!r} is not in the submitted directory.")
    own = {key: value for key, value in hyperparameters.items() if not key.startswith("sagemaker_")}
    arguments = [part for key in sorted(own) for part in (f"-{key}" if len(key) == 1 else f"--{key}", _text(own[key]))]
    runner = ["/bin/bash"] if script.suffix == ".sh" else [str(python)]
    command = [*runner, str(script), *arguments]
    starting = command
    if (code / "requirements.txt").is_file():
        install = [str(python), "-m", "pip", "install", "-r", "requirements.txt"]
        told = shlex.quote(_told("InstallRequirementsError", 1, "", install))
        failed = f"{{ printf %s {told} > {shlex.quote(str(opt_ml / 'output' / 'failure'))}; exit 1; }}"
        starting = ["/bin/sh", "-c", f'{shlex.join(install)} || {failed}; exec "$@"', "sh", *command]
    variables = _script_variables(job, opt_ml, own, arguments, code, str(program))
    return Plan(starting, code, {**variables, **environment}, tuple(command))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, dict | list) else str(value)


def _script_variables(
    job: Job, opt_ml: Path, own: dict[str, Any], arguments: list[str], code: Path, program: str
) -> dict[str, str]:
    """The SM_* variables of the SageMaker training toolkit."""
    config = opt_ml / "input" / "config"
    channels = [channel["ChannelName"] for channel in job.get("InputDataConfig", [])]
    variables = {
        "SM_MODEL_DIR": str(opt_ml / "model"),
        "SM_INPUT_DIR": str(opt_ml / "input"),
        "SM_INPUT_CONFIG_DIR": str(config),
        "SM_OUTPUT_DIR": str(opt_ml / "output"),
        "SM_OUTPUT_DATA_DIR": str(opt_ml / "output" / "data"),
        "SM_CHANNELS": json.dumps(sorted(channels)),
        "SM_HPS": json.dumps(own),
        "SM_USER_ARGS": json.dumps(arguments),
        "SM_HOSTS": json.dumps([HOST]),
        "SM_CURRENT_HOST": HOST,
        "SM_CURRENT_INSTANCE_TYPE": (job.get("ResourceConfig") or {}).get("InstanceType", "ml.m5.large"),
        "SM_NETWORK_INTERFACE_NAME": "lo",
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_NUM_GPUS": "0",
        "SM_LOG_LEVEL": "20",
        "SM_USER_ENTRY_POINT": program,
        "SM_MODULE_NAME": program.removesuffix(".py"),
        "SM_MODULE_DIR": str(code),
        "SM_RESOURCE_CONFIG": (config / "resourceconfig.json").read_text(),
        "SM_INPUT_DATA_CONFIG": (config / "inputdataconfig.json").read_text(),
    }
    for channel in channels:
        variables[f"SM_CHANNEL_{channel.upper()}"] = str(opt_ml / "input" / "data" / channel)
    for key, value in own.items():
        variables[f"SM_HP_{key.upper().replace('-', '_')}"] = _text(value)
    variables["SM_TRAINING_ENV"] = json.dumps({name.lower().removeprefix("sm_"): v for name, v in variables.items()})
    return variables


def failure_reason(job: Job, plan: Plan, opt_ml: Path, ended: Exit, tail: list[str]) -> str:
    """What AWS shows: what stands in /opt/ml/output/failure, and the exit code.

    The toolkit of the framework images writes that file, where the script has not, and ends with 1. The one of PyTorch
    and TensorFlow reads the script's error for it; scikit-learn's does not, and there the log alone has it.
    Source: sagemaker_training of aws/sagemaker-training-toolkit, errors.py and process.py
    """
    written, code = opt_ml / "output" / "failure", ended.code
    text = written.read_text(errors="replace").strip() if written.is_file() else ""
    if plan.script:
        read = "scikit-learn" not in job["AlgorithmSpecification"]["TrainingImage"]
        error = _error(tail) if read else ""
        text, code = text or _told("ExecuteUserScriptError", ended.code, error, plan.script), 1
    return f"AlgorithmError: {text}, exit code: {code}".replace(str(opt_ml.parents[1]), "")


def _told(kind: str, code: int, error: str, command: Sequence[str]) -> str:
    more = '\nExtraInfo "OutOfMemory: Process killed by SIGKILL (signal 9)"' if code == 137 else ""
    return f'{kind}:\nExitCode {code}\nErrorMessage "{error}"{more}\nCommand "{" ".join(command)}"'


def _error(tail: list[str]) -> str:
    """The output from the first line on that names one of Python's exceptions."""
    lines = itertools.dropwhile(lambda line: not _EXCEPTION.search(line), tail)
    return "\n ".join(line.strip(" :") for line in lines)
