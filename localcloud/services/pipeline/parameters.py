"""The parameters of a pipeline: what a definition declares, and the values that an execution is started with."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from localcloud.protocol import ServiceError

_PYTHON: dict[str, tuple[type, ...]] = {"String": (str,), "Integer": (int,), "Float": (float, int), "Boolean": (bool,)}


def invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


@dataclass(frozen=True)
class Parameter:
    """One declared parameter. `default` is None when a value must be given at start."""

    name: str
    type: str
    default: Any
    enum: tuple[str, ...]

    def convert(self, text: str) -> Any:
        """The value that a start gives as text.

        Raises:
            ServiceError: it is none of the parameter's type, or not among its enumerated values.
        """
        try:
            value = _CONVERT[self.type](text)
        except (ValueError, KeyError):
            raise invalid(f"Parameter [{self.name}] is of type {self.type}; '{text[:100]}' is not.") from None
        self.check_enum(value)
        return value

    def check_enum(self, value: Any) -> None:
        if self.enum and value not in self.enum:
            raise invalid(f"Parameter [{self.name}] must be one of {', '.join(self.enum)}, not '{value}'.")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


_CONVERT: dict[str, Any] = {
    "String": str,
    "Integer": int,
    "Float": _float,
    "Boolean": lambda text: {"true": True, "false": False}[text.lower()],
}


def declared(items: Any) -> dict[str, Parameter]:
    """The `Parameters` of a definition, by name.

    Raises:
        ServiceError: a name twice or of wrong form, an unknown type, a default of another type or outside the enum.
    """
    found: dict[str, Parameter] = {}
    if not isinstance(items, list):
        raise invalid("Unable to parse pipeline definition. Parameters must be a list.")
    for item in items:
        name = item.get("Name") if isinstance(item, dict) else None
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9\-_]{1,256}", name):
            raise invalid(f"Unable to parse pipeline definition. A parameter's Name is not valid: {name!r}.")
        if name in found:
            raise invalid(f"Unable to parse pipeline definition. Duplicate parameter name [{name}].")
        kind, default = item.get("Type", "String"), item.get("DefaultValue")
        if kind not in _PYTHON:
            raise invalid(f"Unable to parse pipeline definition. Parameter [{name}] has the unknown type '{kind}'.")
        fits = isinstance(default, _PYTHON[kind]) and isinstance(default, bool) == (kind == "Boolean")
        if default is not None and not fits:
            raise invalid(f"The default value of parameter [{name}] is not of type {kind}: {default!r}.")
        found[name] = Parameter(name, kind, default, tuple(item.get("EnumValues") or ()))
        if default is not None:
            found[name].check_enum(default)
    return found


def at_start(parameters: dict[str, Parameter], given: list[dict[str, str]]) -> dict[str, Any]:
    """Every parameter's value in an execution: the given one, else its default.

    Raises:
        ServiceError: one is unknown, given twice, without any value, or of a wrong type.
    """
    texts = {item["Name"]: item["Value"] for item in given}
    if len(texts) < len(given):
        raise invalid("A parameter is given twice.")
    unknown = sorted(set(texts) - set(parameters))
    if unknown:
        raise invalid(f"Parameters [{', '.join(unknown)}] are not defined in the pipeline.")
    missing = sorted(name for name, one in parameters.items() if name not in texts and one.default is None)
    if missing:
        raise invalid(f"Parameters [{', '.join(missing)}] have no default value: give them at the start.")
    return {name: one.convert(texts[name]) if name in texts else one.default for name, one in parameters.items()}
