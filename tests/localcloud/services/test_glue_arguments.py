"""localcloud/services/glue_arguments.py: each argument and member acts, is refused by name, or has a reason."""

from __future__ import annotations

import re
from typing import Any

import pytest

from localcloud.protocol import ServiceError
from localcloud.services import glue_arguments


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", {}),
        ("spark.a=1", {"spark.a": "1"}),
        (
            "spark.a=1 --conf spark.b=x=y --conf  spark.c=two words",
            {"spark.a": "1", "spark.b": "x=y", "spark.c": "two words"},
        ),
        ("spark.sql.shuffle.partitions=3 --conf=spark.d=", {"spark.sql.shuffle.partitions": "3", "spark.d": ""}),
    ],
)
def test_conf_holds_settings(text: str, settings: dict[str, str]) -> None:
    assert glue_arguments.spark_settings({"--conf": text}) == settings


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"--conf": "spark.a"}, "write key=value"),
        ({"--conf": "spark.a=1, spark b=2 --conf x"}, "'x'"),
        ({"--conf": "spark.a=1 --conf spark.master=yarn"}, "spark.master"),
        ({"--conf": "spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog"}, "spark.sql.catalog.lake"),
        ({"--conf": "spark.hadoop.fs.s3.impl=x"}, "spark.hadoop.fs.s3.impl"),
        ({"--datalake-formats": "delta"}, "--datalake-formats"),
        ({"--enable-glue-datacatalog": ""}, "from_catalog"),
        ({"--job-language": "scala"}, "only python"),
        ({"--job-bookmark-option": "job-bookmark-pause"}, "only job-bookmark-disable"),
        ({"--extra-py-files": "s3://b/a.py,/tmp/b.py"}, "'/tmp/b.py'"),
        ({"--extra-files": "s3://b/folder/"}, "each file"),
        ({"--customer-driver-env-vars": "PATH=/x"}, "CUSTOMER_NAME=value"),
        ({"--source": "s3://b/x/../y"}, "--source"),
        ({"--custom-logGroup-prefix": "/mine:*"}, "--custom-logGroup-prefix has '/mine:*'"),
        ({"--continuous-log-logGroup": "/mine"}, "--custom-logGroup-prefix names"),
    ],
)
def test_an_argument_that_cannot_act_is_refused(arguments: dict[str, str], named: str) -> None:
    with pytest.raises(ServiceError, match=re.escape(named)):
        glue_arguments.check_arguments(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {
            "--enable-glue-datacatalog": "false",
            "--job-language": "python",
            "--job-bookmark-option": "job-bookmark-disable",
        },
        {"--enable-metrics": "true", "--TempDir": "s3://b/t/", "--my-own": "--conf", "bare": "x"},
        {
            "--extra-py-files": "s3://b/a.py, s3a://b/c.zip",
            "--customer-driver-env-vars": 'CUSTOMER_A=1,CUSTOMER_B="2,3"',
        },
    ],
)
def test_other_arguments_pass(arguments: dict[str, str]) -> None:
    glue_arguments.check_arguments(arguments)


def test_variables_may_hold_commas_in_quotes() -> None:
    name = "--customer-executor-env-vars"
    assert glue_arguments.variables({name: 'CUSTOMER_A=1,CUSTOMER_B="2,3"'}, name) == {
        "CUSTOMER_A": "1",
        "CUSTOMER_B": "2,3",
    }


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"Connections": {"Connections": ["c"]}}, "Connections"),
        ({"SecurityConfiguration": "s"}, "SecurityConfiguration"),
        ({"NotificationProperty": {"NotifyDelayAfter": 1}}, "NotificationProperty"),
        ({"CodeGenConfigurationNodes": {"n": {}}}, "CodeGenConfigurationNodes"),
        ({"JobMode": "VISUAL"}, "VISUAL"),
        ({"Timeout": 10081}, "10080"),
        ({"JobRunId": "jr_1"}, "JobRunId"),
        ({"JobRunQueuingEnabled": True}, "JobRunQueuingEnabled"),
    ],
)
def test_a_member_that_cannot_act_is_refused(members: dict[str, Any], named: str) -> None:
    with pytest.raises(ServiceError, match=re.escape(named)):
        glue_arguments.check_members(members)


def test_a_run_says_which_arguments_have_no_effect() -> None:
    [line] = glue_arguments.notices(["--enable-spark-ui", "--mine", "--conf"])
    assert line.startswith("WARN --enable-spark-ui has no effect here: no event log")
    assert not set(glue_arguments.NO_EFFECT) & (set(glue_arguments.REFUSED) | set(glue_arguments.ACTS))
