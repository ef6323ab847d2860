"""How long the lessons take, measured in the notebooks themselves, and agendas for half a day and a day.

`python3 course.py agenda` prints them. A heading's cell with the tag `optional` makes its section optional, up to the
next heading of its level or above: the core path leaves it out. Standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# Silent reading of English non-fiction: most adults read 175 to 300 words a minute, 238 on average, and who learned
# English later reads more slowly; so the slow end. Brysbaert (2019), "How many words do we read per minute?", Journal
# of Memory and Language 109, 104047, https://doi.org/10.1016/j.jml.2019.104047
WORDS_A_MINUTE = 175
# Assumptions of the course: to read a code cell, run it and look at what it shows; to write an answer; to decide.
A_CELL, A_TURN, A_DECISION = 1.0, 5.0, 2.0
LONGEST_CORE = 5 * 60  # minutes of all lessons together
HALF_DAY = ("00", "02", "03", "05", "07", "12")
MOST_AT_A_STRETCH, BREAK, LUNCH, START, NOON = 75, 10, 45, 9 * 60, 12 * 60 + 30  # minutes
_HEADING = re.compile(r"(#+) ")
_WAITED = re.compile(r"^[✓✗] .+ · waited (\d+) s$", re.MULTILINE)
_STATED = re.compile(r"(\d+) minutes")


@dataclass(frozen=True)
class Part:
    """What a lesson's core, or its optional sections, ask of a learner."""

    words: int = 0
    code_cells: int = 0
    working: float = 0.0  # minutes at code cells
    waiting: float = 0.0  # minutes that the stored run waited for jobs, on the machine that stored it

    @property
    def minutes(self) -> float:
        return self.words / WORDS_A_MINUTE + self.working + self.waiting

    def __add__(self, other: Part) -> Part:
        return Part(
            self.words + other.words,
            self.code_cells + other.code_cells,
            self.working + other.working,
            self.waiting + other.waiting,
        )


@dataclass(frozen=True)
class Lesson:
    """A lesson measured; `stated` are the minutes of its first cell, `lab` those that its lab states, 0 without one."""

    number: str
    title: str
    core: Part
    optional: Part
    stated: int
    lab: int


def measure(path: Path) -> Lesson:
    """Measure a lesson. Raises ValueError when its first cell states no minutes."""
    cells = _cells(path)
    first = _text(cells[0]["source"])
    stated = _STATED.search(first)
    if not stated:
        raise ValueError(f"{path.name} states no minutes in its first cell.")
    core, optional = Part(), Part()
    for cell, is_optional in _with_sections(cells):
        if is_optional:
            optional += _part(cell)
        else:
            core += _part(cell)
    title = first.splitlines()[0].removeprefix("# ").partition(" · ")[2]
    return Lesson(path.name[:2], title, core, optional, int(stated[1]), _lab(path))


def lessons(root: Path = ROOT) -> list[Lesson]:
    """All lessons, measured, in order."""
    return [measure(path) for path in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))]


def schedule(chosen: Iterable[Lesson]) -> Iterator[tuple[int, str]]:
    """When what begins, in minutes since midnight: lessons in order, breaks and one lunch between them, and the end."""
    clock, sitting, eaten = START, 0, False
    for lesson in chosen:
        minutes = round(lesson.core.minutes)
        if not eaten and clock + minutes / 2 > NOON:
            yield clock, "lunch"
            clock, sitting, eaten = clock + LUNCH, 0, True
        elif sitting and sitting + minutes > MOST_AT_A_STRETCH:
            yield clock, "break"
            clock, sitting = clock + BREAK, 0
        yield clock, f"{lesson.number} {lesson.title}"
        clock, sitting = clock + minutes, sitting + minutes
    yield clock, "end"


def report(found: list[Lesson]) -> Iterator[str]:
    """The lines that `course.py agenda` prints."""
    yield f"{'lesson':<52} {'words':>5} {'cells':>5} {'wait':>5} {'min':>4} {'stated':>6} {'optional':>8} {'lab':>4}"
    for one in found:
        title = f"{one.number} {one.title}"[:52]
        counted = f"{one.core.words:>5} {one.core.code_cells:>5} {one.core.waiting:>5.1f} {one.core.minutes:>4.0f}"
        yield f"{title:<52} {counted} {one.stated:>6} {one.optional.minutes:>8.0f} {one.lab or '':>4}"
    core, optional, labs = (
        sum(minutes) for minutes in zip(*((x.core.minutes, x.optional.minutes, x.lab) for x in found), strict=True)
    )
    yield f"\nThe core path: {_hours(core)}. Optional sections: {_hours(optional)}. Labs state {_hours(labs)}."
    if core > LONGEST_CORE:
        yield f"⚠️ The core path is meant to take {_hours(LONGEST_CORE)} at most."
    yield (
        f"Minutes: {WORDS_A_MINUTE} words a minute (the slow end of adults' reading of non-fiction, Brysbaert 2019), "
        f"{A_CELL:g} a code cell,\n{A_TURN:g} a Your turn, {A_DECISION:g} a decision (assumptions), "
        "and the waits of the stored run; on AWS jobs take longer to start."
    )
    for name, chosen in (("Half a day", [one for one in found if one.number in HALF_DAY]), ("A day", found)):
        yield f"\n{name}"
        yield from (f"  {clock // 60:02}:{clock % 60:02}  {what}" for clock, what in schedule(chosen))


def main() -> int:
    for line in report(lessons()):
        print(line)
    return 0


def _cells(path: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return cells


def _with_sections(cells: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], bool]]:
    """Each cell, and whether it is in an optional section."""
    level = 0  # of the optional section's heading; 0 outside of one
    for cell in cells:
        heading = _HEADING.match(_text(cell["source"])) if cell["cell_type"] == "markdown" else None
        if heading and (not level or len(heading[1]) <= level):
            level = len(heading[1]) if "optional" in cell["metadata"].get("tags", ()) else 0
        yield cell, level > 0


def _part(cell: dict[str, Any]) -> Part:
    source = _text(cell["source"])
    if cell["cell_type"] != "code":
        return Part(words=len(re.findall(r"\w[\w'’.,-]*", re.sub(r"\]\([^)]*\)", "]", source))))
    shown = [_text(output.get("data", {}).get("text/plain", output.get("text", ""))) for output in cell["outputs"]]
    waited = sum(int(seconds) for text in shown for seconds in _WAITED.findall(text)) / 60
    is_turn = "your-turn" in cell["metadata"].get("tags", ())
    working = A_TURN if is_turn else A_DECISION if source.startswith("decide(") else A_CELL
    return Part(code_cells=1, working=working, waiting=waited)


def _lab(path: Path) -> int:
    lab = path.parent.parent / "labs" / path.name
    if not lab.exists():
        return 0
    found = re.search(r"\*\*Time\*\*: (\d+) minutes", _text(_cells(lab)[0]["source"]))
    return int(found[1]) if found else 0


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _hours(minutes: float) -> str:
    hours, rest = divmod(round(minutes), 60)
    return f"{hours} h {rest} min"
