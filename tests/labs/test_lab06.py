"""Lab 06 teaches what lesson 06 and train.py do: their names, their ranges, the shape of SageMaker's own warm start."""

from __future__ import annotations

import math
import re
from typing import Any

import boto3
import pytest
from botocore.validate import validate_parameters
from sagemaker.core.parameter import ContinuousParameter, IntegerParameter

from helpers.checks import lab06
from helpers.checks.exercise import worked_answer
from helpers.money import costs
from helpers.show import source
from kit import labs


def worked(name: str) -> Any:
    """The worked answer of an exercise, as a function."""
    answer: dict[str, Any] = {
        "ContinuousParameter": ContinuousParameter,
        "IntegerParameter": IntegerParameter,
        "math": math,
    }
    exec(worked_answer(lab06.LAB, name), answer)
    return answer[name]


def test_the_hyperparameters_of_exercise_1_are_arguments_of_train_py() -> None:
    parsing = source.show("jobs/sklearn/train.py", "parse_arguments").text
    for name in lab06.ASKED:
        assert f'"--{name}"' in parsing


def test_the_space_of_exercise_1_is_the_lesson_s() -> None:
    lesson = (labs.ROOT / "notebooks" / "06_tune.ipynb").read_text("utf-8")
    for name, (low, high, scale) in lab06.ASKED.items():
        pattern = rf'\\"{name}\\": \w+Parameter\({low:g}, {high:g}, scaling_type=\\"{scale}\\"\)'
        assert re.search(pattern, lesson), name


def test_the_plan_of_exercise_2_costs_what_the_course_s_price_table_says() -> None:
    hourly = costs.price("SageMaker AI", "ml.m5.large Training").usd
    assert worked("plan")(8, 2, 2.5, 1, hourly)[0] == pytest.approx(costs.training("ml.m5.large", 20).usd)


def test_a_warm_start_of_exercise_5_is_what_the_api_takes() -> None:
    shape = (
        boto3.session.Session()
        ._session.get_service_model("sagemaker")
        .shape_for("HyperParameterTuningJobWarmStartConfig")
    )
    for same in (True, False):
        validate_parameters(worked("warm_start")(["a", "b"], same), shape)
        assert worked("warm_start")(["a"], same)["WarmStartType"] in shape.members["WarmStartType"].enum
