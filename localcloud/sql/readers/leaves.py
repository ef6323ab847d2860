"""From a field's text to a value, as DuckDB SQL: what each SerDe takes for a number, a date, a boolean.

Source of the rules: Hive's LazySimpleSerDe and date and timestamp parsers, as Trino's Hive formats keep them; Athena's
"Open CSV SerDe for processing CSV" (numbers of days and milliseconds, no empty numbers).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from localcloud.sql.model import NotOffered
from localcloud.sql.settings import ERROR_END, ERROR_MARK
from localcloud.sql.types import Type, duckdb

_INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_DECIMAL = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_DATE = r"([+-]?[0-9]{1,9})-([0-9]{1,2})-([0-9]{1,2})"
_TIME = r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:\.([0-9]{1,9}))?"


@dataclass(frozen=True)
class Rules:
    """How one SerDe reads text.

    Attributes:
        strict: a value that is none of its type fails the query (HIVE_BAD_DATA); else it is NULL.
        epoch: dates are days, timestamps milliseconds since 1970, as with the Open CSV SerDe.
        radix: `0x1F` and `017` are integers, as with the OpenX SerDe.
        exact: integers have no fraction; else it is cut off.
        false_unless_true: every text but `true` is false, as Java's Boolean.parseBoolean has it.
    """

    strict: bool = False
    epoch: bool = False
    radix: bool = False
    exact: bool = False
    false_unless_true: bool = False


LAZY = Rules()
CSV = Rules(strict=True, epoch=True, exact=True)
OPENX = Rules(strict=True, radix=True, false_unless_true=True)
HIVE_JSON = Rules(strict=True, false_unless_true=True)
REGEX = Rules(exact=True, false_unless_true=True)


def forgiving(rules: Rules) -> Rules:
    """With `use.null.for.invalid.data`."""
    return replace(rules, strict=False)


def scalar(text: str, kind: Type, rules: Rules, position: int) -> str:
    """The value of a text that is not NULL-marked; `position` is the column's, from 0, for errors."""
    if kind.name in ("varchar", "char"):
        return _varchar(text, kind)
    valid = _valid(text, kind, rules)
    if not rules.strict:
        return valid
    quoted = f"""'Error parsing field value ''' || {text} || ''' for field {position}: For input string: "' || {text}"""
    failure = failing("HIVE_BAD_DATA", f"{quoted} || '\"'", duckdb(kind))
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE coalesce({valid}, {failure}) END"


def failing(code: str, message_sql: str, target: str) -> str:
    """An expression of the type that fails; DuckDB knows of `error` that it is no constant."""
    return f"CAST(error('{ERROR_MARK}{code}: ' || {message_sql} || '{ERROR_END}') AS {target})"


def _varchar(text: str, kind: Type) -> str:
    cut = f"substr({text}, 1, {kind.parameters[0]})" if kind.parameters else text
    return f"rtrim({cut}, ' ')" if kind.name == "char" else cut


def _valid(text: str, kind: Type, rules: Rules) -> str:
    """The value, NULL where the text is none."""
    match kind.name:
        case "boolean":
            if rules.false_unless_true:
                return f"lower({text}) = 'true'"
            return f"CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END"
        case name if name in _INTEGERS:
            return _integer(text, duckdb(kind), rules)
        case "real" | "double":
            return _double(text, duckdb(kind))
        case "decimal":
            return f"CASE WHEN regexp_full_match({text}, '{_DECIMAL}') THEN TRY_CAST({text} AS {duckdb(kind)}) END"
        case "date":
            return _epoch(text, "DATE '1970-01-01' + ", "INTEGER") if rules.epoch else date(text)
        case "timestamp":
            return _epoch(text, "make_timestamp_ms(", "BIGINT", ")") if rules.epoch else timestamp(text, rules)
        case "varbinary":
            return _binary(text)
    raise NotOffered(f"columns of type {kind} in text files. Declare the column as a string and cast it in the query.")


def _integer(text: str, target: str, rules: Rules) -> str:
    plain = f"regexp_full_match({text}, '[+-]?[0-9]+')"
    cases = f"WHEN {plain} THEN TRY_CAST({text} AS {target})"
    if rules.radix:
        octal = f"list_sum(list_transform(range(1, length({text})), lambda i: CAST({text}[i + 1] AS BIGINT) * "
        octal += f"CAST(pow(8, length({text}) - i - 1) AS BIGINT)))"
        cases = (
            f"WHEN regexp_full_match({text}, '0[xX][0-9a-fA-F]{{1,15}}') THEN TRY_CAST(lower({text}) AS {target}) "
            f"WHEN regexp_full_match({text}, '0[0-7]{{1,20}}') THEN TRY_CAST({octal} AS {target}) " + cases
        )
    if not rules.exact:
        fraction = r"[+-]?([0-9]+\.[0-9]*|\.[0-9]*)"
        whole = f"regexp_replace(split_part({text}, '.', 1), '^([+-]?)$', '\\10')"
        cases += f" WHEN regexp_full_match({text}, '{fraction}') THEN TRY_CAST({whole} AS {target})"
    if rules.radix:
        number = f"TRY_CAST({text} AS DECIMAL(38, 10))"
        cases += f" WHEN regexp_full_match({text}, '{_DECIMAL}') THEN TRY_CAST(trunc({number}) AS {target})"
    return f"CASE {cases} END"


def _double(text: str, target: str) -> str:
    trimmed = f"trim({text}, ' ' || chr(9))"
    number = f"TRY_CAST(rtrim({trimmed}, 'dDfF') AS {target})"
    return (
        f"CASE WHEN regexp_full_match({trimmed}, '{_DECIMAL}[dDfF]?') THEN {number} "
        f"WHEN regexp_full_match({trimmed}, '[+-]?(NaN|Infinity)') "
        f"THEN TRY_CAST(replace({trimmed}, '+', '') AS {target}) END"
    )


def _epoch(text: str, before: str, kind: str, after: str = "") -> str:
    return f"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]+') THEN {before}TRY_CAST({text} AS {kind}){after} END"


def _lenient_date(text: str, pattern: str) -> str:
    """Months and days beyond the calendar's count on, as Java's lenient resolver has it: 2023-02-30 is March 2."""
    year, month, day = (f"CAST(regexp_extract({text}, '{pattern}', {n}) AS INTEGER)" for n in (1, 2, 3))
    return f"(make_date({year}, 1, 1) + to_months({month} - 1) + to_days({day} - 1))"


def date(text: str) -> str:
    """`2024-01-31`, also with one digit, and whatever follows a blank."""
    head = f"split_part(trim({text}, ' ' || chr(9)), ' ', 1)"
    strict = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    lenient = f"TRY(CAST({_lenient_date(head, _DATE)} AS DATE))"
    return (
        f"CASE WHEN regexp_full_match({head}, '{strict}') AND TRY_CAST({head} AS DATE) IS NOT NULL "
        f"THEN TRY_CAST({head} AS DATE) WHEN regexp_full_match({head}, '{_DATE}') THEN {lenient} END"
    )


def timestamp(text: str, rules: Rules) -> str:
    """`2024-01-31 10:20:30.123`, with `T`, or a date alone; rounded to milliseconds.

    The OpenX SerDe also takes a zone (`Z`, `+02:00`) and numbers: seconds, or milliseconds of 13 digits and more.
    """
    trimmed = f"trim({text}, ' ' || chr(9))"
    both = f"{_DATE}(?:[ Tt]{_TIME})?"
    if rules.radix:
        both = f"{_DATE}[ Tt]{_TIME}"
    part = [f"regexp_extract({trimmed}, '{both}', {n})" for n in range(8)]
    hour, minute, second = (f"coalesce(TRY_CAST({part[n]} AS BIGINT), 0)" for n in (4, 5, 6))
    millis = f"CAST(round(CAST('0.' || {part[7]} || '0' AS DECIMAL(14, 10)) * 1000) AS BIGINT)"
    time = f"to_seconds({hour} * 3600 + {minute} * 60 + {second}) + to_milliseconds({millis})"
    zone = r"([Zz]|[+-][0-9]{2}:?[0-9]{2})"
    value = f"TRY({_lenient_date(trimmed, both)} + {time})"
    cases = f"WHEN regexp_full_match({trimmed}, '{both}') THEN {value}"
    if rules.radix:
        offset = [
            f"CAST(regexp_extract({trimmed}, '([+-])([0-9]{{2}}):?([0-9]{{2}})$', {n}) AS BIGINT)" for n in (2, 3)
        ]
        sign = f"CASE WHEN regexp_matches({trimmed}, '-[0-9]{{2}}:?[0-9]{{2}}$') THEN 1 ELSE -1 END"
        shift = f"CASE WHEN {trimmed}[-1] IN ('Z', 'z') THEN to_minutes(0) "
        shift += f"ELSE to_minutes({sign} * ({offset[0]} * 60 + {offset[1]})) END"
        cases += (
            f" WHEN regexp_full_match({trimmed}, '{both}{zone}') THEN {value} + {shift}"
            f" WHEN regexp_full_match({trimmed}, '[+-]?[0-9]+') THEN make_timestamp_ms(TRY_CAST({trimmed} AS BIGINT)"
            f" * CASE WHEN length({trimmed}) >= 13 THEN 1 ELSE 1000 END)"
            f" WHEN regexp_full_match({trimmed}, '[+-]?[0-9]*\\.[0-9]*[0-9]') "
            f"THEN make_timestamp_ms(CAST(trunc(TRY_CAST({trimmed} AS DECIMAL(38, 9)) * 1000) AS BIGINT))"
        )
    return f"CASE {cases} END"


def _binary(text: str) -> str:
    """Base64 where it is that, else the bytes themselves."""
    padded = f"rpad({text}, CAST(ceil(length({text}) / 4.0) * 4 AS INTEGER), '=')"
    whole = "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}(==)?|[A-Za-z0-9+/]{3}=?)?"
    return f"CASE WHEN regexp_full_match({text}, '{whole}') THEN from_base64({padded}) ELSE encode({text}) END"


def nested(text: str, kind: Type, rules: Rules, position: int, depth: int = 0) -> str:
    """A value from a nested structure whose leaves are text: lists, maps as lists of {k, v}, structs of f0, f1, …"""
    inside = f"e{depth}"
    if kind.name == "array":
        return f"list_transform({text}, lambda {inside}: {nested(inside, kind.items[0], rules, position, depth + 1)})"
    if kind.name == "map":
        key, item = (
            nested(f"{inside}.{name}", of, rules, position, depth + 1)
            for name, of in zip("kv", kind.items, strict=True)
        )
        entries = f"list_transform({text}, lambda {inside}: {{'k': {key}, 'v': {item}}})"
        return f"CASE WHEN {text} IS NULL THEN NULL ELSE map_from_entries({entries}) END"
    if kind.name == "row":
        fields = (
            f"{quoted(name)} := {nested(f'({text}).f{n}', item, rules, position, depth)}"
            for n, (name, item) in enumerate(zip(kind.fields, kind.items, strict=True))
        )
        return f"CASE WHEN {text} IS NULL THEN NULL ELSE struct_pack({', '.join(fields)}) END"
    return scalar(text, kind, rules, position)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
