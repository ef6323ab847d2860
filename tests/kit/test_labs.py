"""The generator: what it leaves out, what it keeps, and what it says about a lab that somebody edited."""

import nbformat
import pytest

from helpers.checks.exercise import worked_answer
from kit import labs

CELL = "def double(x):\n    # solution\n    y = x + x\n    return y\n    # end solution"


@pytest.fixture
def course(tmp_path):
    """A course of one solution notebook, with its lab built."""
    cells = [
        nbformat.v4.new_markdown_cell("Double a number.", id="task"),
        nbformat.v4.new_code_cell(CELL, id="answer", execution_count=3),
        nbformat.v4.new_markdown_cell("<!-- solution -->\nAdding is enough.", id="why"),
    ]
    (tmp_path / "solutions").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "solutions" / "01_double.ipynb")
    labs.build(tmp_path)
    return tmp_path


def read_lab(course):
    return nbformat.read(course / "labs" / "01_double.ipynb", as_version=4)


def test_an_answer_becomes_a_placeholder():
    assert labs.without_answer(CELL) == "def double(x):\n    ...  # your code here"


HALF_MARKED = ["# solution\n1", "1\n# end solution", "# solution\n# solution\n# end solution"]


@pytest.mark.parametrize("source", HALF_MARKED)
def test_a_mark_without_its_pair_is_an_error(source):
    with pytest.raises(ValueError, match="without"):
        labs.without_answer(source)


def test_a_lab_keeps_cell_ids_and_loses_outputs_and_solution_only_text(course):
    kept = [(cell.id, cell.get("execution_count")) for cell in read_lab(course).cells]
    assert kept == [("task", None), ("answer", None)]


def test_building_again_changes_no_byte(course):
    path = course / "labs" / "01_double.ipynb"
    before = path.read_bytes()
    labs.build(course)
    assert path.read_bytes() == before


def test_a_lab_that_was_only_run_is_not_a_difference(course):
    lab = read_lab(course)
    lab.cells[1].execution_count = 1
    lab.cells[1].outputs = [nbformat.v4.new_output("stream", text="hello")]
    nbformat.write(lab, course / "labs" / "01_double.ipynb")
    assert labs.differences(course) == []


def test_an_edited_lab_is_a_readable_difference(course):
    lab = read_lab(course)
    lab.cells[0].source = "Triple a number."
    nbformat.write(lab, course / "labs" / "01_double.ipynb")
    assert {"-Triple a number.", "+Double a number."} <= set(labs.differences(course))


def test_a_lab_without_a_solution_is_a_difference(course):
    (course / "solutions" / "01_double.ipynb").unlink()
    assert "-Double a number." in labs.differences(course)


def test_a_worked_answer_is_the_cell_without_its_marks(course):
    assert worked_answer("01_double", "double", course) == "def double(x):\n    y = x + x\n    return y"
