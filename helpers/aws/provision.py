"""Create an AWS resource, or bring the one that exists up to date, so that a lesson can be run twice.

The arguments are those of AWS's own create calls, by their names.
"""

from __future__ import annotations

from typing import Any

from helpers.aws.client import client, exists

GLUE_LOGS = "/aws-glue/jobs/"
SCANNED_AT_MOST = 2**30  # bytes a query: half a cent


def database(name: str) -> None:
    """A database of the Glue Data Catalog (CreateDatabase); one that exists is left as it is."""
    glue = client("glue")
    try:
        glue.create_database(DatabaseInput={"Name": name})
    except glue.exceptions.AlreadyExistsException:
        pass


def workgroup(athena: Any, name: str, results: str) -> None:
    """A learner's workgroup of Athena (CreateWorkGroup); one that exists is left as it is.

    No query in it scans more than a gigabyte.

    Args:
        athena: a client of Athena.
        results: where results go, in the learner's part of S3.
    """
    settings = {
        "ResultConfiguration": {"OutputLocation": results},
        "EnforceWorkGroupConfiguration": False,  # else CREATE TABLE AS could not say where its files go
        "BytesScannedCutoffPerQuery": SCANNED_AT_MOST,
    }
    try:
        athena.create_work_group(Name=name, Configuration=settings)
    except athena.exceptions.InvalidRequestException:
        if not exists(athena.get_work_group, WorkGroup=name):
            raise


def crawler(**settings: Any) -> None:
    """A Glue crawler: CreateCrawler, or UpdateCrawler for one that exists. Raises while that one is running."""
    glue = client("glue")
    try:
        glue.create_crawler(**settings)
    except glue.exceptions.AlreadyExistsException:
        glue.update_crawler(**settings)


def glue_job(*, Name: str, **settings: Any) -> None:
    """A Glue job: CreateJob, or UpdateJob for one that exists.

    Its runs log to groups of its own, and so of its learner's: those that AWS would take, all jobs of an account share.
    """
    glue = client("glue")
    logs = {"--custom-logGroup-prefix": GLUE_LOGS + Name}
    settings["DefaultArguments"] = logs | settings.get("DefaultArguments", {})
    try:
        glue.create_job(Name=Name, **settings)
    except glue.exceptions.AlreadyExistsException:
        glue.update_job(JobName=Name, JobUpdate=settings)


def pipeline(name: str, definition: str, role: str) -> str:
    """A SageMaker pipeline from its definition in JSON: CreatePipeline or UpdatePipeline. Returns its ARN."""
    sagemaker = client("sagemaker")
    given = {"PipelineName": name, "PipelineDefinition": definition, "RoleArn": role}
    if exists(sagemaker.describe_pipeline, PipelineName=name):
        return str(sagemaker.update_pipeline(**given)["PipelineArn"])
    return str(sagemaker.create_pipeline(**given)["PipelineArn"])
