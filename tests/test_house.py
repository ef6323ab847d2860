"""The house as a stranger gets it: what is tracked is not ignored, and each folder of modules says what it is for."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = sorted(
    {path.parent for name in ("helpers", "kit", "localcloud", "pricelist") for path in (ROOT / name).rglob("*.py")}
    - {ROOT / "localcloud" / "runtime" / "glue"}  # a folder of PYTHONPATH in the Glue image, no package
)


def git(*arguments: str) -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_nothing_that_is_tracked_is_ignored() -> None:
    """ruff and others leave out what git ignores, and a new file beside it would never be added."""
    assert git("ls-files", "--cached", "--ignored", "--exclude-standard") == []


def test_everything_that_a_module_needs_is_tracked() -> None:
    tracked = set(git("ls-files", "--cached", "--others", "--exclude-standard"))
    for folder in PACKAGES:
        assert f"{folder.relative_to(ROOT).as_posix()}/__init__.py" in tracked


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_each_folder_of_modules_says_in_its_docstring_what_it_is_for(folder: Path) -> None:
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_what_such_a_docstring_names_is_there(folder: Path) -> None:
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    below = {folder.name, *(path.stem for path in folder.rglob("*")), *_exported(tree)}
    named = set(re.findall(r"`([a-z_]+)`", ast.get_docstring(tree) or ""))
    assert named <= below, f"{folder.name} has no {named - below}"


def _exported(tree: ast.Module) -> set[str]:
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name for node in imports for alias in node.names}


# Who may import what, but for what stands below itself; `localcloud` has its floors in a test of its own.
ARROWS = {
    "pricelist": {"pricelist"},
    "localcloud": {"localcloud", "pricelist"},
    "helpers": {"helpers", "pricelist"},
    "kit": {"kit", "helpers", "pricelist"},
    "jobs": set[str](),
}
KNOW_THE_LOCAL_AWS = {"helpers/workshop.py", "helpers/preflight.py"}


@pytest.mark.parametrize("package", ARROWS)
def test_imports_go_down_only(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        allowed = ARROWS[package] | ({"localcloud"} if name in KNOW_THE_LOCAL_AWS else set())
        ours = {module.partition(".")[0] for module in _imported(path.read_text(encoding="utf-8"))} & set(ARROWS)
        assert ours <= allowed, name


@pytest.mark.parametrize("folder", ["notebooks", "labs", "solutions"])
def test_what_people_read_imports_helpers_only(folder: str) -> None:
    for path in (ROOT / folder).glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                source = re.sub(r"(?m)^[%!].*$", "", "".join(cell["source"]))
                ours = {module.partition(".")[0] for module in _imported(source)} & set(ARROWS)
                assert ours <= {"helpers"}, f"{path.name}: {cell['id']}"


def _imported(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


@pytest.mark.parametrize("name", ["course.py", "helpers", "kit", "localcloud", "pricelist", "jobs"])
def test_no_module_is_longer_than_400_lines_without_a_reason_in_its_first_lines(name: str) -> None:
    files = [ROOT / name] if name.endswith(".py") else list((ROOT / name).rglob("*.py"))
    lines = {path.name: path.read_text(encoding="utf-8").splitlines() for path in files}
    long = {name: "\n".join(found[:6]) for name, found in lines.items() if len(found) > 400}
    assert [name for name, first in long.items() if "Over 400 lines in one file: " not in first] == []
