"""The table of quotas: codes as Service Quotas has them, and needs that follow from the lessons."""

from __future__ import annotations

import csv
import json
import re

import pytest
from policies import INFRA

ROOT = INFRA.parent
COLUMNS = ["service", "code", "name", "default", "needed_1", "needed_20", "needed_60", "checked", "source"]
with (INFRA / "quotas.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))
ONE_FOR_ALL = {"Total domains"}
SHARED = {"Roles per account": 1, "Stack count": 2}  # what an event has beside what each learner has


def sources(lesson: str) -> str:
    """The code of a lesson."""
    (path,) = (ROOT / "notebooks").glob(f"{lesson}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def needed(name: str) -> int:
    (row,) = [row for row in ROWS if row["name"] == name]
    return int(row["needed_1"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_each_row_has_a_code_a_default_and_where_both_are_from(row: dict[str, str]) -> None:
    assert list(row) == COLUMNS
    assert re.fullmatch(r"L-[0-9A-F]{8}", row["code"])
    assert row["checked"] in ("documented", "reported", "code only")
    assert row["default"].isdigit() == (row["checked"] != "code only")
    assert row["source"]


def test_no_quota_stands_twice() -> None:
    assert len({row["code"] for row in ROWS}) == len({row["name"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_what_many_need_is_many_times_what_one_needs(row: dict[str, str]) -> None:
    one, twenty, sixty = (int(row[f"needed_{size}"]) for size in (1, 20, 60))
    if row["name"] in ONE_FOR_ALL:
        assert one == twenty == sixty
    elif row["name"] in SHARED:
        assert (sixty - twenty) % 40 == 0
        assert twenty - (sixty - twenty) // 2 == SHARED[row["name"]]
    else:
        assert (twenty, sixty) == (20 * one, 60 * one)


def test_the_training_jobs_are_those_of_lesson_06() -> None:
    """One search after the other: as many at once as the one that has most."""
    asked = [int(number) for number in re.findall(r"(?:max_parallel_jobs|at_once)=(\d)", sources("06"))]
    assert len(asked) == 3
    assert needed("ml.m5.large for training job usage") == max(asked)


def test_the_endpoints_and_transform_jobs_are_those_of_lesson_08() -> None:
    models = re.search(r"SERVING\b.* = \{([^}]+)\}", sources("08"))
    assert models
    assert needed("ml.m5.large for endpoint usage") == len(models[1].split(","))
    assert needed("ml.m5.large for transform job usage") == sources("08").count("create_transform_job(") > 0


def test_the_serverless_endpoint_is_that_of_lesson_07() -> None:
    concurrency = re.search(r'"MaxConcurrency": (\d+)', sources("07"))
    assert concurrency
    name = "Maximum total concurrency that can be allocated across all serverless endpoints"
    assert needed(name) == int(concurrency[1])
