"""Which tests look at what the working tree touches: a plain map, from imports and from names.

A test is chosen when it, or a module that it imports (at any depth), has changed. Imports do not tell all: most tests
of the local AWS talk to it by boto3, and lessons run in kernels. For those, names do: the floor or service that
changed has tests in the folder and by the name that mirror it. A change that reaches everything (the lock, the tests'
common parts) chooses all. What is chosen may be too much or, by such indirect ways, too little: the whole suite is
the truth.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from helpers import PROJECT

PACKAGES = ("helpers", "kit", "localcloud", "pricelist")
EVERYTHING = ("requirements.lock", "pyproject.toml", "tests/conftest.py", "tests/own_cloud.py")
LESSONS = "tests/notebooks/test_lessons.py"
MASKS = "tests/notebooks/sanitize.cfg"


def chosen(project: Path = PROJECT) -> list[str]:
    """Paths of the tests to run, in order; empty if nothing that a test looks at has changed."""
    return choose(changed_files(project), project)


def changed_files(project: Path = PROJECT) -> set[str]:
    """What differs from the last commit, new files included; deleted ones, too."""
    told = subprocess.run(
        ["git", "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    return {entry[3:] for entry in told.stdout.split("\0") if entry}


def choose(changed: Iterable[str], project: Path = PROJECT) -> list[str]:
    """The tests that look at these files, by their paths below the project."""
    changed, wanted = set(changed), set[str]()
    if changed & set(EVERYTHING):
        return ["tests"]
    for name in [name for name in changed if name.startswith(PACKAGES) and not name.endswith((".py", ".md"))]:
        changed |= _readers(name, project)
    every = sorted(path.relative_to(project).as_posix() for path in (project / "tests").rglob("test_*.py"))
    imports = _imports(project)
    for test in every:
        if changed & _reached(test, imports):
            wanted.add(test)
    imported = {file for files in imports.values() for file in files}
    for name in changed:
        wanted |= _by_name(name, every)
        if name.startswith("tests/") and name not in imported | set(
            every
        ):  # a conftest, a driver, the masks of outputs
            wanted |= set(_below(Path(name).parent.as_posix(), every))
        if name == MASKS:
            wanted |= set(_below("tests/labs", every))
    return sorted(wanted)


def _readers(name: str, project: Path) -> set[str]:
    """The modules that may read a file of data: those beside it, or above it where there is none."""
    folder = (project / name).parent
    while folder != project and not list(folder.glob("*.py")):
        folder = folder.parent
    return {path.relative_to(project).as_posix() for path in folder.glob("*.py") if folder != project}


def _by_name(name: str, tests: list[str]) -> set[str]:
    """The tests that mirror a file by folder and name: `localcloud/services/glue.py` has `…/services/test_glue*.py`."""
    parts, stem = name.split("/"), Path(name).stem
    if parts[0] in ("notebooks", "solutions", "labs"):
        read = set(_below("tests/notebooks", tests))
        return read if parts[0] == "notebooks" else {*(read - {LESSONS}), *_below("tests/labs", tests)}
    if parts[0] == "jobs":
        return set(_below("tests/jobs", tests))
    if parts[0] == "course.py":
        return set(_below("tests/test_course.py", tests))
    if name == "localcloud/README.md":
        return set(_below("tests/localcloud/test_alone.py", tests))
    if parts[0] not in PACKAGES or not name.endswith(".py"):
        return set()
    folder = "/".join(["tests", *parts[:-1]])
    mirrored = [test for test in _below(folder, tests) if stem.rstrip("s") in Path(test).stem]
    return set(mirrored or _below(folder, tests))


def _below(place: str, tests: list[str]) -> list[str]:
    return [test for test in tests if test == place or test.startswith(f"{place}/")]


def _reached(test: str, imports: dict[str, set[str]]) -> set[str]:
    """A test's file and every file that it imports, at any depth."""
    found, ahead = {test}, [test]
    while ahead:
        new = imports.get(ahead.pop(), set()) - found
        found |= new
        ahead += new
    return found


def _imports(project: Path) -> dict[str, set[str]]:
    """File -> the files of the project that it imports, at its top or within a function."""
    folders = [project / name for name in (*PACKAGES, "tests")]
    files = [path.relative_to(project).as_posix() for folder in folders for path in folder.rglob("*.py")]
    by_module = {_module(name): name for name in files}
    return {
        name: {by_module[module] for module in _named(project / name) if module in by_module} - {name} for name in files
    }


def _module(name: str) -> str:
    """The name by which a file is imported; a test's neighbours are found by their own names alone."""
    if name.startswith("tests/"):
        return Path(name).stem
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _named(path: Path) -> set[str]:
    """Every name that a file's imports may mean: `from a import b` is `a`, or the module `a.b`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


if __name__ == "__main__":
    sys.exit(print(*chosen(), sep="\n"))
