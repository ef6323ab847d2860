"""Notebooks in order: `python -m kit.notebook_order [--fix] NOTEBOOK...`, as before each commit; 1 if one is not.

Outputs are committed here, so nothing strips them. What is looked at is the rest: cell ids that a person can read and
that are there once, the common kernel, nothing of the machine that ran it, lessons and solutions run from top to
bottom, labs not run, and the layout of the file, which keeps differences small. `--fix` mends what needs no decision:
metadata and layout. Standard library only, so that it runs wherever git does.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kit.kernel import METADATA

CELL_METADATA = {"tags"}
READABLE = re.compile(r"[a-z0-9][a-z0-9-]*")
# What JupyterLab gives a new cell: eight hexadecimal digits, at times with a group or more behind.
MADE_UP = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4,12})*")
Json = dict[str, Any]


def faults(path: Path) -> list[str]:
    """What is out of order in a notebook, a sentence each; empty if nothing is."""
    text = path.read_text(encoding="utf-8")
    try:
        notebook = json.loads(text)
        found = list(_faults(notebook, path.resolve().parent.name))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return [f"is no notebook: {error!r}"]
    if not found and text != layout(notebook):
        found.append("is not laid out as Jupyter writes it (--fix does that)")
    return found


def layout(notebook: Json) -> str:
    """A notebook as the text of its file."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def fix(path: Path) -> None:
    """Take away foreign metadata and write the file in its layout. Outputs and sources stay as they are."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"] = METADATA
    for cell in notebook["cells"]:
        cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key in CELL_METADATA}
    path.write_text(layout(notebook), encoding="utf-8")


def _faults(notebook: Json, folder: str) -> Iterator[str]:
    cells = notebook["cells"]
    if (notebook["nbformat"], notebook["nbformat_minor"]) < (4, 5):
        yield "is too old to have cell ids: open and save it once in JupyterLab 4"
        return
    if notebook["metadata"] != METADATA:
        yield "has the kernel or other metadata of one machine (--fix takes them away)"
    for cell in cells:
        if set(cell["metadata"]) - CELL_METADATA:
            yield f"cell {cell['id']} has metadata of one machine: {', '.join(cell['metadata'])} (--fix)"
        if not READABLE.fullmatch(cell["id"]) or MADE_UP.fullmatch(cell["id"]):
            yield f"cell id {cell['id']!r} says nothing: give it one or two words, such as 'ask-athena'"
    ids = Counter(cell["id"] for cell in cells)
    yield from (f"cell id {name!r} is there {times} times" for name, times in ids.items() if times > 1)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    counts = [cell["execution_count"] for cell in code]
    if folder in ("notebooks", "solutions") and counts != list(range(1, len(code) + 1)):
        yield "is not stored as run from top to bottom: python -m kit.store_lessons with its path does that"
    if folder == "labs" and any(cell["execution_count"] or cell["outputs"] for cell in code):
        yield "has been run: a lab is committed as python -m kit.labs build makes it"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m kit.notebook_order", description="Keep notebooks in order.")
    parser.add_argument("--fix", action="store_true", help="mend metadata and layout")
    parser.add_argument("notebooks", type=Path, nargs="+", metavar="NOTEBOOK")
    options = parser.parse_args(arguments)
    out_of_order = 0
    for path in options.notebooks:
        before = path.read_bytes()
        if options.fix:
            try:
                fix(path)
            except (ValueError, KeyError, TypeError, AttributeError):
                pass  # no notebook, as is said below
        found = faults(path)
        out_of_order += bool(found) or path.read_bytes() != before
        for fault in found:
            print(f"{path}: {fault}")
        if path.read_bytes() != before:
            print(f"{path}: mended; look at it and add it again")
    return 1 if out_of_order else 0


if __name__ == "__main__":
    sys.exit(main())
