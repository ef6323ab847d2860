"""Minutes are measured in the notebooks, optional sections apart, and an agenda has breaks and one lunch."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from kit import agenda

FIRST = "# Lesson 01 · A lesson\n\n⏰ **20 minutes**"
WAITED = new_output("display_data", data={"text/plain": "✓ Training job: Completed · waited 90 s"})


def text(source: str, *tags: str) -> Any:
    return new_markdown_cell(source, metadata={"tags": list(tags)})


@pytest.fixture
def measured(tmp_path: Path) -> Any:
    def measure(*cells: Any) -> agenda.Lesson:
        path = tmp_path / "notebooks" / "01_a_lesson.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(new_notebook(cells=[text(FIRST), *cells]), path)
        return agenda.measure(path)

    return measure


def lesson(number: str, minutes: float) -> agenda.Lesson:
    return agenda.Lesson(number, "A lesson", agenda.Part(working=minutes), agenda.Part(), 0, 0)


def test_words_cells_and_waits_make_the_minutes(measured: Any) -> None:
    before = measured().core
    found = measured(text("word " * 350), new_code_cell("train()", outputs=[WAITED]), new_code_cell("look()"))
    assert (found.title, found.stated, found.lab) == ("A lesson", 20, 0)
    assert found.core.words - before.words == 350
    assert found.core.minutes - before.minutes == pytest.approx(350 / agenda.WORDS_A_MINUTE + 2 * agenda.A_CELL + 1.5)


def test_an_answer_and_a_decision_take_longer_than_another_cell(measured: Any) -> None:
    cells = [new_code_cell("mine = ...", metadata={"tags": ["your-turn"]}), new_code_cell("decide(ws, live=...)")]
    assert measured(*cells).core.working == agenda.A_TURN + agenda.A_DECISION


def test_the_addresses_of_links_are_not_read(measured: Any) -> None:
    plain, linked = measured(text("a glue job")), measured(text("a [glue job](https://docs.aws.amazon.com/glue/x/y)"))
    assert plain.core.words == linked.core.words


def test_an_optional_section_ends_at_the_next_heading_of_its_level(measured: Any) -> None:
    cells = [text("## For the keen (optional)", "optional"), new_code_cell("1"), text("### Deeper"), new_code_cell("2")]
    found = measured(*cells, text("## Back"), new_code_cell("3"))
    assert (found.optional.code_cells, found.core.code_cells) == (2, 1)


def test_a_lab_states_its_own_minutes() -> None:
    (found,) = [one for one in agenda.lessons() if one.number == "03"]
    assert found.lab == 35


def test_a_lesson_without_minutes_is_told(tmp_path: Path) -> None:
    nbformat.write(new_notebook(cells=[text("# Lesson 01 · Timeless")]), tmp_path / "01_timeless.ipynb")
    with pytest.raises(ValueError, match=r"01_timeless\.ipynb states no minutes"):
        agenda.measure(tmp_path / "01_timeless.ipynb")


def test_a_break_comes_before_a_sitting_gets_too_long_and_lunch_comes_once() -> None:
    plan = list(agenda.schedule([lesson(f"{number:02}", 40) for number in range(10)]))
    what = [name for _, name in plan]
    assert what.count("lunch") == 1
    sitting = 0
    for (clock, name), (after, _) in pairwise(plan):
        sitting = 0 if name in ("break", "lunch") else sitting + after - clock
        assert sitting <= agenda.MOST_AT_A_STRETCH
    assert plan[-1] == (plan[0][0] + 400 + agenda.LUNCH + agenda.BREAK * what.count("break"), "end")


def test_half_a_day_fits_into_a_morning() -> None:
    plan = list(agenda.schedule(one for one in agenda.lessons() if one.number in agenda.HALF_DAY))
    assert [name[:2] for _, name in plan if name[:2].isdecimal()] == list(agenda.HALF_DAY)
    assert plan[-1][0] - plan[0][0] <= 4 * 60
    assert "lunch" not in [name for _, name in plan]


def test_the_command_prints_each_lesson_the_sum_and_both_agendas(capsys: pytest.CaptureFixture[str]) -> None:
    assert agenda.main() == 0
    printed = capsys.readouterr().out
    for one in agenda.lessons():
        assert printed.count(f"{one.number} {one.title}"[:52].strip()) >= 2
    for words in ("The core path:", "Half a day", "A day", "Brysbaert"):
        assert words in printed
