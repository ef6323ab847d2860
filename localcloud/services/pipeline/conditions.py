"""The conditions of a condition step: what they look like, and whether they hold."""

from __future__ import annotations

from typing import Any

from localcloud.services.pipeline.values import Unresolved

_COMPARISONS = ("Equals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo")
_MEMBERS = {
    **dict.fromkeys(_COMPARISONS, ("LeftValue", "RightValue")),
    "In": ("QueryValue", "Values"),
    "Not": ("Condition",),
    "Or": ("Conditions",),
}


def problem(condition: Any) -> str | None:
    """What is wrong with a condition of a definition, or None."""
    kind = condition.get("Type") if isinstance(condition, dict) else None
    if kind not in _MEMBERS:
        return f"a condition has the unknown type {kind!r}"
    missing = [member for member in _MEMBERS[kind] if member not in condition]
    if missing:
        return f"a condition of type {kind} has no {' and no '.join(missing)}"
    if kind == "Not":
        return problem(condition["Condition"])
    if kind == "Or":
        return next(filter(None, map(problem, condition["Conditions"])), None)
    return None


def holds(condition: dict[str, Any]) -> bool:
    """Whether a condition is true; all its values are resolved.

    Raises:
        Unresolved: the two sides cannot be compared.
    """
    kind = condition["Type"]
    if kind == "Not":
        return not holds(condition["Condition"])
    if kind == "Or":
        return any(holds(one) for one in condition["Conditions"])
    if kind == "In":
        return any(_sort(value) == _sort(condition["QueryValue"]) for value in condition["Values"])
    left, right = condition["LeftValue"], condition["RightValue"]
    one, other = _sort(left), _sort(right)
    if one[0] != other[0] or one[0] == "other" or (one[0] == "bool" and kind != "Equals"):
        raise Unresolved(f"{kind} cannot compare {left!r} ({type(left).__name__}) with {right!r}.")
    if kind == "Equals":
        return one == other
    if kind.endswith("OrEqualTo") and one == other:
        return True
    return bool(one[1] > other[1] if kind.startswith("Greater") else one[1] < other[1])


def _sort(value: Any) -> tuple[str, Any]:
    """A value with the kind by which it compares: 1 equals 1.0, and True is no number."""
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, int | float):
        return "number", value
    return ("text", value) if isinstance(value, str) else ("other", value)
