"""Time limits that are long: what they end was started by an earlier file, and its time has passed meanwhile."""

from __future__ import annotations

from glue_jobs import Glue


def test_a_glue_run_that_never_ends_meets_its_time_limit(glue: Glue, endless_run: tuple[str, str]) -> None:
    run = glue.ended(*endless_run)
    assert run["JobRunState"] == "TIMEOUT"
    assert "timeout of 1 minute" in run["ErrorMessage"]
    assert 60 <= run["ExecutionTime"] <= 75
