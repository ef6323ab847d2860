"""Every lesson and lab reads as the course promises: short cells, a price and a time, no place of its own."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import mistune
import nbformat
import pytest

from helpers.checks.exercise import BEGIN, END
from kit import agenda, notebook_order

PROJECT = Path(__file__).resolve().parents[2]
LESSONS = sorted((PROJECT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
LABS = sorted(path for folder in ("labs", "solutions") for path in (PROJECT / folder).glob("[0-9][0-9]_*.ipynb"))
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
each_lab = pytest.mark.parametrize("path", LABS, ids=lambda path: f"{path.parent.name}-{path.stem}")
each_notebook = pytest.mark.parametrize("path", [*LESSONS, *LABS], ids=lambda path: f"{path.parent.name}-{path.stem}")

REGION = re.compile(r"\b(?:us|eu|ap|sa|ca|me|af|il|mx)-(?:gov-)?(?:north|south|east|west|central)+-\d\b")
ACCOUNT = re.compile(r"(?<![\w.])\d{12}(?![\w.])")
BUCKET = re.compile(r"s3://[a-z0-9]")
# Modules of helpers by their last name, but for those that are a word of another library as well: `jobs.py`.
MODULES = {
    path.stem: [".".join(path.relative_to(PROJECT).with_suffix("").parts)]
    for path in (PROJECT / "helpers").rglob("*.py")
    if [*(PROJECT / "helpers").rglob(f"{path.stem}.py")] == [path]
}
# Folders of this machine and of anyone's: no stored cell or output names them.
OWN_FOLDERS = {str(PROJECT), str(Path.home()), sys.base_prefix, tempfile.gettempdir(), os.path.realpath(sys.prefix)}
ANY_HOME = re.compile(r"/(?:home|Users|usr/lib)/\w|\b[A-Z]:\\\w")


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def cells(path: Path, kind: str) -> list[Any]:
    return [cell for cell in read(path).cells if cell.cell_type == kind]


def sizes(path: Path) -> list[int]:
    """Lines of each code cell; the marks around a worked answer are none."""
    found = [[line.strip() for line in cell.source.splitlines()] for cell in cells(path, "code")]
    return [len([line for line in lines if line not in (BEGIN, END)]) for lines in found]


def outputs(path: Path) -> Iterator[tuple[str, str]]:
    """Cell id and text of everything that is stored as output, but for the bytes of pictures."""
    for cell in cells(path, "code"):
        for output in cell.outputs:
            data = [output.get("text", ""), output.get("evalue", ""), *output.get("traceback", [])]
            for text in [*data, *(v for v in output.get("data", {}).values() if isinstance(v, str))]:
                yield cell.id, re.sub(r"base64,[A-Za-z0-9+/=]+", "", text)


@each_notebook
def test_code_cells_are_short(path: Path) -> None:
    lines = sizes(path)
    assert statistics.median(lines) <= 6
    assert statistics.quantiles(lines, n=10)[-1] <= 12
    assert max(lines) <= 15


@each_notebook
def test_functions_in_a_notebook_are_at_most_15_lines(path: Path) -> None:
    for cell in cells(path, "code"):
        for node in ast.walk(ast.parse(re.sub(r"(?m)^[%!].*$", "", cell.source))):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 15, (cell.id, node.name)


@each_lesson
def test_there_are_at_least_as_many_words_cells_as_code_cells(path: Path) -> None:
    assert 1 <= len(cells(path, "markdown")) / len(cells(path, "code")) <= 2


@each_lab
def test_a_lab_has_about_as_many_words_cells_as_code_cells(path: Path) -> None:
    assert 0.75 <= len(cells(path, "markdown")) / len(cells(path, "code")) <= 2


@each_lesson
def test_the_learner_has_a_turn_that_the_unattended_run_skips(path: Path) -> None:
    """A code cell with the tag `your-turn`, announced in words; with a check, it is stored as not attempted."""
    every = read(path).cells
    turns = [place for place, cell in enumerate(every) if "your-turn" in cell.metadata.get("tags", [])]
    assert turns
    for place in turns:
        assert "Your turn" in every[place - 1].source, every[place].id
        if ".check()" in every[place].source:
            shown = [output.get("data", {}).get("text/plain", "") for output in every[place].outputs]
            assert [text.split(":")[0] for text in shown] == ["○ Not attempted"], every[place].id


@each_lesson
def test_a_lesson_asks_for_one_to_four_predictions_and_measures_each_of_them(path: Path) -> None:
    code = "\n".join(cell.source for cell in cells(path, "code"))
    asked = re.findall(r'(?m)^predict\(\s*ws, "([a-z-]+)"', code)
    assert 1 <= len(asked) <= 4
    assert len(set(asked)) == len(asked)
    for name in asked:
        before, _, after = code.partition(f'predict(ws, "{name}"')
        assert (f'truth(ws, "{name}"' in after) > (f'truth(ws, "{name}"' in before), name
    in_words = sum(len(re.findall(r"\bPredict\b", cell.source)) for cell in cells(path, "markdown"))
    assert in_words <= len(asked), "a prediction in words goes nowhere: ask for it with predict, or say Look"


@each_lesson
def test_a_lesson_ends_with_the_learners_decision_as_yet_without_an_entry(path: Path) -> None:
    decisions = [cell for cell in cells(path, "code") if cell.source.startswith("decide(")]
    shown = [output.data["text/plain"] for cell in decisions for output in cell.outputs]
    assert [text.split(":")[0] for text in shown] == ["○ Your decision"]


@each_lesson
def test_the_minutes_of_a_lesson_are_those_that_its_words_and_cells_make(path: Path) -> None:
    found = agenda.measure(path)
    allowed = max(5, 0.15 * found.core.minutes)
    assert abs(found.stated - found.core.minutes) <= allowed, f"measured: {found.core.minutes:.0f} minutes"


def test_all_lessons_core_paths_together_fit_into_a_day() -> None:
    assert sum(lesson.core.minutes for lesson in agenda.lessons()) <= agenda.LONGEST_CORE


@each_lesson
def test_a_section_that_is_optional_says_so(path: Path) -> None:
    for cell in cells(path, "markdown"):
        if "optional" in cell.metadata.get("tags", []):
            assert re.match(r"#+ .*optional", cell.source), cell.id


@each_notebook
def test_the_first_cell_promises_three_things_with_time_and_price(path: Path) -> None:
    first = read(path).cells[0].source
    assert first.startswith("# L")
    assert len(re.findall(r"(?m)^- .*\*\*.+\*\*", first)) == 3
    assert re.search(r"\d+ minutes", first)
    assert re.search(r"on AWS.{0,40}\$\d+\.\d\d", first)


@each_notebook
def test_the_last_cell_answers_them_and_links_the_next_lesson(path: Path) -> None:
    last = read(path).cells[-1].source
    assert len(re.findall(r"(?m)^- \*\*.+\*\*", last)) == 3
    assert "🧹" in last
    assert "**Take to work**" in last
    assert re.search(r"\*\*Next\*\*: .*\[.+\]\(\S+\)", last)


@each_notebook
def test_links_to_other_files_of_the_course_lead_somewhere(path: Path) -> None:
    for cell in cells(path, "markdown"):
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", cell.source):
            assert (path.parent / target).exists(), f"{cell.id} links {target}"


@each_notebook
def test_a_code_cell_names_no_region_account_or_bucket(path: Path) -> None:
    for cell in cells(path, "code"):
        for pattern in (REGION, ACCOUNT, BUCKET):
            assert not pattern.search(cell.source), f"{cell.id}: {pattern.search(cell.source)}"


@each_notebook
def test_a_code_cell_does_not_ask_where_it_runs_or_install_anything(path: Path) -> None:
    for cell in cells(path, "code"):
        assert not re.search(r"localcloud|AWS_ENDPOINT_URL|pip install|%store|ws\.place", cell.source), cell.id


@each_notebook
def test_no_folder_of_a_machine_is_stored(path: Path) -> None:
    stored = [(cell.id, cell.source) for cell in read(path).cells] + list(outputs(path))
    for cell_id, text in stored:
        assert not ANY_HOME.search(text), cell_id
        assert not [folder for folder in OWN_FOLDERS if f"{folder}/" in text], cell_id


@each_notebook
def test_an_error_is_stored_only_where_it_is_wanted(path: Path) -> None:
    failed = [cell for cell in cells(path, "code") if any(o.output_type == "error" for o in cell.outputs)]
    assert [cell.id for cell in failed if "raises-exception" not in cell.metadata.get("tags", [])] == []


@each_lesson
def test_nothing_is_stored_as_written_to_stderr(path: Path) -> None:
    written = [c.id for c in cells(path, "code") for o in c.outputs if o.get("name") == "stderr"]
    assert written == []


@each_lesson
def test_every_figure_has_alternative_text(path: Path) -> None:
    for cell in cells(path, "code"):
        for output in cell.outputs:
            data = output.get("data", {})
            assert not [kind for kind in data if kind.startswith("image/")], f"{cell.id}: use helpers.show"
            for tag in re.findall(r"<img [^>]*", data.get("text/html", "")):
                assert re.search(r'alt="[^"]{20,}"', tag), cell.id
    for cell in cells(path, "markdown"):
        assert "![](" not in cell.source, cell.id


@each_notebook
def test_dollars_in_text_are_escaped_or_they_are_read_as_mathematics(path: Path) -> None:
    for cell in cells(path, "markdown"):
        text = re.sub(r"```.*?```|`[^`\n]*`", "", cell.source, flags=re.DOTALL)
        assert not re.search(r"(?<!\\)\$", text), cell.id


class _Dollars(HTMLParser):
    """Runs of text, between two tags and outside code, with more than one dollar in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._code = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._code += tag in ("code", "pre")

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in ("code", "pre")

    def handle_data(self, data: str) -> None:
        if not self._code and data.count("$") > 1:
            self.found.append(data)


@each_notebook
def test_two_dollars_do_not_stand_in_one_run_of_text(path: Path) -> None:
    """JupyterLab reads what lies between them as mathematics when it renders a cell again, escaped or not."""
    render = mistune.create_markdown(plugins=["table"])
    for cell in cells(path, "markdown"):
        assert _Dollars(str(render(cell.source))).found == [], f"{cell.id}: set the amounts in bold"


@each_notebook
def test_a_notebook_is_in_order(path: Path) -> None:
    """Readable cell ids, the common kernel, nothing of the machine that ran it, lessons run from top to bottom."""
    assert notebook_order.faults(path) == []


@each_notebook
def test_what_a_text_cell_tells_to_import_or_to_call_is_there(path: Path) -> None:
    """Code in text is not run with the notebook: names of helpers in it must lead somewhere."""
    for cell in cells(path, "markdown"):
        code = re.findall(r"```python\n(.*?)```|`([^`\n]+)`", cell.source, flags=re.DOTALL)
        for text in (block or inline for block, inline in code):
            for package, names in re.findall(r"from (helpers[\w.]*) import ([\w, ]+)", text):
                for name in re.split(r", *", names.strip()):
                    assert _found(package, name), f"{cell.id}: from {package} import {name}"
            for module, name in re.findall(r"(?<![\w./])([a-z_]+)\.([a-z_]\w*)", text):
                for package in MODULES.get(module, ()):
                    assert _found(package, name), f"{cell.id}: {module}.{name}"


def _found(package: str, name: str) -> bool:
    module = importlib.import_module(package)
    below = hasattr(module, "__path__") and importlib.util.find_spec(f"{package}.{name}")
    return hasattr(module, name) or bool(below)
