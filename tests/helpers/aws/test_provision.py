"""A lesson that is run twice finds its resources, with the settings of the second time."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from helpers.aws import provision


def test_a_database_can_be_asked_for_twice(workshop: Any) -> None:
    provision.database("ensure_twice")
    provision.database("ensure_twice")
    assert boto3.client("glue").get_database(Name="ensure_twice")["Database"]["Name"] == "ensure_twice"


def test_a_glue_job_takes_the_settings_of_the_second_call(workshop: Any) -> None:
    command = {"Name": "glueetl", "ScriptLocation": workshop.s3("job.py")}
    for minutes in (10, 20):
        provision.glue_job(Name="ensure", Role=workshop.role, Command=command, Timeout=minutes)
    assert boto3.client("glue").get_job(JobName="ensure")["Job"]["Timeout"] == 20


def test_settings_that_aws_refuses_are_an_error(workshop: Any) -> None:
    with pytest.raises(ClientError, match="ScriptLocation"):
        provision.glue_job(Name="refused", Role=workshop.role, Command={"Name": "glueetl"})
