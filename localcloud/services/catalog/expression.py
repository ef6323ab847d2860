"""The Expression of GetPartitions: a condition over the partition keys, each compared as its type.

The grammar is the one that AWS documents: = <> < > <= >= AND OR NOT IN BETWEEN LIKE IS NULL, on keys of type string,
date, timestamp, int, bigint, long, tinyint, smallint and decimal. Anything else is refused, never passed over.
Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from sqlglot import Dialect, exp, parse_one, tokens
from sqlglot.errors import SqlglotError

from localcloud.protocol import ServiceError
from localcloud.services.catalog.keys import invalid
from localcloud.services.registry import Params

Condition = Callable[[Sequence[str]], bool]
_COMPARISONS: dict[type[exp.Expr], Callable[[Any, Any], bool]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
}


class _Sql(Dialect):
    """Plain SQL, with identifiers also in backquotes, as Hive has them."""

    class Tokenizer(tokens.Tokenizer):
        IDENTIFIERS: ClassVar[list[str | tuple[str, str]]] = ['"', "`"]


def condition(expression: str, keys: Sequence[Params]) -> Condition | None:
    """What an expression says of a partition's values, in the order of the keys; None for a blank one.

    Args:
        keys: the table's PartitionKeys.

    Raises:
        ServiceError: InvalidInputException, when it is none of the grammar or does not fit the keys' types. The
            condition itself: InvalidStateException, when a partition's value is none of its key's type.
    """
    if not expression.strip():
        return None
    try:
        tree = parse_one(re.sub(r"<\s+>", "<>", expression), read=_Sql)
    except SqlglotError as error:
        why = str(error).splitlines()[0]
        raise invalid(f"Unsupported expression '{expression}': {why}") from None
    return _Compiler(expression, keys).condition(tree)


class _Compiler:
    def __init__(self, expression: str, keys: Sequence[Params]) -> None:
        self._expression = expression
        self._keys = {key["Name"].lower(): (index, key.get("Type", "string").lower()) for index, key in enumerate(keys)}

    def condition(self, node: exp.Expr) -> Condition:
        match node:
            case exp.Paren():
                return self.condition(node.this)
            case exp.And() | exp.Or():
                left, right = self.condition(node.this), self.condition(node.expression)
                if isinstance(node, exp.And):
                    return lambda values: left(values) and right(values)
                return lambda values: left(values) or right(values)
            case exp.Not():
                inner = self.condition(node.this)
                return lambda values: not inner(values)
        test = self._test(node)
        return (lambda values: not test(values)) if node.args.get("negate") else test

    def _test(self, node: exp.Expr) -> Condition:
        """One comparison of a key with literals."""
        if type(node) in _COMPARISONS and {"this", "expression"} >= _given(node):
            compare, value = _COMPARISONS[type(node)], self._key(node.this)
            literal = value.literal(self._literal(node.expression))
            return lambda values: compare(value(values), literal)
        if isinstance(node, exp.In) and {"this", "expressions"} >= _given(node):
            value = self._key(node.this)
            wanted = [value.literal(self._literal(item)) for item in node.expressions]
            return lambda values: value(values) in wanted
        if isinstance(node, exp.Between) and {"this", "low", "high"} >= _given(node):
            value = self._key(node.this)
            low, high = (value.literal(self._literal(node.args[end])) for end in ("low", "high"))
            return lambda values: low <= value(values) <= high
        if isinstance(node, exp.Like) and {"this", "expression"} >= _given(node):
            value = self._key(node.this)
            pattern = value.pattern(self._literal(node.expression))
            return lambda values: pattern.fullmatch(value(values)) is not None
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            self._key(node.this)
            return lambda values: False  # a partition has a text for each key; Hive's own null is one, too
        raise self._unsupported(node)

    def _key(self, node: exp.Expr) -> _Key:
        node = node.unnest()
        if not isinstance(node, exp.Column) or node.table:
            raise self._unsupported(node)
        if node.name.lower() not in self._keys:
            known = ", ".join(self._keys) or "none, the table has no partition keys"
            raise invalid(f"Invalid partition expression! Unknown column '{node.name}'; the keys are: {known}.")
        return _Key(*self._keys[node.name.lower()])

    def _literal(self, node: exp.Expr) -> str:
        node = node.unnest()
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
            return f"-{node.this.name}"
        if not isinstance(node, exp.Literal):
            raise self._unsupported(node)
        return node.name

    def _unsupported(self, node: exp.Expr) -> ServiceError:
        return invalid(
            f"Unsupported expression '{self._expression}': {node.sql()} is none of <key> = <> < > <= >= IN BETWEEN "
            "LIKE IS NULL, AND, OR, NOT."
        )


def _given(node: exp.Expr) -> set[str]:
    return {name for name, value in node.args.items() if value not in (None, False, [])} - {"negate"}


class _Key:
    """A partition key: called with a partition's values, it answers its own, read as its type."""

    def __init__(self, index: int, kind: str) -> None:
        self._index = index
        self._kind = re.sub(r"\(.*", "", kind).strip()
        if self._kind not in _READ:
            raise invalid(f"Unknown type : '{kind}'")

    def __call__(self, values: Sequence[str]) -> Any:
        try:
            return _READ[self._kind](values[self._index])
        except ValueError as error:
            raise ServiceError("InvalidStateException", f"The partition {list(values)}: {error}") from None

    def literal(self, text: str) -> Any:
        try:
            return _READ[self._kind](text)
        except ValueError as error:
            raise invalid(str(error)) from None

    def pattern(self, like: str) -> re.Pattern[str]:
        if _READ[self._kind] is not str:
            name = "Integral" if _READ[self._kind] is _integer else self._kind.capitalize()
            raise invalid(f"{name} data type doesn't support operation 'LIKE'")
        return re.compile(re.escape(like).replace("%", ".*").replace("_", "."), re.DOTALL)


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ValueError(f'"{text}" is not an integer.')
    return int(text)


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"{text} is not a decimal.")
    return number


def _date(text: str) -> date:
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{text} is not a date.")


def _timestamp(text: str) -> tuple[date, str, str]:
    """The day, the time of the day and nine digits of its second: they sort as the moment does."""
    matched = re.fullmatch(r"([0-9-]{10}) ([01][0-9]|2[0-3])(:[0-5][0-9]:[0-5][0-9])(?:\.([0-9]{1,9}))?", text)
    if not matched:
        raise ValueError(f"{text} is not a timestamp: the format must be yyyy-mm-dd hh:mm:ss[.fffffffff].")
    return _date(matched[1]), matched[2] + matched[3], (matched[4] or "").ljust(9, "0")


_READ: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("string", "char", "varchar"), str),
    **dict.fromkeys(("tinyint", "smallint", "int", "integer", "bigint", "long"), _integer),
    "decimal": _decimal,
    "date": _date,
    "timestamp": _timestamp,
}
