"""Trino's aggregate and window functions.

Source: https://trino.io/docs/current/functions/aggregate.html, https://trino.io/docs/current/functions/window.html
"""

from __future__ import annotations

from collections.abc import Callable

from localcloud.sql.call import Call, Function, Typed
from localcloud.sql.functions.signatures import Bound, library
from localcloud.sql.model import NotOffered
from localcloud.sql.types import BIGINT, decimal, duckdb

_Body = Callable[[Bound], str | Typed]


def _plain(function: str, cast: str = "") -> _Body:
    def body(bound: Bound) -> str:
        made = bound.call.aggregate(function, *(arg.sql for arg in bound.args))
        return f"CAST({made} AS {cast})" if cast else made

    return body


def _refused(why: str) -> _Body:
    def body(bound: Bound) -> str:
        raise NotOffered(f"{bound.call.name}(){why}")

    return body


def _sum_decimal(bound: Bound) -> Typed:
    kind = decimal(38, bound.args[0].type.parameters[1])
    return Typed(f"CAST({bound.call.aggregate('sum', f'CAST({bound[0]} AS {duckdb(kind)})')} AS {duckdb(kind)})", kind)


def _avg_decimal(bound: Bound) -> Typed:
    """The exact sum over the count, half up in the argument's own scale."""
    kind = bound.args[0].type
    total = bound.call.aggregate("sum", f"op_unscaled({bound[0]})")
    count = bound.call.aggregate("count", bound[0])
    scale = kind.parameters[1]
    quotient = f"CAST(op_divide(CAST({total} AS HUGEINT), CAST({count} AS HUGEINT)) AS DECIMAL(38, 0))"
    shifted = f"CAST({quotient} AS DECIMAL(38, 0)) * CAST(1e-{scale} AS DECIMAL(38, {scale}))" if scale else quotient
    made = f"CASE WHEN {count} = 0 THEN NULL ELSE CAST({shifted} AS {duckdb(kind)}) END"
    return Typed(made, kind)


def _listagg(bound: Bound) -> str:
    separator = bound[1] if len(bound.args) > 1 else "''"
    return bound.call.aggregate("string_agg", bound[0], separator)


def _map_agg(bound: Bound) -> str:
    if bound.call.order_by or bound.call.distinct:
        raise NotOffered(f"{bound.call.name}() with DISTINCT or ORDER BY")
    entries = bound.call.aggregate("list", f"struct_pack(k := {bound[0]}, v := {bound[1]})")
    kept = f"list_filter({entries}, lambda e: e.k IS NOT NULL)"
    # of a key that comes again the first value stays
    first = f"list_filter({kept}, lambda e, i: list_position(list_transform({kept}, lambda f: f.k), e.k) = i)"
    return f"CASE WHEN len({kept}) > 0 THEN fn_map_of_pairs({first}) END"


def _multimap_agg(bound: Bound) -> str:
    entries = bound.call.aggregate("list", f"struct_pack(k := {bound[0]}, v := {bound[1]})")
    kept = f"list_filter({entries}, lambda e: e.k IS NOT NULL)"
    keys = f"fn_distinct(list_transform({kept}, lambda e: e.k))"
    values = f"list_transform({keys}, lambda k: list_transform(list_filter({kept}, lambda e: e.k = k), lambda e: e.v))"
    return f"CASE WHEN len({kept}) > 0 THEN map({keys}, {values}) END"


def _histogram(bound: Bound) -> str:
    made = bound.call.aggregate("histogram", bound[0])
    return f"fn_counts({made})"


def _percentile(bound: Bound) -> str:
    share = bound.args[1]
    inside = bound.call.aggregate("quantile_disc", bound[0], bound[1])
    if share.literal is None and share.type.name != "array":
        raise NotOffered("approx_percentile() with a percentage that is no literal")
    return inside


def _count_if(bound: Bound) -> str:
    return f"CAST({bound.call.aggregate('count', f'CASE WHEN {bound[0]} THEN 1 END')} AS BIGINT)"


def _geometric(bound: Bound) -> str:
    return f"exp({bound.call.aggregate('avg', f'fn_log({bound[0]})')})"


def _count(call: Call) -> Typed:
    arguments = [one.sql for one in call.arguments if isinstance(one, Typed)]
    return Typed(call.aggregate("count", *(arguments or ["*"])), BIGINT)


_NUMBERS = ("tinyint", "smallint", "integer", "bigint")
_TWO = {
    "corr": "corr",
    "covar_samp": "covar_samp",
    "covar_pop": "covar_pop",
    "regr_slope": "regr_slope",
    "regr_intercept": "regr_intercept",
}
_ONE = {
    **{"stddev": "stddev_samp", "stddev_samp": "stddev_samp", "stddev_pop": "stddev_pop"},
    **{"variance": "var_samp", "var_samp": "var_samp", "var_pop": "var_pop"},
}
AGGREGATES: dict[str, Function] = {
    **library(
        {
            "count_if(boolean) -> bigint": _count_if,
            "sum(bigint) -> bigint": _plain("sum", "BIGINT"),
            "sum(double) -> double": _plain("sum"),
            "sum(real) -> real": _plain("sum", "REAL"),
            "sum(decimal) -> decimal": _sum_decimal,
            "sum(interval) -> interval": _plain("sum"),
            "avg(bigint) -> double": _plain("avg"),
            "avg(double) -> double": _plain("avg"),
            "avg(real) -> real": _plain("avg", "REAL"),
            "avg(decimal) -> decimal": _avg_decimal,
            "min(T) -> T": _plain("min"),
            "max(T) -> T": _plain("max"),
            "min(T, bigint) -> array(T)": _plain("min"),
            "max(T, bigint) -> array(T)": _plain("max"),
            # DuckDB's arg_min leaves out rows without a value; Trino takes the row of the least key whatever it holds
            "min_by(T, U) -> T": _plain("arg_min_null"),
            "max_by(T, U) -> T": _plain("arg_max_null"),
            "min_by(T, U, bigint) -> array(T)": _refused(" of several rows"),
            "max_by(T, U, bigint) -> array(T)": _refused(" of several rows"),
            "arbitrary(T) -> T": _plain("any_value"),
            "any_value(T) -> T": _plain("any_value"),
            "array_agg(T) -> array(T)": _plain("list"),
            "approx_distinct(T) -> bigint": lambda b: f"CAST(count(DISTINCT {b[0]}){b.call.after} AS BIGINT)",
            "approx_distinct(T, double) -> bigint": lambda b: f"CAST(count(DISTINCT {b[0]}){b.call.after} AS BIGINT)",
            **{f"approx_percentile({kind}, double) -> {kind}": _percentile for kind in ("bigint", "double", "real")},
            **{
                f"approx_percentile({kind}, array(double)) -> array({kind})": _percentile
                for kind in ("bigint", "double", "real")
            },
            "approx_percentile(double, double, double) -> double": _refused(" with weights"),
            "bool_and(boolean) -> boolean": _plain("bool_and"),
            "every(boolean) -> boolean": _plain("bool_and"),
            "bool_or(boolean) -> boolean": _plain("bool_or"),
            **{f"{name}(double) -> double": _plain(function) for name, function in _ONE.items()},
            **{f"{name}(double, double) -> double": _plain(function) for name, function in _TWO.items()},
            "skewness(double) -> double": _refused(""),
            "kurtosis(double) -> double": _refused(""),
            "geometric_mean(double) -> double": _geometric,
            "entropy(double) -> double": _refused(""),
            "checksum(T) -> varbinary": _refused(""),
            "bitwise_and_agg(bigint) -> bigint": _plain("bit_and"),
            "bitwise_or_agg(bigint) -> bigint": _plain("bit_or"),
            "histogram(T) -> map(T, bigint)": _histogram,
            "map_agg(K, V) -> map(K, V)": _map_agg,
            "multimap_agg(K, V) -> map(K, array(V))": _multimap_agg,
            "map_union(map(K, V)) -> map(K, V)": _refused(""),
            "listagg(varchar) -> varchar": _listagg,
            "listagg(varchar, varchar) -> varchar": _listagg,
            "approx_most_frequent(bigint, T, bigint) -> map(T, bigint)": _refused(""),
            "numeric_histogram(bigint, double) -> map(double, double)": _refused(""),
        }
    ),
    "count": _count,
}


def _offset(function: str) -> _Body:
    def body(bound: Bound) -> str:
        if len(bound.args) > 1:
            offset = f"fn_check({bound[1]} < 0, 'Offset must be at least 0', {bound[1]})"
            return bound.call.aggregate(function, bound[0], offset, *(arg.sql for arg in bound.args[2:]))
        return bound.call.aggregate(function, bound[0])

    return body


WINDOWS: dict[str, Function] = library(
    {
        **{f"{name}() -> bigint": _plain(name, "BIGINT") for name in ("row_number", "rank", "dense_rank")},
        **{f"{name}() -> double": _plain(name) for name in ("percent_rank", "cume_dist")},
        "ntile(bigint) -> bigint": _plain("ntile", "BIGINT"),
        **{
            f"{name}(T{rest}) -> T": _offset(name)
            for name in ("lag", "lead")
            for rest in ("", ", bigint", ", bigint, T")
        },
        "first_value(T) -> T": _plain("first_value"),
        "last_value(T) -> T": _plain("last_value"),
        "nth_value(T, bigint) -> T": _plain("nth_value"),
    }
)
