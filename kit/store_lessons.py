"""Execute lessons in place, as they are committed: `python -m kit.store_lessons [notebooks/NN_name.ipynb ...]`.

On the sample, as the learner `learner`, in an account of the local AWS that is thrown away. What only this machine
knows (times of the run, versions, widgets) is not stored.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from helpers import PROJECT
from kit.kernel import METADATA


def execute(path: Path) -> None:
    """Run one notebook from top to bottom and write it back with its outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed; the file is left as it was.
    """
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    # In the kernel of this interpreter, whichever environment the notebook's own kernel stands for.
    where = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, kernel_name="python3", record_timing=False, resources=where)
    client.execute()
    notebook.metadata = nbformat.from_dict(METADATA)  # type: ignore[no-untyped-call]
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def main(arguments: list[str]) -> None:
    paths = [Path(argument) for argument in arguments] or sorted((PROJECT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    home = tempfile.mkdtemp(prefix="store-")
    images = os.environ.get("LOCALCLOUD_IMAGES") or str(PROJECT / ".localcloud" / "images")
    os.environ.update(LOCALCLOUD_HOME=home, LOCALCLOUD_IMAGES=images, COURSE_LEARNER="learner", COURSE_DATA="sample")
    try:
        for path in paths:
            print(path.name, flush=True)
            execute(path.resolve())
    finally:
        subprocess.run([sys.executable, "-m", "localcloud", "stop"], cwd=PROJECT, check=False)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
