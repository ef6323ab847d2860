"""What a step costs; what an execution is read from is tested in test_steps.py."""

from __future__ import annotations

import pytest

from helpers.pipeline import executions


def test_a_processing_job_costs_its_instance_by_the_hour() -> None:
    assert executions.processing("ml.m5.large", 60) == pytest.approx(0.115)
