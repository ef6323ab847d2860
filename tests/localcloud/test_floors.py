"""How localcloud is stacked: each floor knows those below it, no module knows itself by a detour, none the course."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from own_cloud import PROJECT

# The folders and top-level modules of localcloud, lowest first: each imports only from those named before it, and from
# its own folder.
FLOORS = {
    "runtime": "code for an image's Python: nothing of localcloud is there",
    "protocol": "botocore's models, and ServiceError, which every floor raises",
    "sql": "Athena's SQL on files, without catalog or S3",
    "store": "what lies on disk, and where",
    "environment": "the variables that lead a client here",
    "engine": "ministack, corrected",
    "access": "what a role may do",
    "cloud": "the running whole, handed down as an argument",
    "jobs": "a learner's code in a process of its own",
    "hosting": "models in live processes",
    "services": "the operations that we execute",
    "door": "requests come in",
    "process": "start, find and stop the server",
    "testing": "the same for a test",
    "serve": "the server itself",
    "__main__": "the commands",
}
ORDER = list(FLOORS)


def modules() -> dict[str, Path]:
    """Dotted name -> file, of every module of localcloud; a package is its `__init__`."""
    files = sorted((PROJECT / "localcloud").rglob("*.py"))
    names = (".".join(path.relative_to(PROJECT).with_suffix("").parts) for path in files)
    return {name.removesuffix(".__init__"): path for name, path in zip(names, files, strict=True)}


MODULES = modules()


def imports(module: str) -> Iterator[str]:
    """The full names that a module imports, wherever in it: in functions and for type checkers, too.

    `from package import name` counts as the module `package.name` where there is one, else as `package`.
    """
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (_beside(module, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join(filter(None, [*up, node.module])) if up else _beside(module, str(node.module))
            for alias in node.names:
                full = f"{origin}.{alias.name}"
                yield full if full in MODULES else origin


def _beside(module: str, imported: str) -> str:
    """In an image, a program of `runtime` finds its neighbours by their bare names."""
    neighbour = f"{module.rpartition('.')[0]}.{imported}"
    return neighbour if module.startswith("localcloud.runtime.") and neighbour in MODULES else imported


def of_ours(module: str) -> set[str]:
    return {name for name in imports(module) if name.partition(".")[0] == "localcloud"}


def floor(module: str) -> str:
    """The folder, or the top-level module, that a module is in; the package's own `__init__` is the ground."""
    return f"{module}.{ORDER[0]}".split(".")[1]


def test_a_module_imports_from_its_own_floor_and_below_only() -> None:
    upward = {
        module: found
        for module in MODULES.keys() - {"localcloud"}
        if (found := [name for name in of_ours(module) if ORDER.index(floor(name)) > ORDER.index(floor(module))])
    }
    assert upward == {}


@pytest.mark.parametrize("name", ["runtime", "protocol"])
def test_the_ground_floor_imports_nothing_of_the_others(name: str) -> None:
    below = {floor(other) for module in MODULES if module.startswith(f"localcloud.{name}") for other in of_ours(module)}
    assert below <= {name}


def test_no_module_imports_itself_by_a_detour() -> None:
    TopologicalSorter({module: of_ours(module) for module in MODULES}).prepare()  # raises CycleError, which names them


def test_nothing_of_the_course_is_imported() -> None:
    course = {"helpers", "kit", "tests", "course"}
    asking = {module for module in MODULES if course & {name.partition(".")[0] for name in imports(module)}}
    assert asking == set()


def test_a_circle_for_type_checkers_only_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame, context = (f"localcloud.runtime.glue.awsglue.{name}" for name in ("dynamicframe", "context"))
    file = tmp_path / "dynamicframe.py"
    file.write_text("if TYPE_CHECKING:\n    from .context import GlueContext\n")
    monkeypatch.setitem(MODULES, frame, file)
    assert of_ours(frame) == {context}
    with pytest.raises(CycleError):
        test_no_module_imports_itself_by_a_detour()


def test_only_the_engines_floor_knows_which_engine_it_is() -> None:
    assert {floor(module) for module in MODULES if "ministack" in {i.partition(".")[0] for i in imports(module)}} == {
        "engine"
    }


@pytest.mark.parametrize("name", [name for name in ORDER if f"localcloud.{name}" in MODULES])
def test_every_floor_says_what_it_is(name: str) -> None:
    assert ast.get_docstring(ast.parse(MODULES[f"localcloud.{name}"].read_text()))
