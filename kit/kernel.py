"""The kernel that every notebook of the course asks for by name: the interpreter of the course's environment.

At home its specification lies in the environment, where the JupyterLab that `course.py` opens looks first. In SageMaker
Studio JupyterLab is AWS's own, in an environment of its own: there it lies with the user's, on the disk that persists.
Standard library only: `course.py` uses it.
Source: https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.studio import in_studio

NAME, TITLE = "dsaws", "Data Science on AWS"
# The metadata of every notebook, as it is committed.
METADATA = {
    "kernelspec": {"display_name": TITLE, "language": "python", "name": NAME},
    "language_info": {"name": "python"},
}


def register(python: str) -> Path:
    """Let Jupyter find the kernel that `python` is, and return its specification. One that is right stays as it is.

    Raises:
        OSError: it can be written neither to the environment nor to the user's folder.
    """
    environment = Path(python).parent.parent / "share" / "jupyter"
    if in_studio():
        return _write(user_folder(), python)
    try:
        return _write(environment, python)
    except OSError:  # an environment that is not this user's to change
        return _write(user_folder(), python)


def user_folder() -> Path:
    """Where Jupyter keeps what is one user's."""
    if "JUPYTER_DATA_DIR" in os.environ:
        return Path(os.environ["JUPYTER_DATA_DIR"])
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Jupyter"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share", "jupyter")


def _write(folder: Path, python: str) -> Path:
    path = folder / "kernels" / NAME / "kernel.json"
    wanted = json.dumps(specification(python, _settings(path)), indent=1)
    if not path.exists() or path.read_text(encoding="utf-8") != wanted:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted, encoding="utf-8")
    return path


def _settings(path: Path) -> dict[str, str]:
    """The COURSE_ variables of this and earlier set-ups. Only in Studio: no terminal's environment reaches a kernel."""
    if not in_studio():
        return {}
    try:
        before = dict(json.loads(path.read_text(encoding="utf-8"))["env"])
    except (OSError, ValueError, KeyError):
        before = {}
    return {name: value for name, value in {**before, **os.environ}.items() if name.startswith("COURSE_")}


def specification(python: str, settings: Mapping[str, str]) -> dict[str, Any]:
    """What the file says: how Jupyter starts the kernel, with the environment's programs first on its PATH."""
    return {
        "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": TITLE,
        "language": "python",
        "env": {"PATH": f"{Path(python).parent}{os.pathsep}${{PATH}}", **settings},
        "metadata": {"debugger": True, "supported_encryption": ["curve"]},
    }
