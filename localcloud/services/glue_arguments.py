"""What a Glue job's arguments and members do here: each acts, or is refused by name, or changes nothing for a reason.

Whatever is not named here is an argument of the script's own and reaches it as it is.
Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.protocol import ServiceError

ACTS = {
    "--conf": "Spark settings of the run: `key=value`, more after ` --conf `",
    "--extra-py-files": "modules and zip archives on S3, put on the module path",
    "--extra-files": "files on S3, put into the script's working folder",
    "--customer-driver-env-vars": "environment variables CUSTOMER_… of the script",
    "--customer-executor-env-vars": "environment variables CUSTOMER_… of Python functions in Spark",
    "--custom-logGroup-prefix": "what the names of the run's two log groups begin with, instead of /aws-glue/jobs",
    "--TempDir": "in the result of getResolvedOptions",
    "--job-language": "python; scala is refused",
    "--job-bookmark-option": "job-bookmark-disable; the others are refused",
}
# Arguments that change nothing here, and why; a run that has one says so in its error log.
NO_EFFECT = {
    "--enable-metrics": "a run's load is not recorded as metrics",
    "--enable-observability-metrics": "a run's load is not recorded as metrics",
    "--enable-job-insights": "the reason of a failure is in the run's ErrorMessage and its error log",
    "--enable-spark-ui": "no event log is written, and there is no Spark history server",
    "--spark-event-logs-path": "no event log is written, and there is no Spark history server",
    "--enable-continuous-cloudwatch-log": "log lines always go to CloudWatch Logs as they come",
    "--enable-continuous-log-filter": "log lines always go to CloudWatch Logs as they come",
    "--enable-auto-scaling": "a run has the cores of this machine, whatever its number of workers",
    "--enable-s3-parquet-optimized-committer": "files always appear when a write has succeeded",
    "--write-shuffle-files-to-s3": "shuffles stay on this disk",
    "--write-shuffle-spills-to-s3": "shuffles stay on this disk",
    "--disable-proxy-v2": "there is no proxy",
}
REFUSED = {
    **dict.fromkeys(
        ("--additional-python-modules", "--python-modules-installer-option", "--extra-jars", "--user-jars-first"),
        "the image's packages are fixed",
    ),
    "--enable-glue-datacatalog": "Spark's SQL does not see the Data Catalog here; read its tables with "
    "glueContext.create_dynamic_frame.from_catalog and register them with createOrReplaceTempView",
    "--datalake-formats": "Hudi, Delta Lake and Iceberg are not in the image",
    "--class": "only Python scripts run here",
    "--scriptLocation": "the script is the one of Command.ScriptLocation",
    "--executor-cores": "Spark has the cores of this machine",
    "--enable-rename-algorithm-v2": "files appear when a write has succeeded, not task by task",
    "--use-postgres-driver": "there is no JDBC",
    "--enable-lakeformation-fine-grained-access": "there is no Lake Formation",
    "--auto-scale-within-microbatch": "there are no streaming jobs",
    **dict.fromkeys(("--job-bookmark-from", "--job-bookmark-to"), "there are no job bookmarks"),
    **dict.fromkeys(
        (
            *("--continuous-log-logGroup", "--continuous-log-logStreamPrefix", "--continuous-log-conversionPattern"),
            "--custom-logStream-prefix",
        ),
        "a run's log streams are named after the run; --custom-logGroup-prefix names their groups",
    ),
}
LOG_GROUPS = "/aws-glue/jobs"
_ONLY = {"--job-language": "python", "--job-bookmark-option": "job-bookmark-disable"}
# Settings that Spark needs as they are here, and such as ask for jars that are not in the image.
_FIXED_SETTINGS = (
    *("spark.master", "spark.submit.", "spark.driver.host", "spark.driver.bindAddress", "spark.driver.port"),
    *("spark.hadoop.fs.", "spark.hadoop.dfs.", "spark.local.dir", "spark.ui.", "spark.eventLog.", "spark.plugins"),
    *("spark.jars", "spark.sql.extensions", "spark.sql.catalog.", "spark.driver.extra", "spark.extraListeners"),
    *("spark.pyspark.", "spark.sql.catalogImplementation", "spark.hadoop.hive.", "spark.driver.defaultJavaOptions"),
)
# Members of CreateJob, JobUpdate and StartJobRun that nothing here could honour.
_REFUSED_MEMBERS = {
    "Connections": "there are no connections here",
    "SecurityConfiguration": "there are no security configurations here",
    "NotificationProperty": "no notification of a late run is sent here; EventBridge gets every run's end",
    "CodeGenConfigurationNodes": "only scripts run here, no visual jobs",
    "SourceControlDetails": "the script is taken from S3",
    "AllocatedCapacity": "it is deprecated: use WorkerType and NumberOfWorkers",
    "MaintenanceWindow": "there are no streaming jobs",
    "LogUri": "it is reserved by AWS",
    "JobRunQueuingEnabled": "runs are not queued here: there is a limit, or there is none",
    "ExecutionRoleSessionPolicy": "roles do not restrict a run here",
    "JobRunId": "a run is not started again by its number: start a new one",
}


def invalid(message: str) -> ServiceError:
    return ServiceError("InvalidInputException", message)


def check_members(params: Mapping[str, Any]) -> None:
    """
    Raises:
        ServiceError: InvalidInputException, for a member that would have no effect.
    """
    for name, reason in _REFUSED_MEMBERS.items():
        if params.get(name):
            raise invalid(f"{name} is not offered by the local AWS: {reason}.")
    if params.get("JobMode", "SCRIPT") != "SCRIPT":
        raise invalid(f"JobMode {params['JobMode']} is not offered by the local AWS: only scripts run here.")
    if params.get("ExecutionClass", "STANDARD") not in ("STANDARD", "FLEX"):
        raise invalid("ExecutionClass must be STANDARD or FLEX.")
    minutes = params.get("Timeout")
    if minutes is not None and not 1 <= minutes <= 7 * 24 * 60:
        raise invalid("Timeout must be between 1 minute and 10080, which is 7 days.")


def check_arguments(arguments: Mapping[str, str]) -> None:
    """
    Raises:
        ServiceError: InvalidInputException, for an argument that is not offered here, or a value of one.
    """
    for name, value in arguments.items():
        if name in REFUSED and value.strip().lower() != "false":
            raise invalid(f"The argument {name} is not offered here: {REFUSED[name]}.")
        if name in _ONLY and value.strip() != _ONLY[name]:
            raise invalid(f"The argument {name} with the value {value!r} is not offered here, only {_ONLY[name]}.")
        if "://" in value and ".." in value.split("/"):
            raise invalid(f"The argument {name} has a '..' in its address.")
    spark_settings(arguments)
    log_groups(arguments)
    for name in ("--customer-driver-env-vars", "--customer-executor-env-vars"):
        variables(arguments, name)
    for name in ("--extra-py-files", "--extra-files"):
        addresses(arguments, name)


def spark_settings(arguments: Mapping[str, str]) -> dict[str, str]:
    """The settings in `--conf`: `a=1` or `a=1 --conf b=2 --conf c=3`.

    Raises:
        ServiceError: one has another form, or is not to be changed here.
    """
    text = arguments.get("--conf", "").strip()
    settings = {}
    for pair in re.split(r"\s+--conf[\s=]+", text) if text else []:
        name, equals, value = pair.strip().partition("=")
        if not equals or not re.fullmatch(r"[\w.\-]+", name) or "\n" in value:
            raise invalid(f"--conf has {pair.strip()!r}; write key=value, and --conf before each further pair.")
        if name.startswith(_FIXED_SETTINGS):
            raise invalid(f"--conf must not set {name} here: the local Glue depends on it, or it needs more jars.")
        settings[name] = value
    return settings


def log_groups(arguments: Mapping[str, str]) -> str:
    """What the names of a run's log groups begin with: `/output` and `/error` follow.

    Source: https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html

    Raises:
        ServiceError: no log group may have such a name.
    """
    prefix = arguments.get("--custom-logGroup-prefix", LOG_GROUPS)
    if not re.fullmatch(r"[A-Za-z0-9_/-]{1,400}", prefix):
        raise invalid(f"--custom-logGroup-prefix has {prefix!r}; write letters, digits, _, - and /, at most 400.")
    return prefix


def variables(arguments: Mapping[str, str], name: str) -> dict[str, str]:
    """`CUSTOMER_A=1,CUSTOMER_B="2,3"` -> variables.

    Raises:
        ServiceError: a name does not begin with CUSTOMER_.
    """
    found = {}
    for part in re.findall(r'(?:[^,"]|"[^"]*")+', arguments.get(name, "")):
        variable, equals, value = part.strip().partition("=")
        if not equals or not re.fullmatch(r"CUSTOMER_\w+", variable):
            raise invalid(f"{name} has {part.strip()!r}; write CUSTOMER_NAME=value, with commas between.")
        found[variable] = value.strip('"')
    return found


def addresses(arguments: Mapping[str, str], name: str) -> list[str]:
    """The addresses in a comma-separated list of objects.

    Raises:
        ServiceError: one is no object's s3:// address.
    """
    found = [part.strip() for part in arguments.get(name, "").split(",") if part.strip()]
    for address in found:
        if not re.fullmatch(r"s3[an]?://[^/]+/.*[^/]", address):
            raise invalid(f"{name} has {address!r}; write the full s3:// address of each file.")
    return found


def notices(arguments: Iterable[str]) -> list[str]:
    """A sentence for each argument that has no effect here."""
    return [f"WARN {name} has no effect here: {NO_EFFECT[name]}." for name in arguments if name in NO_EFFECT]
