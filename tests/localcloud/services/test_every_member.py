"""Every member of a request to our own operations acts, is shown again, is refused by name, or is listed as idle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.model import Shape

import localcloud
from localcloud.protocol import ServiceError, operation_model
from localcloud.services import AWAITED, OPERATIONS, members

ROOT = Path(localcloud.__file__).parents[1]
FLOORS = ("services", "jobs", "hosting", "sql")  # where a member of one of our own requests can be read

# Names that the code puts together from parts.
COMPUTED = re.compile(
    r"(CreationTime|LastModifiedTime)(After|Before)|(HyperParameterTuning|Processing|Transform)JobName"
    r"|TabularJobConfig|Remove(OutputLocation|EncryptionConfiguration|ExpectedBucketOwner|AclConfiguration)"
)
# Read by the module of another operation, when an endpoint or a model is made.
READ_LATER = re.compile(
    r"ProductionVariants\.ContainerStartupHealthCheckTimeoutInSeconds"
    r"|(Additional)?InferenceSpecification(s|sToAdd)?\.Containers\.ModelDataSource\.S3DataSource"
)
# Free text and labels: their effect is that they are shown again.
SHOWN = re.compile(r"\w*Description|Comment|Tags(\.Key|\.Value)?|Id")
# Records that are kept whole and shown again: test_catalog_* ask for each of their members.
KEPT = re.compile(r"(TableInput|DatabaseInput|(Entries\.)?PartitionInput(List)?|ColumnStatisticsList)\..+")
# Refused where they are read, with what lies below them, or values that are checked whole.
REFUSED_WHOLE = re.compile(
    r"(\w+\.)*(AuditContext|QuerySessionContext|(Update)?OpenTableFormatInput|CodeGenConfigurationNodes|NotificationProperty"
    r"|SourceControlDetails|GrokClassifier|XMLClassifier|JsonClassifier|AsyncInferenceConfig|ExplainerConfig"
    r"|ShadowProductionVariants|TrainingJobDefinitions|SelectiveExecutionConfig|ValidationSpecification"
    r"|SourceAlgorithmSpecification|ModelCard|EngineConfiguration|MonitoringConfiguration|AclConfiguration"
    r"|IdentityCenterConfiguration|QueryResultsS3AccessGrantsConfiguration|ManagedQueryResultsConfiguration(Updates)?"
    r"|ResultReuseConfiguration|DataCaptureConfig|NestedFilters|InstanceGroups|ModelDeployConfig|AutoMLComputeConfig"
    r"|TextGenerationJobConfig|TimeSeriesForecastingJobConfig|(Jdbc|MongoDB|DynamoDB|Catalog|Delta|Iceberg|Hudi)Targets"
    r"|RemoveCustomerContentEncryptionConfiguration)(\..+)?"
)


def paths(shape: Shape, path: str = "", above: tuple[str, ...] = ()) -> Iterator[tuple[str, Shape]]:
    """The path of each member, as `members` writes it, with its shape; a shape within itself once."""
    if shape.type_name == "structure" and shape.name not in above:
        for name, member in shape.members.items():
            yield f"{path}{name}", member
            yield from paths(member, f"{path}{name}.", (*above, shape.name))
    elif shape.type_name in ("list", "map"):
        yield from paths(shape.member if shape.type_name == "list" else shape.value, path, above)


@cache
def source(module: str) -> tuple[frozenset[str], frozenset[str]]:
    """The words of a module's texts and the names of its arguments; the modules of FLOORS that it imports."""
    file = ROOT / (module.replace(".", "/") + ".py")
    tree = ast.parse((file if file.exists() else ROOT / module.replace(".", "/") / "__init__.py").read_text())
    words: set[str] = set()
    imports: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 400:
            words.update(re.findall(r"\w+", node.value))
        elif isinstance(node, ast.keyword) and node.arg:
            words.add(node.arg)
        elif isinstance(node, ast.ImportFrom) and node.module:
            imports |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(words), frozenset(name for name in imports if _is_module(name))


def _is_module(name: str) -> bool:
    place = ROOT / name.replace(".", "/")
    own = name.startswith(tuple(f"localcloud.{floor}." for floor in FLOORS))
    ours = name not in ("localcloud.services.registry", "localcloud.services.members")
    return own and ours and (place.with_suffix(".py").exists() or place.is_dir())


@cache
def words_below(module: str) -> frozenset[str]:
    """All words of a module and of those that it imports, and of the other modules of its service."""
    found: set[str] = set()
    seen: set[str] = set()
    todo = [module]
    if module.startswith("localcloud.services.glue"):  # a trigger is stored by one and followed by another
        todo += [f"localcloud.services.{file.stem}" for file in (ROOT / "localcloud/services").glob("glue*.py")]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            words, imports = source(name)
            found |= words
            todo += imports
    return frozenset(found)


def idle(service: str, operation: str) -> list[str]:
    """Members of an operation that the code never names; of a member and what lies below it, the member."""
    handler: Any = OPERATIONS.get((service, operation)) or AWAITED[service, operation]
    shape = operation_model(service, operation).input_shape
    found: list[str] = []
    for path, _ in paths(shape) if shape else ():
        named = path.rpartition(".")[2] in words_below(handler.__module__)
        if not named and not any(path.startswith(f"{parent}.") for parent in found):
            found.append(path)
    return found


def listed(service: str, operation: str, path: str) -> bool:
    """Whether one of the two tables has the path, or one above it."""
    tables = {
        **members.REFUSED.get((service, operation), {}),
        **members.WITHOUT_EFFECT.get((service, operation), {}),
    }
    return any(path == entry or path.startswith(f"{entry}.") for entry in tables)


@pytest.mark.parametrize(("service", "operation"), sorted({**OPERATIONS, **AWAITED}))
def test_a_member_that_the_code_never_names_is_in_a_table(service: str, operation: str) -> None:
    left = [
        path
        for path in idle(service, operation)
        if not listed(service, operation, path)
        and not any(kind.fullmatch(path) for kind in (KEPT, REFUSED_WHOLE, READ_LATER))
        and not any(kind.fullmatch(path.rpartition(".")[2]) for kind in (COMPUTED, SHOWN))
        and not re.fullmatch(r"\w*Tags\.(Key|Value)", path)
    ]
    assert not left, "let it act, or give it a line in localcloud/services/members.py"


ENTRIES = [
    pytest.param(service, operation, path, id=f"{operation}-{path}")
    for table in (members.REFUSED, members.WITHOUT_EFFECT)
    for (service, operation), entries in table.items()
    for path in entries
]


@pytest.mark.parametrize(("service", "operation", "path"), ENTRIES)
def test_no_entry_is_stale(service: str, operation: str, path: str) -> None:
    shape = operation_model(service, operation).input_shape
    assert shape
    assert (service, operation) in {**OPERATIONS, **AWAITED}
    assert path.partition("=")[0] in dict(paths(shape))


def given(shape: Shape, path: list[str], value: str) -> Any:
    """A request, or a part of one, that gives the member at a path."""
    if shape.type_name == "list":
        return [given(shape.member, path, value)]
    if shape.type_name == "structure":
        return {path[0]: given(shape.members[path[0]], path[1:], value)} if path else {"Some": value or "x"}
    return value or {"boolean": True, "integer": 1}.get(shape.type_name, "x")


REFUSED = [
    pytest.param(service, operation, path, id=f"{operation}-{path}")
    for (service, operation), entries in members.REFUSED.items()
    for path in entries
]


@pytest.mark.parametrize(("service", "operation", "path"), REFUSED)
def test_a_refused_member_is_named_with_the_reason(service: str, operation: str, path: str) -> None:
    shape = operation_model(service, operation).input_shape
    assert shape
    member, _, value = path.partition("=")
    cloud: Any = None  # it is refused before anything is asked
    with pytest.raises(ServiceError, match="is not offered by the local AWS") as caught:
        OPERATIONS[service, operation](cloud, given(shape, member.split("."), value))
    assert f"{path} of {operation}" in str(caught.value)
    assert members.REFUSED[service, operation][path] in str(caught.value)
    assert caught.value.code == ("InvalidInputException" if service == "glue" else "ValidationException")


@pytest.mark.parametrize("nothing", [None, False, "", [], {}])
def test_a_member_that_asks_for_nothing_is_taken(nothing: Any) -> None:
    members.check("sagemaker", "CreateTrainingJob", {"RemoteDebugConfig": nothing, "RoleArn": "any"})
