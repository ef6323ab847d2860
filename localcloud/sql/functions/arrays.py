"""Trino's functions on arrays and maps. Source: https://trino.io/docs/current/functions/array.html, map.html"""

from __future__ import annotations

from localcloud.sql import text
from localcloud.sql.call import Call, Function, Lambda, Typed
from localcloud.sql.coercions import coerce
from localcloud.sql.functions.signatures import Bound, library
from localcloud.sql.model import NotOffered
from localcloud.sql.types import Type, duckdb, row


def _of_result(template: str):  # type: ignore[no-untyped-def]
    """The template's SQL cast to the result's type, for what DuckDB may make of another, such as an empty list."""

    def body(bound: Bound) -> str:
        return f"CAST({template.format(*(arg.sql for arg in bound.args))} AS {duckdb(bound.result)})"

    return body


def _join(bound: Bound) -> str:
    element = bound.types["T"]
    if element.items:
        raise NotOffered("array_join() of arrays, maps or rows")
    shown = text.render("e", element)
    missing = f"coalesce({shown}, {bound[2]})" if len(bound.args) > 2 else shown
    return f"array_to_string(list_transform({bound[0]}, lambda e: {missing}), {bound[1]})"


def _concat(bound: Bound) -> str:
    missing = " OR ".join(f"{arg.sql} IS NULL" for arg in bound.args)
    made = bound.args[0].sql
    for arg in bound.args[1:]:
        made = f"list_concat({made}, {arg.sql})"
    return f"CASE WHEN {missing} THEN NULL ELSE {made} END"


def _extreme(function: str):  # type: ignore[no-untyped-def]
    def body(bound: Bound) -> str:
        return f"CASE WHEN fn_has_null({bound[0]}) THEN NULL ELSE {function}({bound[0]}) END"

    return body


def _match(kind: str):  # type: ignore[no-untyped-def]
    def body(bound: Bound) -> str:
        values = f"list_transform({bound[0]}, {bound[1]})"
        wanted = "e" if kind != "all" else "NOT e"
        counts = [f"len(list_filter({values}, lambda e: {which}))" for which in (wanted, "e IS NULL")]
        made = f"fn_any({', '.join(counts)})"
        return f"CASE WHEN {bound[0]} IS NULL THEN NULL ELSE {'' if kind == 'any' else 'NOT '}{made} END"

    return body


def _sequence_of_dates(bound: Bound) -> str:
    step = bound[2] if len(bound.args) > 2 else "INTERVAL 1 DAY"
    kind = bound.args[0].type
    made = f"generate_series({bound[0]}, {bound[1]}, {step})"
    return f"list_transform({made}, lambda e: CAST(e AS {duckdb(kind)}))"


def _sequence(bound: Bound) -> str:
    step = bound[2] if len(bound.args) > 2 else f"CASE WHEN {bound[0]} <= {bound[1]} THEN 1 ELSE -1 END"
    return f"fn_sequence({bound[0]}, {bound[1]}, {step})"


def _zip(call: Call) -> Typed:
    lists = [one for one in call.arguments if isinstance(one, Typed) and one.type.name == "array"]
    if len(lists) < 2 or len(lists) != len(call.arguments):
        raise call.error(
            "FUNCTION_NOT_FOUND", "Unexpected parameters for function zip. Expected: zip(array(T), array(U), …)"
        )
    fields = tuple(("", one.type.items[0]) for one in lists)
    packed = ", ".join(f"field{n} := z[{n + 1}]" for n in range(len(lists)))
    kind = Type("array", items=(row(*fields),))
    made = f"list_transform(list_zip({', '.join(one.sql for one in lists)}), lambda z: struct_pack({packed}))"
    return Typed(f"CAST({made} AS {duckdb(kind)})", kind)


def _zip_with(call: Call) -> Typed:
    first, second, function = call.arguments if len(call.arguments) == 3 else (None, None, None)
    if not isinstance(first, Typed) or not isinstance(second, Typed) or not isinstance(function, Lambda):
        message = "Unexpected parameters for function zip_with. Expected: zip_with(array(T), array(U), function(T,U,R))"
        raise call.error("FUNCTION_NOT_FOUND", message)
    made = function.of(first.type.items[0], second.type.items[0])
    names, _, body = made.sql.partition(":")
    one, two = (name.strip() for name in names.removeprefix("lambda").split(","))
    # the second parameter's place is a list of one inside the pair: each of the two is bound by a lambda of its own
    inner = f"list_transform([z[2]], lambda {two}: {body})[1]"
    return Typed(
        f"list_transform(list_zip({first.sql}, {second.sql}), lambda z:"
        f" list_transform([z[1]], lambda {one}: {inner})[1])",
        Type("array", items=(made.type,)),
    )


def _reduce(call: Call) -> Typed:
    if len(call.arguments) != 4 or not all(isinstance(one, Lambda) for one in call.arguments[2:]):
        message = (
            "Unexpected parameters for function reduce. Expected: reduce(array(T), S, function(S,T,S), function(S,R))"
        )
        raise call.error("FUNCTION_NOT_FOUND", message)
    items, start, step, finish = call.arguments
    assert isinstance(items, Typed)
    assert isinstance(start, Typed)
    assert isinstance(step, Lambda)
    assert isinstance(finish, Lambda)
    made = step.of(start.type, items.type.items[0])
    if (
        made.type != start.type
        and coerce(made, start.type).type == start.type
        and made.type.name == start.type.name != "decimal"
    ):
        made = Typed(made.sql, start.type)
    if made.type != start.type:
        message = (
            f"Unexpected parameters ({items.type}, {start.type}, function, function) for function reduce: the state is"
        )
        raise call.error(
            "FUNCTION_NOT_FOUND", f"{message} {start.type}, and the lambda gives {made.type}; cast the first state"
        )
    last = finish.of(start.type)
    kind, element = duckdb(start.type), items.type.items[0]
    if start.type == element:
        state = f"list_reduce({items.sql}, {made.sql}, {start.sql})"
    else:  # DuckDB's list_reduce wants a state of the elements' type: a struct of both
        names, _, body = made.sql.partition(":")
        one, two = (name.strip() for name in names.removeprefix("lambda").split(","))
        inner = f"list_transform([s.s], lambda {one}: list_transform([x.x], lambda {two}: {body})[1])[1]"
        packed = f"list_transform({items.sql}, lambda x: struct_pack(s := CAST(NULL AS {kind}), x := x))"
        first = f"struct_pack(s := CAST({start.sql} AS {kind}), x := CAST(NULL AS {duckdb(element)}))"
        step_sql = f"lambda s, x: struct_pack(s := CAST({inner} AS {kind}), x := CAST(NULL AS {duckdb(element)}))"
        state = f"list_reduce({packed}, {step_sql}, {first}).s"
    made_last = f"list_transform([{state}], {last.sql})[1]"
    return Typed(f"CASE WHEN {items.sql} IS NULL THEN NULL ELSE {made_last} END", last.type)


def _remove(bound: Bound) -> str:
    kept = f"list_filter({bound[0]}, lambda e: e IS NULL OR e <> {bound[1]})"
    return f"CASE WHEN {bound[1]} IS NULL THEN NULL ELSE {kept} END"


def _sorted_by(bound: Bound) -> str:
    """Each element's place is the number of those that the comparator puts before it; equal ones keep their order."""
    names, _, body = bound[1].partition(":")
    one, two = (name.strip() for name in names.removeprefix("lambda").split(","))
    items, wrong = bound[0], "'Lambda comparator must return either -1, 0, or 1'"
    compared = f"list_transform([s.a[j]], lambda {one}: list_transform([s.a[i]], lambda {two}: {body})[1])[1]"
    checked = (
        f"CASE WHEN {compared} IN (-1, 0, 1) THEN {compared} ELSE op_raise('INVALID_FUNCTION_ARGUMENT', {wrong}) END"
    )
    earlier = f"({checked}) < CASE WHEN j < i THEN 1 ELSE 0 END"
    positions = "range(1, len(s.a) + 1)"
    before = f"len(list_filter({positions}, lambda j: j <> i AND {earlier}))"
    places = f"list_sort(list_transform({positions}, lambda i: struct_pack(n := {before}, i := i)))"
    return f"list_transform([struct_pack(a := {items})], lambda s: list_transform({places}, lambda p: s.a[p.i]))[1]"


def _refused(bound: Bound) -> str:
    raise NotOffered(f"{bound.call.name}()")


SCALARS: dict[str, Function] = {
    **library(
        {
            "cardinality(array(T)) -> bigint": "len({0})",
            "cardinality(map(K, V)) -> bigint": "cardinality({0})",
            "contains(array(T), T) -> boolean": "fn_contains({0}, {1})",
            "element_at(array(T), bigint) -> T": "fn_element({0}, {1})",
            "element_at(map(K, V), K) -> V": "{0}[{1}]",
            "array_position(array(T), T) -> bigint": "fn_position({0}, {1})",
            "array_distinct(array(T)) -> array(T)": "fn_distinct({0})",
            "array_sort(array(T)) -> array(T)": "list_sort({0}, 'ASC', 'NULLS LAST')",
            "array_sort(array(T), function(T, T, bigint)) -> array(T)": _sorted_by,
            "array_max(array(T)) -> T": _extreme("list_max"),
            "array_min(array(T)) -> T": _extreme("list_min"),
            "array_join(array(T), varchar) -> varchar": _join,
            "array_join(array(T), varchar, varchar) -> varchar": _join,
            "array_remove(array(T), T) -> array(T)": _remove,
            "array_union(array(T), array(T)) -> array(T)": "fn_union({0}, {1})",
            "array_intersect(array(T), array(T)) -> array(T)": "fn_intersect({0}, {1})",
            "array_except(array(T), array(T)) -> array(T)": "fn_except({0}, {1})",
            "arrays_overlap(array(T), array(T)) -> boolean": "fn_overlap({0}, {1})",
            "concat(array(T), array(T)…) -> array(T)": _concat,
            "flatten(array(array(T))) -> array(T)": "flatten({0})",
            "reverse(array(T)) -> array(T)": "list_reverse({0})",
            "sequence(bigint, bigint) -> array(bigint)": _sequence,
            "sequence(bigint, bigint, bigint) -> array(bigint)": _sequence,
            "sequence(date, date) -> array(date)": _sequence_of_dates,
            **{
                f"sequence({kind}, {kind}, {step}) -> array({kind})": _sequence_of_dates
                for kind in ("date", "timestamp(3)")
                for step in ("interval", "interval year")
            },
            "slice(array(T), bigint, bigint) -> array(T)": "fn_slice({0}, {1}, {2})",
            "trim_array(array(T), bigint) -> array(T)": "fn_trim_array({0}, {1})",
            "repeat(T, bigint) -> array(T)": "list_transform(range({1}), lambda i: {0})",
            "shuffle(array(T)) -> array(T)": ("fn_shuffle({0})"),
            "combinations(array(T), bigint) -> array(array(T))": "fn_combinations({0}, {1})",
            "ngrams(array(T), bigint) -> array(array(T))": "fn_ngrams({0}, {1})",
            "transform(array(T), function(T, U)) -> array(U)": "list_transform({0}, {1})",
            "filter(array(T), function(T, boolean)) -> array(T)": "list_filter({0}, {1})",
            "any_match(array(T), function(T, boolean)) -> boolean": _match("any"),
            "all_match(array(T), function(T, boolean)) -> boolean": _match("all"),
            "none_match(array(T), function(T, boolean)) -> boolean": _match("none"),
            "map() -> map(unknown, unknown)": _of_result("map([], [])"),
            "map(array(K), array(V)) -> map(K, V)": "fn_map({0}, {1})",
            "map_keys(map(K, V)) -> array(K)": "map_keys({0})",
            "map_values(map(K, V)) -> array(V)": "map_values({0})",
            "map_concat(map(K, V), map(K, V)) -> map(K, V)": "fn_map_concat({0}, {1})",
        }
    ),
    "zip": _zip,
    "zip_with": _zip_with,
    "reduce": _reduce,
}


def _entries(call: Call) -> Typed:
    (value,) = call.arguments
    if not isinstance(value, Typed) or value.type.name != "map":
        raise call.error(
            "FUNCTION_NOT_FOUND", "Unexpected parameters for function map_entries. Expected: map_entries(map(K,V))"
        )
    kind = Type("array", items=(row(("", value.type.items[0]), ("", value.type.items[1])),))
    made = f"list_transform(map_entries({value.sql}), lambda e: struct_pack(field0 := e.key, field1 := e.value))"
    return Typed(f"CAST({made} AS {duckdb(kind)})", kind)


def _from_entries(call: Call) -> Typed:
    (value,) = call.arguments
    if not isinstance(value, Typed) or value.type.name != "array" or len(value.type.items[0].items) != 2:
        message = "Unexpected parameters for function map_from_entries. Expected: map_from_entries(array(row(K,V)))"
        raise call.error("FUNCTION_NOT_FOUND", message)
    inside = value.type.items[0]
    keys, values = (
        f"list_transform({value.sql}, lambda e: struct_extract(e, '{name or f'field{n}'}'))"
        for n, name in enumerate(inside.fields)
    )
    return Typed(f"fn_map({keys}, {values})", Type("map", items=inside.items))


def _of_map(what: str) -> Function:
    """map_filter, transform_keys and transform_values: a lambda of a key and a value."""

    def function(call: Call) -> Typed:
        value, given = call.arguments if len(call.arguments) == 2 else (None, None)
        if not isinstance(value, Typed) or not isinstance(given, Lambda) or value.type.name != "map":
            message = (
                f"Unexpected parameters for function {call.name}. Expected: {call.name}(map(K,V), function(K,V,…))"
            )
            raise call.error("FUNCTION_NOT_FOUND", message)
        key, item = value.type.items
        made = given.of(key, item)
        names, _, body = made.sql.partition(":")
        one, two = (name.strip() for name in names.removeprefix("lambda").split(","))
        inside = f"list_transform([e.key], lambda {one}: list_transform([e.value], lambda {two}: {body})[1])[1]"
        if what == "filter":
            return Typed(
                f"fn_map_of({value.sql}, list_filter(map_entries({value.sql}), lambda e: {inside}))", value.type
            )
        changed = f"list_transform(map_entries({value.sql}), lambda e: {inside})"
        if what == "keys":
            return Typed(f"fn_map({changed}, map_values({value.sql}))", Type("map", items=(made.type, item)))
        return Typed(f"fn_map(map_keys({value.sql}), {changed})", Type("map", items=(key, made.type)))

    return function


SCALARS["map_entries"] = _entries
SCALARS["map_from_entries"] = _from_entries
SCALARS["map_filter"] = _of_map("filter")
SCALARS["transform_keys"] = _of_map("keys")
SCALARS["transform_values"] = _of_map("values")
