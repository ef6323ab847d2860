"""Signatures of Trino's functions, as its documentation writes them, and which one a call means.

A signature is text: `strpos(varchar, varchar) -> bigint`. A capital letter is any type, the same wherever it stands
(`element_at(array(T), bigint) -> T`); `decimal` and `timestamp` alone are those of any precision; `function(T, U)` is a
lambda of a `T` that gives a `U`; `…` behind the last type repeats it. What a signature makes is a template of DuckDB
SQL, in which `{0}` is the first argument and `{all}` are all, or a function of the bound call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from localcloud.sql.call import Call, Function, Lambda, Typed
from localcloud.sql.coercions import becomes, coerce, common
from localcloud.sql.model import QueryError
from localcloud.sql.types import INTERVAL_DAY, INTERVAL_YEAR, TIMESTAMP_TZ, UNKNOWN, VARCHAR, Type
from localcloud.sql.types import parse as parse_type

# Types of any precision, length or zone: matched by name, kept as they are.
_ANY_OF = {"decimal", "timestamp", "timestamp with time zone", "char", "row", "time"}
_CHAIN = ("tinyint", "smallint", "integer", "bigint", "decimal", "real", "double")


@dataclass(frozen=True)
class Bound:
    """A call whose signature is found: its arguments are of the signature's types, a lambda's SQL is its text."""

    call: Call
    args: tuple[Typed, ...]
    types: dict[str, Type]
    result: Type

    def __getitem__(self, position: int) -> str:
        return self.args[position].sql

    def error(self, code: str, message: str) -> QueryError:
        return self.call.error(code, message)


Body = str | Callable[[Bound], str | Typed]


@dataclass(frozen=True)
class _Pattern:
    name: str
    items: tuple[_Pattern, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.items))})" if self.items else self.name


@dataclass
class _Signature:
    name: str
    parameters: list[_Pattern]
    result: _Pattern
    variadic: bool
    body: Body
    text: str = field(default="")


def library(bodies: Mapping[str, Body]) -> dict[str, Function]:
    """The functions of these signatures by name; signatures of one name are tried together, the closest is taken."""
    by_name: dict[str, list[_Signature]] = {}
    for text, body in bodies.items():
        signature = _read(text, body)
        by_name.setdefault(signature.name, []).append(signature)
    return {name: _resolving(signatures) for name, signatures in by_name.items()}


def _resolving(signatures: list[_Signature]) -> Function:
    def function(call: Call) -> Typed:
        fitting = [found for found in (_fit(signature, call) for signature in signatures) if found]
        if not fitting:
            raise call.error("FUNCTION_NOT_FOUND", _unexpected(signatures, call))
        _, signature, bound = min(fitting, key=lambda found: found[0])
        made = (
            signature.body.format(*(arg.sql for arg in bound.args), all=", ".join(arg.sql for arg in bound.args))
            if isinstance(signature.body, str)
            else signature.body(bound)
        )
        return made if isinstance(made, Typed) else Typed(f"({made})", bound.result)

    return function


def _unexpected(signatures: list[_Signature], call: Call) -> str:
    given = ", ".join(f"<{'function' if isinstance(one, Lambda) else one.type}>".strip("<>") for one in call.arguments)
    expected = ", ".join(signature.text for signature in signatures)
    return f"Unexpected parameters ({given}) for function {call.name}. Expected: {expected}"


def _fit(signature: _Signature, call: Call) -> tuple[int, _Signature, Bound] | None:
    """The call by this signature and how far its arguments are from the signature's types; None when it has another."""
    patterns = list(signature.parameters)
    if signature.variadic:
        patterns = patterns[:-1] + patterns[-1:] * (len(call.arguments) - len(patterns) + 1)
    if len(patterns) != len(call.arguments):
        return None
    types: dict[str, Type] = {}
    pairs = list(zip(patterns, call.arguments, strict=True))
    for pattern, argument in pairs:
        if isinstance(argument, Lambda) != (pattern.name == "function"):
            return None
        if isinstance(argument, Typed) and not _bind(pattern, argument.type, types):
            return None
    lambdas: dict[int, Typed] = {}
    for position, (pattern, argument) in enumerate(pairs):
        if isinstance(argument, Lambda):
            if argument.arity != len(pattern.items) - 1:
                return None
            made = argument.of(*(_type(item, types) for item in pattern.items[:-1]))
            wanted = _type(pattern.items[-1], types)
            if wanted == UNKNOWN and _bind(pattern.items[-1], made.type, types):
                wanted = _type(pattern.items[-1], types)
            if not becomes(made.type, wanted):
                return None
            lambdas[position] = _converted(made, wanted)
    arguments, distance = list[Typed](), 0
    for position, (pattern, argument) in enumerate(pairs):
        if isinstance(argument, Lambda):
            arguments.append(lambdas[position])
            continue
        target = argument.type if pattern.name in _ANY_OF and not pattern.items else _type(pattern, types)
        if argument.type.name != pattern.name and pattern.name in _ANY_OF and not pattern.items:
            target = _of_any_precision(pattern.name, argument.type)
        if not becomes(argument.type, target):
            return None
        distance += _distance(argument.type, target)
        arguments.append(_coerced(argument, target))
    return distance, signature, Bound(call, tuple(arguments), types, _type(signature.result, types, arguments))


def _converted(made: Typed, wanted: Type) -> Typed:
    """A lambda whose body is made the type that is wanted of it."""
    if made.type == wanted or made.type.name == wanted.name == "varchar":
        return made
    head, _, body = made.sql.partition(":")
    return Typed(f"{head}: {coerce(Typed(f'({body})', made.type), wanted).sql}", wanted)


def _coerced(argument: Typed, target: Type) -> Typed:
    if argument.type == target or (argument.type.name == target.name == "varchar" and not target.parameters):
        return Typed(argument.sql, target if target != VARCHAR else VARCHAR, argument.literal)
    made = coerce(argument, target)
    return Typed(made.sql, made.type, argument.literal)


def _of_any_precision(name: str, kind: Type) -> Type:
    if name == "decimal":
        wider = common(kind, Type("decimal", (1, 0)))
        return wider if wider and wider.name == "decimal" else Type("decimal", (1, 0))
    if name in ("timestamp", "time"):
        return Type(name, (3,))
    if name == "timestamp with time zone":
        return TIMESTAMP_TZ
    return UNKNOWN


def _distance(source: Type, target: Type) -> int:
    if source == target or source.name == target.name:
        return 0 if not source.items else sum(map(_distance, source.items, target.items))
    if source.name in _CHAIN and target.name in _CHAIN:
        return _CHAIN.index(target.name) - _CHAIN.index(source.name)
    return 1


def _bind(pattern: _Pattern, kind: Type, types: dict[str, Type]) -> bool:
    if re.fullmatch("[A-Z]", pattern.name):
        seen = types.get(pattern.name, UNKNOWN)
        wider = common(seen, kind)
        if wider is None:
            return False
        types[pattern.name] = wider
        return True
    if kind == UNKNOWN or not pattern.items:
        return True
    if kind.name != pattern.name or len(kind.items) != len(pattern.items):
        return False
    return all(_bind(part, item, types) for part, item in zip(pattern.items, kind.items, strict=True))


def _type(pattern: _Pattern, types: dict[str, Type], arguments: list[Typed] | None = None) -> Type:
    if re.fullmatch("[A-Z]", pattern.name):
        return types.get(pattern.name, UNKNOWN)
    if pattern.items:
        return Type(pattern.name, items=tuple(_type(item, types, arguments) for item in pattern.items))
    if pattern.name in _ANY_OF:  # the result has the precision of the first such argument
        named = [one.type for one in arguments or () if one.type.name == pattern.name]
        return named[0] if named else _of_any_precision(pattern.name, UNKNOWN)
    return _NAMED[pattern.name] if pattern.name in _NAMED else parse_type(pattern.name)


_NAMED = {"interval": INTERVAL_DAY, "interval year": INTERVAL_YEAR}


def _read(text: str, body: Body) -> _Signature:
    head, _, result = text.rpartition(" -> ")
    name, _, inside = head.partition("(")
    parts = _split(inside.removesuffix(")"))
    variadic = bool(parts) and parts[-1].endswith("…")
    patterns = [_pattern(part.removesuffix("…")) for part in parts]
    return _Signature(name, patterns, _pattern(result), variadic, body, head)


def _split(text: str) -> list[str]:
    """Split at the commas outside brackets."""
    parts = re.split(r",\s*(?![^()]*(?:\([^()]*\)[^()]*)*\))", text)
    return [part.strip() for part in parts if part.strip()]


def _pattern(text: str) -> _Pattern:
    name, bracket, inside = text.partition("(")
    if not bracket or name in ("varchar",):
        return _Pattern(text)
    if inside.startswith(tuple("0123456789")):  # timestamp(3) with time zone
        return _Pattern(text)
    return _Pattern(name, tuple(map(_pattern, _split(inside.removesuffix(")")))))
