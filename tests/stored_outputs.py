"""Compares the outputs that a notebook stores with those of a fresh run, by nbval's own comparison and sanitizers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbval.plugin import IPyNbFile, coalesce_streams, get_sanitize_patterns

MASKS = Path(__file__).parent / "notebooks" / "sanitize.cfg"


def differences(session: pytest.Session, stored: Path, fresh: Any) -> list[str]:
    """What the cells of a fresh run answer otherwise than the stored notebook says; empty if nothing does.

    Args:
        session: pytest's, as `request.session` gives it: nbval's comparison is a part of pytest.
        fresh: the executed notebook, as nbformat reads it.
    Raises:
        ValueError: the two have not the same number of code cells.
    """
    notebook: Any = IPyNbFile.from_parent(session, path=stored)
    notebook.sanitize_patterns.update(get_sanitize_patterns(MASKS.read_text(encoding="utf-8")))
    answers = [cell for cell in fresh.cells if cell.cell_type == "code"]
    found = []
    for cell, answer in zip(notebook.collect(), answers, strict=True):
        if not cell.compare_outputs(coalesce_streams(answer.outputs), coalesce_streams(cell.cell.outputs)):
            found.append("\n".join([f"cell {cell.cell.id}:", cell.cell.source, *cell.comparison_traceback]))
    return found


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
