"""A kernel that is started ahead of its notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from kit.warm_kernels import kernels, modules

SOURCE = "import colorsys\nfrom helpers.data import lake\nfrom no_such_module import nothing"


def notebook(*sources: str) -> Any:
    return new_notebook(cells=[new_markdown_cell("import this"), *map(new_code_cell, sources)])


def test_the_modules_of_a_notebook_are_those_that_its_code_imports() -> None:
    found = modules(notebook(SOURCE, "%matplotlib inline", "if True:\n    import json"))
    expected = ["colorsys", "helpers.data", "helpers.data.lake", "no_such_module", "no_such_module.nothing", "json"]
    assert found == expected


def test_they_are_loaded_before_the_first_cell_runs_as_the_first_in_the_notebook_s_folder(tmp_path: Path) -> None:
    path = tmp_path / "01_first.ipynb"
    nbformat.write(notebook(SOURCE), path)
    asks = notebook("import os, sys\nprint('colorsys' in sys.modules, 'helpers.data.lake' in sys.modules, os.getcwd())")
    with kernels() as start:
        client = NotebookClient(asks, km=start(path).result())
        client.execute()
    (cell,) = [cell for cell in asks.cells if cell.cell_type == "code"]
    assert cell.execution_count == 1
    assert cell.outputs[0].text == f"True True {tmp_path}\n"


def test_a_kernel_that_nobody_took_ends(tmp_path: Path) -> None:
    path = tmp_path / "01_first.ipynb"
    nbformat.write(notebook("import colorsys"), path)
    with kernels() as start:
        started = start(path).result()
    assert not started.is_alive()
