"""The simulation of sixty learners, here with two and one lesson: it runs, and it sees what it is there to see."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from own_cloud import PROJECT, images_folder

sys.path.append(str(PROJECT / "benchmarks"))

import sixty_apart
import sixty_figures

NEED_AN_IMAGE = {"results"}  # none is built, but a lesson is executed
ARN = "arn:aws:s3:::bucket/data-science-on-aws"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the program writes."""
    path = tmp_path_factory.mktemp("sixty") / "results.json"
    words = ["--learners", "2", "--lessons", "02", "--results", str(path)]
    done = subprocess.run(
        [sys.executable, "benchmarks/sixty_learners.py", *words],
        cwd=PROJECT,
        env={**os.environ, "LOCALCLOUD_IMAGES": str(images_folder())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_each_learner_has_a_result_of_their_own(results: dict[str, Any]) -> None:
    separate = results["separate"]
    assert separate["learners"] == separate["that_name_only_their_own"] == 2
    assert separate["of_no_learner"] == {}
    assert separate["how_many_learners_have"]["tables"] == {"['raw_reviews', 'reviews', 'titles']": 2}


def test_no_call_of_the_lesson_is_denied_and_none_reaches_anothers(results: dict[str, Any]) -> None:
    calls = results["calls"]
    assert (calls["denied"], calls["passed_on_anothers"]) == ([], [])
    assert calls["by_operation"]["glue StartCrawler"] == 2


def test_each_try_on_anothers_is_denied(results: dict[str, Any]) -> None:
    tried = results["tried"]
    assert tried["tries"] == tried["denied"] == 2 * len(tried["by_operation"]) > 0
    assert (tried["passed"], tried["lost"]) == ([], [])


def test_the_sweep_finds_both_and_leaves_nothing(results: dict[str, Any]) -> None:
    sweep = results["sweep"]
    assert " of 2 learners" in sweep["found"]
    assert (sweep["exit_codes"], sweep["end"]) == ([1, 0, 0], "Nothing is left.")
    assert set(sweep["left"].values()) == {0}


def test_a_record_tells_what_was_denied_and_what_passed_on_anothers(tmp_path: Path) -> None:
    def call(learner: str, **more: str) -> dict[str, Any]:
        return {"role": "dsaws-ann-jobs", "needs": [["s3:GetObject", f"{ARN}/{learner}/key", {}]], **more}

    record = tmp_path / "calls.jsonl"
    calls = [call("ann"), call("ann", denied="s3:GetObject"), call("anna"), call("ann", denied="sagemaker:Search")]
    record.write_text("".join(json.dumps(one) + "\n" for one in calls))
    assert sixty_apart.recorded(record) == {
        "distinct": 4,
        "denied_as_documented": {"sagemaker:Search": 1},
        "denied": [calls[1]],
        "passed_on_anothers": [calls[2]],
    }


def test_a_log_tells_how_often_each_operation_was_called_and_throttled(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    lines = ["GET s3 /a b/1 200 3 ms", "POST glue GetTable 200 1 ms", "POST glue GetTable 400 ThrottlingException 1 ms"]
    log.write_text("".join(f"2026-11-28 INFO localcloud: {line}\n" for line in lines) + "a line of something else\n")
    assert sixty_figures.calls(log) == {
        "in_all": 3,
        "throttled": 1,
        "errors": {"glue GetTable ThrottlingException": 1},
        "by_operation": {"glue GetTable": 2, "s3 GET": 1},
    }
