"""SageMaker's Search over training jobs: whole descriptions, a hundred a page, by conditions on their properties.

AWS searches other resources too, and takes nested conditions; both are refused here by name.
Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services import listing, training
from localcloud.services.registry import Params, operation

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda value, wanted: value == wanted,
    "NotEquals": lambda value, wanted: value != wanted,
    "GreaterThan": lambda value, wanted: value > wanted,
    "GreaterThanOrEqualTo": lambda value, wanted: value >= wanted,
    "LessThan": lambda value, wanted: value < wanted,
    "LessThanOrEqualTo": lambda value, wanted: value <= wanted,
}


@operation("sagemaker", "Search")
def search(cloud: Cloud, params: Params) -> Params:
    if params["Resource"] != "TrainingJob":
        raise _invalid(f"The local AWS searches TrainingJob; {params['Resource']} is searched on AWS only.")
    if params.get("VisibilityConditions"):
        raise _invalid("VisibilityConditions is not offered by the local AWS, only on AWS: use Filters.")
    expression = params.get("SearchExpression", {})
    for member in ("NestedFilters", "SubExpressions"):
        if expression.get(member):
            raise _invalid(f"SearchExpression.{member} is not offered by the local AWS, only on AWS: use Filters.")
    join = any if expression.get("Operator") == "Or" else all
    filters = expression.get("Filters", [])
    elsewhere = params.get("CrossAccountFilterOption") == "CrossAccount"  # there is one account
    known = [] if elsewhere else cloud.store.all(training.KIND)
    jobs = [job for job in known if not filters or join(_fits(job, one) for one in filters)]
    order = params.get("SortBy", "LastModifiedTime")
    jobs.sort(key=lambda job: _sortable(_property(job, order)), reverse=params.get("SortOrder") != "Ascending")
    return listing.cut([{"TrainingJob": job} for job in jobs], params, "Results")


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def _property(job: Params, path: str) -> Any:
    """A property by its dotted path, `Tags.key` and `HyperParameters.name` included; None when the job lacks it."""
    value: Any = job
    if path.startswith("Tags."):
        value = {tag["Key"]: tag["Value"] for tag in job.get("Tags", [])}
        return value.get(path.removeprefix("Tags."))
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _sortable(value: Any) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return 1, float(value), ""
    return (0, 0.0, "") if value is None else (2, 0.0, str(value))


def _fits(job: Params, one: Params) -> bool:
    wanted: str = one.get("Value", "")
    how: str = one.get("Operator", "Equals")
    value = _property(job, one["Name"])
    if how in ("Exists", "NotExists"):
        return (value is not None) == (how == "Exists")
    if value is None:
        return False
    if how == "Contains":
        return wanted.lower() in str(value).lower()
    if how == "In":
        return str(value) in wanted.split(",")
    if isinstance(value, bool):
        value, wanted = str(value).lower(), wanted.lower()
    if isinstance(value, int | float):
        return _COMPARISONS[how](float(value), _number(one["Name"], wanted))
    return _COMPARISONS[how](str(value), wanted)


def _number(name: str, wanted: str) -> float:
    """A condition's value as the property's number; a time is written as ISO 8601, in UTC, and stored in seconds."""
    try:
        if not name.endswith("Time"):
            return float(wanted)
        time = datetime.fromisoformat(wanted)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        raise _invalid(f"The value {wanted!r} does not fit the property {name}.") from None
