"""Notebooks in order: what is found, what `--fix` mends, and that both tools before a commit are the tested ones."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit import kernel, notebook_order

ROOT = Path(__file__).resolve().parents[2]
Notebook = dict[str, Any]


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    """A lesson in order: one cell of text, one of code with its output."""
    output = {"name": "stdout", "output_type": "stream", "text": ["2\n"]}
    cells = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": ["# One"]},
        {
            **{"cell_type": "code", "execution_count": 1, "id": "sum", "metadata": {}},
            **{"outputs": [output], "source": ["print(1 + 1)"]},
        },
    ]
    path = tmp_path / "notebooks" / "01_one.ipynb"
    path.parent.mkdir()
    write(path, {"cells": cells, "metadata": kernel.METADATA, "nbformat": 4, "nbformat_minor": 5})
    return path


def write(path: Path, notebook: Notebook) -> None:
    path.write_text(notebook_order.layout(notebook), encoding="utf-8")


def changed(path: Path, change: Callable[[Notebook], object]) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook)
    write(path, notebook)


def test_a_notebook_in_order_has_no_faults_and_stays_as_it_is(lesson: Path) -> None:
    before = lesson.read_bytes()
    assert notebook_order.main(["--fix", str(lesson)]) == 0
    assert lesson.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda n: n["metadata"]["language_info"].update(version="3.12"), "metadata of one machine"),
        (lambda n: n["metadata"]["kernelspec"].update(name="conda-env"), "metadata of one machine"),
        (
            lambda n: n["cells"][1]["metadata"].update(execution={"iopub.execute_input": "2026"}),
            "cell sum has metadata",
        ),
        (lambda n: n["cells"][1].update(id="4f6c1a2e"), "'4f6c1a2e' says nothing"),
        (lambda n: n["cells"][1].update(id="4f6c1a2e-7b1c-4c1e-9c55-0b1f6f0a9d11"), "says nothing"),
        (lambda n: n["cells"][1].update(id="My Cell"), "'My Cell' says nothing"),
        (lambda n: n["cells"][1].update(id="title"), "'title' is there 2 times"),
        (lambda n: n["cells"][1].update(execution_count=7), "not stored as run from top to bottom"),
        (lambda n: n.update(nbformat_minor=4), "too old to have cell ids"),
        (lambda n: n.pop("cells"), "is no notebook"),
    ],
)
def test_what_is_out_of_order_is_said(lesson: Path, change: Callable[[Notebook], object], words: str) -> None:
    changed(lesson, change)
    (fault,) = notebook_order.faults(lesson)
    assert words in fault
    assert notebook_order.main([str(lesson)]) == 1


def test_a_file_that_is_no_json_is_said_and_left_alone(lesson: Path) -> None:
    lesson.write_text("<html>", encoding="utf-8")
    assert notebook_order.main(["--fix", str(lesson)]) == 1
    assert lesson.read_text(encoding="utf-8") == "<html>"


def test_fix_takes_away_metadata_and_keeps_sources_outputs_and_tags(lesson: Path) -> None:
    def as_saved_by_jupyterlab(notebook: Notebook) -> None:
        notebook["metadata"]["language_info"]["version"] = "3.12"
        notebook["cells"][1]["metadata"] = {"tags": ["raises-exception"], "trusted": True}

    cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
    changed(lesson, as_saved_by_jupyterlab)
    assert notebook_order.main(["--fix", str(lesson)]) == 1, "a commit with a mended file is stopped once"
    assert notebook_order.main(["--fix", str(lesson)]) == 0
    cells[1]["metadata"] = {"tags": ["raises-exception"]}
    assert json.loads(lesson.read_text(encoding="utf-8"))["cells"] == cells


def test_a_lab_that_was_run_is_out_of_order(lesson: Path) -> None:
    lab = lesson.parents[1] / "labs" / lesson.name
    lab.parent.mkdir()
    lab.write_bytes(lesson.read_bytes())
    assert "has been run" in " ".join(notebook_order.faults(lab))


def test_before_a_commit_the_same_ruff_looks_as_in_the_tests() -> None:
    (locked,) = re.findall(r"(?m)^ruff==(\S+)$", (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"ruff==([\d.]+)", hooks)) == {locked}
