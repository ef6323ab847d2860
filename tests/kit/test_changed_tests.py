"""Which tests `course.py test --changed` takes: by imports, by names, and all where everything may change."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kit import changed_tests

FILES = {
    "helpers/__init__.py": "",
    "helpers/money/__init__.py": "",
    "helpers/money/costs.py": "from pricelist import table",
    "helpers/money/budget.py": "def check():\n    from helpers.money.costs import training",
    "pricelist/table.py": "",
    "pricelist/prices.csv": "",
    "localcloud/services/glue.py": "",
    "localcloud/jobs/spark.py": "",
    "localcloud/jobs/images/glue-5.1.txt": "",
    "jobs/glue/reviews_etl.py": "",
    "notebooks/03_glue_etl.ipynb": "",
    "README.md": "",
    "tests/kit/test_labs.py": "",
    "tests/helpers/money/test_costs.py": "from helpers.money import costs",
    "tests/helpers/money/test_budget.py": "import records",
    "tests/helpers/records.py": "from helpers.money.budget import check",
    "tests/localcloud/services/test_glue.py": "",
    "tests/localcloud/services/test_glue_workflows.py": "",
    "tests/localcloud/services/test_training.py": "",
    "tests/localcloud/jobs/test_spark.py": "from localcloud.jobs import spark",
    "tests/jobs/test_reviews_etl.py": "",
    "tests/notebooks/test_style.py": "",
    "tests/notebooks/test_lessons.py": "",
    "tests/localcloud/test_alone.py": "",
    "tests/localcloud/conftest.py": "",
    "tests/labs/test_every_lab.py": "",
    "tests/jobs/etl_driver.py": "",
    "localcloud/README.md": "",
    "tests/test_course.py": "",
    "course.py": "",
    "requirements.lock": "",
}
MONEY = ["tests/helpers/money/test_budget.py", "tests/helpers/money/test_costs.py"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        ("helpers/money/budget.py", ["tests/helpers/money/test_budget.py"]),
        ("helpers/money/costs.py", MONEY),
        ("pricelist/table.py", MONEY),
        ("pricelist/prices.csv", MONEY),
        ("tests/helpers/records.py", ["tests/helpers/money/test_budget.py"]),
        ("tests/helpers/money/test_costs.py", ["tests/helpers/money/test_costs.py"]),
        (
            "localcloud/services/glue.py",
            ["tests/localcloud/services/test_glue.py", "tests/localcloud/services/test_glue_workflows.py"],
        ),
        ("localcloud/jobs/images/glue-5.1.txt", ["tests/localcloud/jobs/test_spark.py"]),
        ("jobs/glue/reviews_etl.py", ["tests/jobs/test_reviews_etl.py"]),
        ("notebooks/03_glue_etl.ipynb", ["tests/notebooks/test_lessons.py", "tests/notebooks/test_style.py"]),
        ("course.py", ["tests/test_course.py"]),
        ("requirements.lock", ["tests"]),
        ("README.md", []),
        ("localcloud/README.md", ["tests/localcloud/test_alone.py"]),
        ("tests/jobs/etl_driver.py", ["tests/jobs/test_reviews_etl.py"]),
        (
            "tests/localcloud/conftest.py",
            [
                "tests/localcloud/jobs/test_spark.py",
                "tests/localcloud/services/test_glue.py",
                "tests/localcloud/services/test_glue_workflows.py",
                "tests/localcloud/services/test_training.py",
                "tests/localcloud/test_alone.py",
            ],
        ),
        (
            "tests/notebooks/sanitize.cfg",
            ["tests/labs/test_every_lab.py", "tests/notebooks/test_lessons.py", "tests/notebooks/test_style.py"],
        ),
        ("helpers/money/deleted.py", MONEY),
    ],
)
def test_a_changed_file_chooses_the_tests_that_look_at_it(project: Path, changed: str, tests: list[str]) -> None:
    assert changed_tests.choose({changed}, project) == tests


def test_changed_new_and_deleted_files_are_found(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    for name in ("stays.py", "changes.py", "goes.py"):
        (tmp_path / name).write_text("1")
    git("add", ".")
    git("commit", "-m", "first")
    (tmp_path / "changes.py").write_text("2")
    (tmp_path / "goes.py").unlink()
    (tmp_path / "with space é.py").write_text("3")
    assert changed_tests.changed_files(tmp_path) == {"changes.py", "goes.py", "with space é.py"}
