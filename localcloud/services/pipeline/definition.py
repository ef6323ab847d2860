"""Read a pipeline definition ("Version": "2020-12-01") and refuse what cannot run, before anything runs.

Source: https://aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from localcloud.services.pipeline import cache, conditions, parameters, retries
from localcloud.services.pipeline.kinds import FLOW, KINDS, argument_members, has_property
from localcloud.services.pipeline.parameters import Parameter, invalid
from localcloud.services.pipeline.values import FUNCTIONS, Unresolved, expressions, function_of, parse_path

VERSION = "2020-12-01"
EXECUTION_VARIABLES = {
    *("StartDateTime", "CurrentDateTime", "PipelineName", "PipelineArn"),
    *("PipelineExecutionId", "PipelineExecutionArn", "TrainingJobName", "ProcessingJobName"),
}
_PARSE = "Unable to parse pipeline definition. "


@dataclass(frozen=True)
class Step:
    """One step.

    Args:
        arguments: unresolved; of a condition step its conditions only.
        needs: the steps that must have succeeded before: DependsOn, and those its arguments refer to.
        branch: (condition step, outcome) that this step is part of, or None.
        property_files: name -> (output name, path of the file in that output).
    """

    name: str
    type: str
    arguments: dict[str, Any]
    needs: frozenset[str]
    branch: tuple[str, bool] | None
    property_files: dict[str, tuple[str, str]]
    cache: dict[str, Any]
    retries: tuple[dict[str, Any], ...]
    display_name: str | None
    description: str | None

    @property
    def before(self) -> set[str]:
        """All steps that come before this one."""
        return set(self.needs) | ({self.branch[0]} if self.branch else set())


@dataclass(frozen=True)
class Definition:
    """A pipeline, by parameter and step name; the steps of branches are among the steps."""

    parameters: dict[str, Parameter]
    steps: dict[str, Step]

    def left_out(self, outcomes: dict[str, bool]) -> set[str]:
        """The steps that cannot run any more: those of branches not taken, and all that need one of those."""
        out: set[str] = set()
        for name in TopologicalSorter({step.name: step.before for step in self.steps.values()}).static_order():
            step = self.steps[name]
            not_taken = step.branch is not None and outcomes.get(step.branch[0]) is (not step.branch[1])
            if not_taken or step.before & out:
                out.add(name)
        return out


def parse(text: str) -> Definition:
    """The pipeline that a definition describes.

    Raises:
        ServiceError: ValidationException that says what is wrong, and with which step.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid(f"{_PARSE}It is not JSON: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("Steps"), list):
        raise invalid(f"{_PARSE}It needs to be an object with a list of Steps.")
    if document.get("Version") != VERSION:
        raise invalid(f"{_PARSE}The Version must be {VERSION}, not {document.get('Version')!r}.")
    if document.get("MlflowConfig"):
        raise invalid("MlflowConfig is not offered by the local AWS, only on AWS.")
    try:
        definition = _checked(document)
    except (KeyError, TypeError, AttributeError) as error:  # a member is missing, or is no object where one must be
        raise invalid(f"{_PARSE}A member is missing or of a wrong type: {error}") from None
    steps = definition.steps
    try:
        list(TopologicalSorter({step.name: step.before for step in steps.values()}).static_order())
    except CycleError as error:
        raise invalid(f"The pipeline has a cyclic dependency: {' -> '.join(error.args[1])}.") from None
    return definition


def _checked(document: dict[str, Any]) -> Definition:
    declared = parameters.declared(document.get("Parameters") or [])
    steps: dict[str, Step] = {}
    for step in _steps(document["Steps"], None):
        if step.name in steps:
            raise invalid(f"{_PARSE}Duplicate step name [{step.name}]: each step of a pipeline has its own.")
        steps[step.name] = step
    if not steps:
        raise invalid(f"{_PARSE}The pipeline has no steps.")
    for step in steps.values():
        _check_references(step, steps, declared)
    for expression in expressions(document.get("PipelineExperimentConfig") or {}):
        _check_function("PipelineExperimentConfig", expression, declared)
    return Definition(declared, steps)


def _steps(items: Any, branch: tuple[str, bool] | None) -> Iterator[Step]:
    """All steps of a list, and of the branches inside it."""
    if not isinstance(items, list):
        raise invalid(f"{_PARSE}Steps must be a list.")
    for item in items:
        step = _step(item, branch)
        yield step
        if step.type == "Condition":
            arguments = item["Arguments"]
            yield from _steps(arguments.get("IfSteps") or [], (step.name, True))
            yield from _steps(arguments.get("ElseSteps") or [], (step.name, False))


def _step(item: Any, branch: tuple[str, bool] | None) -> Step:
    name = item.get("Name") if isinstance(item, dict) else None
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9\-_]{1,64}", name):
        raise invalid(f"{_PARSE}A step's Name must be 1 to 64 letters, digits, - or _, not {name!r}.")
    kind, arguments = item.get("Type"), item.get("Arguments")
    if kind not in KINDS and kind not in FLOW:
        offered = ", ".join([*KINDS, *FLOW])
        raise invalid(f"Step [{name}]: steps of type {kind} are not offered by the local AWS. It runs {offered} steps.")
    if not isinstance(arguments, dict):
        raise invalid(f"{_PARSE}Step [{name}] has no Arguments.")
    if kind == "Condition":
        arguments = _condition_arguments(name, arguments)
    allowed = argument_members(kind) if kind in KINDS else {"Conditions"} if kind == "Condition" else {"ErrorMessage"}
    unknown = sorted(set(arguments) - allowed)
    if unknown:
        raise invalid(f"{_PARSE}Step [{name}]: Unknown Argument member '{unknown[0]}'.")
    caching, policies = item.get("CacheConfig") or {}, tuple(item.get("RetryPolicies") or ())
    wrong = cache.problem(caching, kind) or retries.problem(policies, kind)
    if wrong:
        raise invalid(f"Step [{name}]: {wrong}")
    return Step(
        name=name,
        type=kind,
        arguments=arguments,
        needs=frozenset(_depends_on(name, item)) | _referenced(name, arguments),
        branch=branch,
        property_files={
            one["PropertyFileName"]: (one["OutputName"], one["FilePath"]) for one in item.get("PropertyFiles") or []
        },
        cache=caching,
        retries=policies,
        display_name=item.get("DisplayName"),
        description=item.get("Description"),
    )


def _condition_arguments(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    wanted = arguments.get("Conditions")
    if not isinstance(wanted, list) or not wanted:
        raise invalid(f"{_PARSE}Condition step [{name}] has no Conditions.")
    wrong = next(filter(None, map(conditions.problem, wanted)), None)
    if wrong:
        raise invalid(f"{_PARSE}Step [{name}]: {wrong}.")
    return {"Conditions": wanted}


def _depends_on(name: str, item: dict[str, Any]) -> Iterator[str]:
    for entry in item.get("DependsOn") or []:
        if not isinstance(entry, str):
            raise invalid(f"Step [{name}]: DependsOn with a Trigger is not offered by the local AWS, only step names.")
        yield entry


def _referenced(name: str, arguments: dict[str, Any]) -> frozenset[str]:
    """The steps that expressions refer to."""
    return frozenset(path[1] for path in _paths(name, arguments) if path[0] == "Steps" and isinstance(path[1], str))


def _paths(name: str, arguments: dict[str, Any]) -> Iterator[list[str | int]]:
    for expression in expressions(arguments):
        if function_of(expression) == "Get":
            yield _path(name, expression["Get"])


def _path(where: str, text: Any) -> list[str | int]:
    try:
        path = parse_path(text) if isinstance(text, str) else []
    except Unresolved:
        path = []
    if len(path) < 2 or path[0] not in ("Parameters", "Execution", "Steps"):
        raise invalid(f"Step [{where}]: Get needs Parameters.…, Execution.… or Steps.…, not {text!r}.")
    return path


def _check_references(step: Step, steps: dict[str, Step], declared: dict[str, Parameter]) -> None:
    for other in sorted(step.needs - set(steps)):
        raise invalid(f"Step [{step.name}] refers to the step [{other}], which the pipeline does not have.")
    for expression in expressions(step.arguments):
        _check_function(step.name, expression, declared)
    files = [list(parse_path(name)) for name in _property_files(step.arguments)]
    for path in files:
        _check_property_file(step, path, steps)
    for path in _paths(step.name, step.arguments):
        if path[0] == "Steps" and path not in files and not has_property(steps[str(path[1])].type, path[2:]):
            text = ".".join(map(str, path[2:])) or "nothing"
            raise invalid(
                f"Step [{step.name}]: the step [{path[1]}] of type {steps[str(path[1])].type} has no property {text}."
            )


def _check_function(where: str, expression: dict[str, Any], declared: dict[str, Parameter]) -> None:
    function = str(function_of(expression))
    if function not in FUNCTIONS:
        raise invalid(f"Step [{where}]: the function {function} is not known. There are {', '.join(FUNCTIONS)}.")
    if function == "Get":
        kind, name = _path(where, expression["Get"])[:2]
        if kind == "Parameters" and name not in declared:
            raise invalid(f"Step [{where}] refers to the parameter [{name}], which the pipeline does not define.")
        if kind == "Execution" and name not in EXECUTION_VARIABLES:
            raise invalid(f"Step [{where}]: there is no execution variable {name}.")
        return
    arguments = expression[function]
    if function == "Std:Join":
        if not isinstance(arguments, dict) or not isinstance(arguments.get("Values"), list):
            raise invalid(f"Step [{where}]: Std:Join needs a list of Values.")
        return
    if not isinstance(arguments, dict) or ("PropertyFile" in arguments) == ("S3Uri" in arguments):
        raise invalid(f"Step [{where}]: Std:JsonGet needs either a PropertyFile or an S3Uri.")
    if not isinstance(arguments.get("Path"), str):
        raise invalid(f"Step [{where}]: Std:JsonGet needs a Path that is a text.")
    try:
        parse_path(arguments["Path"])
    except Unresolved as error:
        raise invalid(f"Step [{where}]: Std:JsonGet: {error}") from None


def _property_files(arguments: dict[str, Any]) -> Iterator[str]:
    for expression in expressions(arguments):
        if function_of(expression) == "Std:JsonGet" and "PropertyFile" in expression["Std:JsonGet"]:
            yield expression["Std:JsonGet"]["PropertyFile"]["Get"]


def _check_property_file(step: Step, path: list[str | int], steps: dict[str, Step]) -> None:
    kind, name, files, *rest = [*path, "", ""][:4]
    source = steps.get(str(name))
    if source is None or kind != "Steps" or files != "PropertyFiles" or rest[0] not in source.property_files:
        raise invalid(f"Step [{step.name}] refers to the property file [{rest[0]}], which step [{name}] does not have.")
    output = source.property_files[str(rest[0])][0]
    outputs = (source.arguments.get("ProcessingOutputConfig") or {}).get("Outputs", [])
    if output not in {one.get("OutputName") for one in outputs}:
        raise invalid(f"Step [{name}]: the property file [{rest[0]}] is of the output [{output}], which there is not.")
