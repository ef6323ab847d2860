"""Makes the labs from the solutions (`python -m kit.labs build`) and finds edits by hand (`check`).

A solution notebook is the single source. Two marks say what the lab leaves out:

- in a code cell, the lines from `# solution` to `# end solution` become `...  # your code here`, in a region that is in
  no function with the name that it assigns last, `name = ...  # your code here`;
- a Markdown cell that begins with `<!-- solution -->` is for the reader of the solution only.
"""

import argparse
import ast
import difflib
import sys
from pathlib import Path
from typing import Any

import nbformat

from helpers import PROJECT as ROOT
from helpers.checks.exercise import BEGIN, END, read_notebook
from kit.kernel import METADATA

_nbformat: Any = nbformat  # it has few type hints
PLACEHOLDER = "...  # your code here"
_SOLUTION_ONLY = "<!-- solution -->"


def without_answer(source: str) -> str:
    """Replace the marked regions of a code cell by the placeholder. ValueError: a mark without its pair."""
    kept: list[str] = []
    answer: list[str] | None = None
    for line in source.splitlines():
        mark = line.strip()
        if mark in (BEGIN, END) and (answer is None) != (mark == BEGIN):
            raise ValueError(f"`{mark}` without its pair in the cell:\n{source}")
        if mark == BEGIN:
            answer = []
        elif answer is None:
            kept.append(line)
        elif mark == END:
            kept.append(line.replace(END, _assigned(answer) + PLACEHOLDER))
            answer = None
        else:
            answer.append(line)
    if answer is not None:
        raise ValueError(f"`{BEGIN}` without `{END}` in the cell:\n{source}")
    return "\n".join(kept)


def _assigned(lines: list[str]) -> str:
    """`name = ` for the last name that lines of no function assign, or nothing."""
    if lines[0].startswith(" "):
        return ""
    parts = [part for part in ast.parse("\n".join(lines)).body if isinstance(part, ast.Assign)]
    names = [part.targets[0].id for part in parts if isinstance(part.targets[0], ast.Name)]
    return f"{names[-1]} = " if names else ""


def lab_from(solution: Any) -> Any:
    """Make a solution's lab: the same cells and ids without answers, outputs and solution-only text."""
    cells = []
    for cell in solution.cells:
        if cell.cell_type == "code":
            cells.append(_nbformat.v4.new_code_cell(without_answer(cell.source), id=cell.id))
        elif not cell.source.startswith(_SOLUTION_ONLY):
            cells.append(_nbformat.v4.new_markdown_cell(cell.source, id=cell.id))
    return _nbformat.v4.new_notebook(cells=cells, metadata=METADATA)


def solutions(root: Path = ROOT) -> list[Path]:
    """The solution notebooks, in course order."""
    return sorted((root / "solutions").glob("[0-9][0-9]_*.ipynb"))


def build(root: Path = ROOT) -> list[Path]:
    """Write every lab again, over what is there. Returns the files written."""
    written = []
    for source in solutions(root):
        target = root / "labs" / source.name
        target.parent.mkdir(exist_ok=True)
        _nbformat.write(lab_from(read_notebook(source)), target)
        written.append(target)
    return written


def differences(root: Path = ROOT) -> list[str]:
    """Lines of a readable diff between the labs and what their solutions make; empty when they agree."""
    names = {path.name for path in [*solutions(root), *(root / "labs").glob("*.ipynb")]}
    lines: list[str] = []
    for name in sorted(names):
        lab, source = root / "labs" / name, root / "solutions" / name
        has = _as_text(read_notebook(lab)) if lab.exists() else []
        wants = _as_text(lab_from(read_notebook(source))) if source.exists() else []
        lines += difflib.unified_diff(has, wants, f"labs/{name}", f"made from solutions/{name}", lineterm="")
    return lines


def _as_text(notebook: Any) -> list[str]:
    """A notebook as lines to compare, without outputs: running a lab does not change its content."""
    lines = []
    for cell in notebook.cells:
        lines += [f"--- {cell.cell_type} cell {cell.id}", *cell.source.splitlines()]
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser("python -m kit.labs", description="Make the labs.")
    parser.add_argument("command", choices=["build", "check"])
    if parser.parse_args(arguments).command == "build":
        for path in build():
            print(f"wrote {path.relative_to(ROOT)}")
        return 0
    lines = differences()
    print("\n".join(lines) if lines else "labs/ is what solutions/ makes")
    if lines:
        print("\nChange the solution, then run: python -m kit.labs build  (it replaces the labs)")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
