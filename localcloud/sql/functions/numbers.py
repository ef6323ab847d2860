"""Trino's mathematical functions. Source: https://trino.io/docs/current/functions/math.html"""

from __future__ import annotations

from localcloud.sql.call import Call, Function, Typed
from localcloud.sql.coercions import coerce, common_of
from localcloud.sql.functions.signatures import Bound, library
from localcloud.sql.model import NotOffered
from localcloud.sql.types import decimal, duckdb

_INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_ONE_DOUBLE = {
    **{"cbrt": "py_cbrt({0})", "exp": "exp({0})", "ln": "fn_log({0})", "sqrt": "fn_sqrt({0})"},
    **{"log2": "CASE WHEN {0} > 0 THEN log2({0}) ELSE fn_log({0}) END"},
    **{"log10": "CASE WHEN {0} > 0 THEN log10({0}) ELSE fn_log({0}) END"},
    **{"degrees": "degrees({0})", "radians": "radians({0})", "sin": "sin({0})", "cos": "cos({0})", "tan": "tan({0})"},
    **{"asin": "fn_arc({0}, asin({0}))", "acos": "fn_arc({0}, acos({0}))", "atan": "atan({0})"},
    **{"sinh": "sinh({0})", "cosh": "cosh({0})", "tanh": "tanh({0})"},
}


def _decimal_whole(function: str):  # type: ignore[no-untyped-def]
    """ceil, floor, round and truncate of a decimal: a decimal without a scale, one digit longer where that can be."""

    def body(bound: Bound) -> Typed:
        precision, scale = bound.args[0].type.parameters
        kind = decimal(min(38, precision - scale + min(scale, 1)) or 1, 0)
        return Typed(f"CAST({function}({bound[0]}) AS {duckdb(kind)})", kind)

    return body


def _round_decimal(bound: Bound) -> Typed:
    precision, scale = bound.args[0].type.parameters
    kind = decimal(min(38, precision + 1), scale)
    digits = bound.args[1].literal
    if not isinstance(digits, int):
        raise NotOffered("round() of a decimal to a number of digits that is no literal")
    if digits >= scale:
        return Typed(f"CAST({bound[0]} AS {duckdb(kind)})", kind)
    return Typed(f"CAST(round({bound[0]}, {digits}) AS {duckdb(kind)})", kind)


def _truncate_decimal(bound: Bound) -> Typed:
    digits, kind = bound.args[1].literal, bound.args[0].type
    if not isinstance(digits, int) or digits < 0:
        raise NotOffered("truncate() of a decimal to a number of digits that is no literal from 0")
    scale = kind.parameters[1]
    if digits >= scale:
        return bound.args[0]
    last = f"round({bound[0]} - sign({bound[0]}) * CAST({5}e-{digits + 1} AS {duckdb(decimal(38, scale))}), {digits})"
    whole = f"CASE WHEN {bound[0]} = round({bound[0]}, {digits}) THEN {bound[0]} ELSE {last} END"
    return Typed(f"CAST({whole} AS {duckdb(kind)})", kind)


def _extreme(function: str, worse: str) -> Function:
    def call_(call: Call) -> Typed:
        arguments = [one for one in call.arguments if isinstance(one, Typed)]
        kind = common_of([one.type for one in arguments]) if arguments else None
        if kind is None or len(arguments) != len(call.arguments):
            given = ", ".join(str(one.type) for one in arguments)
            message = f"Unexpected parameters ({given}) for function {function}. Expected: {function}(E) E:orderable"
            raise call.error("FUNCTION_NOT_FOUND", message)
        values = [coerce(one, kind).sql for one in arguments]
        missing = " OR ".join(f"{value} IS NULL" for value in values)
        made = f"{function}({', '.join(values)})"
        if kind.name in ("real", "double"):
            nan = " OR ".join(f"isnan({value})" for value in values)
            made = f"CASE WHEN {nan} THEN CAST('NaN' AS {duckdb(kind)}) ELSE {made} END"
        return Typed(f"CASE WHEN {missing} THEN NULL ELSE {made} END", kind)

    return call_


def _mod(bound: Bound) -> Typed:
    (p1, s1), (p2, s2) = bound.args[0].type.parameters, bound.args[1].type.parameters
    kind = decimal(min(p1 - s1, p2 - s2) + max(s1, s2) or 1, max(s1, s2))
    return Typed(f"CAST({bound[0]} % {bound[1]} AS {duckdb(kind)})", kind)


def _bit_count(bound: Bound) -> str:
    if bound.args[1].literal != 64:
        raise NotOffered("bit_count() of other than 64 bits")
    return f"bit_count({bound[0]})"


def _random(bound: Bound) -> str:
    if len(bound.args) == 1:
        return f"fn_check({bound[0]} <= 0, 'bound must be positive', CAST(floor(random() * {bound[0]}) AS BIGINT))"
    low, high = bound[0], bound[1]
    made = f"CAST({low} + floor(random() * ({high} - {low})) AS BIGINT)"
    return f"fn_check({low} >= {high}, 'start value must be less than stop value', {made})"


_BODIES: dict[str, object] = {
    **{f"{name}(double) -> double": body for name, body in _ONE_DOUBLE.items()},
    **{f"abs({kind}) -> {kind}": f"CAST(abs({{0}}) AS {kind})" for kind in _INTEGERS},
    **{f"abs({kind}) -> {kind}": "abs({0})" for kind in ("decimal", "double", "real")},
    **{f"{name}({kind}) -> {kind}": "{0}" for name in ("ceil", "ceiling", "floor", "round") for kind in _INTEGERS},
    **{
        f"{name}({kind}) -> {kind}": f"{name}({{0}})"
        for name in ("ceil", "ceiling", "floor")
        for kind in ("double", "real")
    },
    **{f"{name}(decimal) -> decimal": _decimal_whole(name) for name in ("ceil", "ceiling", "floor", "round", "trunc")},
    "truncate(decimal) -> decimal": _decimal_whole("trunc"),
    "truncate(double) -> double": "trunc({0})",
    "truncate(real) -> real": "trunc({0})",
    "truncate(decimal, bigint) -> decimal": _truncate_decimal,
    "truncate(double, bigint) -> double": "py_truncate({0}, {1})",
    "round(double) -> double": "fn_round({0})",
    "round(real) -> real": "CAST(fn_round({0}) AS REAL)",
    "round(double, bigint) -> double": "fn_round_double({0}, {1})",
    "round(real, bigint) -> real": "CAST(fn_round_double(CAST(CAST({0} AS VARCHAR) AS DOUBLE), {1}) AS REAL)",
    "round(decimal, bigint) -> decimal": _round_decimal,
    **{
        f"round({kind}, bigint) -> {kind}": "CASE WHEN {1} >= 0 THEN {0} ELSE CAST(round({0}, CAST({1} AS INTEGER)) AS "
        + kind
        + ") END"
        for kind in _INTEGERS
    },
    **{f"mod({kind}, {kind}) -> {kind}": "{0} % {1}" for kind in _INTEGERS},
    "mod(decimal, decimal) -> decimal": _mod,
    "mod(double, double) -> double": "{0} % {1}",
    "mod(real, real) -> real": "{0} % {1}",
    "power(double, double) -> double": "pow({0}, {1})",
    "pow(double, double) -> double": "pow({0}, {1})",
    "log(double, double) -> double": "fn_log({1}) / fn_log({0})",
    "atan2(double, double) -> double": "atan2({0}, {1})",
    **{f"sign({kind}) -> {kind}": f"CAST(sign({{0}}) AS {kind})" for kind in _INTEGERS},
    "sign(decimal) -> decimal(1,0)": "CAST(sign({0}) AS DECIMAL(1, 0))",
    "sign(double) -> double": "CAST(fn_sign({0}) AS DOUBLE)",
    "sign(real) -> real": "CAST(fn_sign({0}) AS REAL)",
    "random() -> double": "random()",
    "rand() -> double": "random()",
    **{f"{name}({kinds}) -> bigint": _random for name in ("random", "rand") for kinds in ("bigint", "bigint, bigint")},
    "width_bucket(double, double, double, bigint) -> bigint": "fn_bucket({0}, {1}, {2}, {3})",
    "width_bucket(double, array(double)) -> bigint": "fn_bins({0}, {1})",
    "is_nan(double) -> boolean": "isnan({0})",
    "is_nan(real) -> boolean": "isnan({0})",
    "is_finite(double) -> boolean": "isfinite({0})",
    "is_infinite(double) -> boolean": "isinf({0})",
    "nan() -> double": "CAST('NaN' AS DOUBLE)",
    "infinity() -> double": "CAST('Infinity' AS DOUBLE)",
    "e() -> double": "CAST(2.718281828459045e0 AS DOUBLE)",
    "pi() -> double": "pi()",
    "to_base(bigint, bigint) -> varchar": "py_to_base({0}, {1})",
    "from_base(varchar, bigint) -> bigint": "py_from_base({0}, {1})",
    "bitwise_and(bigint, bigint) -> bigint": "{0} & {1}",
    "bitwise_or(bigint, bigint) -> bigint": "{0} | {1}",
    "bitwise_xor(bigint, bigint) -> bigint": "xor({0}, {1})",
    "bitwise_not(bigint) -> bigint": "~{0}",
    "bitwise_left_shift(bigint, bigint) -> bigint": "fn_left_shift({0}, {1})",
    "bitwise_right_shift(bigint, bigint) -> bigint": "fn_right_shift({0}, {1})",
    "bitwise_right_shift_arithmetic(bigint, bigint) -> bigint": "{0} >> least({1}, 63)",
    "bit_count(bigint, bigint) -> bigint": _bit_count,
}
SCALARS: dict[str, Function] = {
    **library(_BODIES),  # type: ignore[arg-type]
    "greatest": _extreme("greatest", ">"),
    "least": _extreme("least", "<"),
}
