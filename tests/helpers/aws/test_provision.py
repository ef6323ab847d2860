"""A lesson that is run twice finds its resources, with the settings of the second time."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from helpers import cleanup
from helpers.aws import jobs, provision


def test_a_database_can_be_asked_for_twice(workshop: Any) -> None:
    provision.database("ensure_twice")
    provision.database("ensure_twice")
    assert boto3.client("glue").get_database(Name="ensure_twice")["Database"]["Name"] == "ensure_twice"


def test_a_crawler_takes_the_settings_of_the_second_call(workshop: Any) -> None:
    for folder in ("one/", "two/"):
        targets = {"S3Targets": [{"Path": workshop.s3(folder)}]}
        provision.crawler(Name="ensure", Role=workshop.role, DatabaseName=workshop.database, Targets=targets)
    crawler = boto3.client("glue").get_crawler(Name="ensure")["Crawler"]
    assert crawler["Targets"]["S3Targets"][0]["Path"] == workshop.s3("two/")


def test_a_glue_job_takes_the_settings_of_the_second_call(workshop: Any) -> None:
    command = {"Name": "glueetl", "ScriptLocation": workshop.s3("job.py")}
    for minutes in (10, 20):
        provision.glue_job(Name="ensure", Role=workshop.role, Command=command, Timeout=minutes)
    assert boto3.client("glue").get_job(JobName="ensure")["Job"]["Timeout"] == 20


def test_a_glue_jobs_runs_log_to_groups_of_its_own_which_go_with_it(workshop: Any, glue_image: None) -> None:
    name, glue, logs = "own-logs", boto3.client("glue"), boto3.client("logs")
    script = b"print('rows in')\nraise ValueError('no stars')"
    boto3.client("s3").put_object(Bucket=workshop.bucket, Key=f"{workshop.prefix}/own-logs.py", Body=script)
    command = {"Name": "glueetl", "ScriptLocation": workshop.s3("own-logs.py"), "PythonVersion": "3"}
    capacity = {"GlueVersion": "5.1", "WorkerType": "G.1X", "NumberOfWorkers": 2}
    provision.glue_job(Name=name, Role=workshop.role, Command=command, DefaultArguments={"--x": "1"}, **capacity)
    run = glue.start_job_run(JobName=name)["JobRunId"]
    with pytest.raises(jobs.JobFailed, match="no stars\nTraceback"):  # the reason, then the end of the error log
        jobs.wait_for_glue(name, run)
    assert jobs.glue_log(name, run) == ["rows in"]
    assert glue.get_job(JobName=name)["Job"]["DefaultArguments"]["--x"] == "1"

    def groups() -> int:
        return len(logs.describe_log_groups(logGroupNamePrefix=f"/aws-glue/jobs/{name}/")["logGroups"])

    assert groups() == 2
    cleanup.delete_glue_job(name)
    assert groups() == 0


def test_settings_that_aws_refuses_are_an_error(workshop: Any) -> None:
    with pytest.raises(ClientError, match="ScriptLocation"):
        provision.glue_job(Name="refused", Role=workshop.role, Command={"Name": "glueetl"})
