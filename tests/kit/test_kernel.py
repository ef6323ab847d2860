"""The lessons' kernel: where Jupyter finds it, and that it is the course's interpreter."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from helpers import studio
from kit import environment, kernel


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of Jupyter's, and a machine that is not one of Studio's."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "user"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")  # else the kernel that these tests' own environment may have
    monkeypatch.setattr(studio, "METADATA", tmp_path / "metadata.json")
    return tmp_path


def an_environment(folder: Path) -> str:
    (folder / "bin").mkdir(parents=True)
    return str(folder / "bin" / "python")


def test_at_home_it_lies_in_the_environment(home: Path) -> None:
    python = an_environment(home / "venv")
    assert kernel.register(python) == home / "venv" / "share" / "jupyter" / "kernels" / "dsaws" / "kernel.json"
    assert not (home / "user").exists()


def test_in_studio_it_lies_with_the_users(home: Path) -> None:
    (home / "metadata.json").write_text("{}", encoding="utf-8")
    python = an_environment(home / "venv")
    assert kernel.register(python) == home / "user" / "kernels" / "dsaws" / "kernel.json"
    assert not (home / "venv" / "share").exists()


def test_where_the_environment_is_not_the_users_to_change_it_lies_with_theirs(home: Path) -> None:
    python = an_environment(home / "venv")
    (home / "venv" / "share").write_text("no folder can be made here", encoding="utf-8")
    assert kernel.register(python).is_relative_to(home / "user")


def test_one_that_is_right_is_not_written_again_and_one_of_another_environment_is(home: Path) -> None:
    python = an_environment(home / "venv")
    path = kernel.register(python)
    before = path.stat().st_mtime_ns
    assert kernel.register(python).stat().st_mtime_ns == before
    path.write_text(json.dumps(kernel.specification("elsewhere", {})), encoding="utf-8")
    kernel.register(python)
    assert json.loads(path.read_text(encoding="utf-8"))["argv"][0] == python


def test_in_studio_it_keeps_the_settings_of_earlier_set_ups(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No terminal's environment reaches a kernel of Studio's."""
    (home / "metadata.json").write_text("{}", encoding="utf-8")
    python, seen = an_environment(home / "venv"), []
    for learner, bucket in (("ann", None), (None, "lake"), ("joan", None)):
        for name, value in (("COURSE_LEARNER", learner), ("COURSE_BUCKET", bucket)):
            monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
        env = json.loads(kernel.register(python).read_text(encoding="utf-8"))["env"]
        seen.append((env.get("COURSE_LEARNER"), env.get("COURSE_BUCKET")))
    assert seen == [("ann", None), ("ann", "lake"), ("joan", "lake")]


def test_jupyter_starts_this_interpreter_by_the_name_that_the_notebooks_have(home: Path) -> None:
    (home / "metadata.json").write_text("{}", encoding="utf-8")
    kernel.register(sys.executable)
    cells = [new_code_cell("import sys; print(sys.executable)")]
    notebook = nbformat.from_dict(new_notebook(cells=cells, metadata=kernel.METADATA))
    NotebookClient(notebook).execute()
    assert notebook.cells[0].outputs[0].text.strip() == sys.executable


def test_an_environment_whose_python_has_become_another_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Studio's next image may bring a newer Python under the path that `.venv` leads to."""
    venv = tmp_path / ".venv"
    (venv / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    python = Path(an_environment(venv))
    monkeypatch.setattr(environment, "VENV", venv)
    monkeypatch.setattr(environment, "STAMP", venv / "course-stamp")
    monkeypatch.setattr(environment, "in_other_environment", lambda: False)
    (venv / "course-stamp").write_text(environment.fingerprint(), encoding="utf-8")
    ready = []
    for version in ("3.11", "3.12"):
        (tmp_path / f"python{version}").touch()
        python.unlink(missing_ok=True)
        python.symlink_to(tmp_path / f"python{version}")
        ready.append(environment.ready_python())
    assert ready == [str(python), None]
