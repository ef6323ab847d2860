"""The conditions by which GetPartitions chooses: the documented grammar, each key compared as its type."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.protocol import ServiceError
from localcloud.services.catalog.expression import condition

KEYS = [
    {"Name": "n", "Type": "int"},
    {"Name": "s", "Type": "string"},
    {"Name": "d", "Type": "date"},
    {"Name": "t", "Type": "timestamp"},
    {"Name": "amount", "Type": "decimal(10,2)"},
    {"Name": "f", "Type": "float"},
    {"Name": "v", "Type": "varchar(5)"},
]
ROW = ["07", "o'Neil_1", "2024-02-09", "2024-02-09 10:00:00.5", "2.50", "1.5", "abc"]


@pytest.mark.parametrize(
    ("expression", "true"),
    [
        ("n = 7", True),  # a number, not the text 07
        ("n = '7'", True),
        ("N <> 7", False),
        ("n < > 8", True),
        ("n > -10 and n < 10", True),
        ("n in (1, '7')", True),
        ("n not in (1, 2)", True),
        ("not (n = 7)", False),
        ("n between 7 and 7", True),
        ("n not between 8 and 9", True),
        ("n between 9 and 1", False),
        ("(n) = ((7))", True),
        ("n = 1 or n = 7 and s = 'x'", False),
        ("(n = 1 or n = 7) and s like 'o%'", True),
        ("s = 'o''Neil_1'", True),
        ("s = 'O''NEIL_1'", False),
        ("s like 'o_Neil__'", True),
        ("s like 'Neil'", False),
        ("s not like '%.%'", True),
        ("s > 'a' and s < 'z'", True),
        ("`s` >= 'o' and \"n\" = 7", True),
        ("s is null", False),
        ("s is not null and n is not null", True),
        ("d = '2024-02-09'", True),
        ("d >= '2024-02-10'", False),
        ("d between '2023-12-31' and '2024-12-31'", True),
        ("t > '2024-02-09 10:00:00'", True),
        ("t = '2024-02-09 10:00:00.500'", True),
        ("t in ('2024-02-09 10:00:00.050')", False),
        ("amount = 2.5", True),
        ("amount > 2.49 and amount < '1e1'", True),
        ("v like 'a%' AND v = 'abc'", True),
        ("n = 7 AND s = 'no' OR d = '2024-02-09'", True),
    ],
)
def test_a_condition_says_whether_a_partition_is_wanted(expression: str, true: bool) -> None:
    assert says(expression, KEYS, ROW) is true


def says(expression: str, keys: list[dict[str, str]], row: list[str]) -> bool:
    compiled = condition(expression, keys)
    assert compiled
    return compiled(row)


@pytest.mark.parametrize("blank", ["", "  \n "])
def test_a_blank_expression_is_no_condition(blank: str) -> None:
    assert condition(blank, KEYS) is None


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("price = 1", "Unknown column 'price'"),
        ("n like '7'", "doesn't support operation 'LIKE'"),
        ("d like '2024%'", "Date data type"),
        ("n = 'seven'", "is not an integer"),
        ("n = 7.5", "is not an integer"),
        ("amount = 'much'", "is not a decimal"),
        ("amount = 'NaN'", "is not a decimal"),
        ("d = '2024-2-9'", "is not a date"),
        ("d = '2024-02-30'", "is not a date"),
        ("t = '2024-02-09'", "format must be"),
        ("f > 1", "Unknown type : 'float'"),
        ("n", "Unsupported expression"),
        ("7 = n", "Unsupported expression"),
        ("n = s", "Unsupported expression"),
        ("lower(s) = 'x'", "Unsupported expression"),
        ("n + 1 = 8", "Unsupported expression"),
        ("s like 'a' escape 'b'", "Unsupported expression"),
        ("s ilike 'A%'", "Unsupported expression"),
        ("n = 7 limit 1", "Unsupported expression"),
        ("n = 7; n = 8", "Unsupported expression"),
        ("n in (select 1)", "Unsupported expression"),
        ("a.n = 7", "Unsupported expression"),
        ("n = 7 and", "Unsupported expression"),
        ("s = 'open", "Unsupported expression"),
        ("n is 7", "Unsupported expression"),
        ("s = null", "Unsupported expression"),
        ("s rlike 'a'", "Unsupported expression"),
    ],
)
def test_what_is_outside_the_grammar_is_refused(expression: str, message: str) -> None:
    with pytest.raises(ServiceError) as raised:
        condition(expression, KEYS)
    assert raised.value.code == "InvalidInputException"
    assert message in str(raised.value)


def test_a_value_that_is_not_of_its_keys_type_is_told() -> None:
    with pytest.raises(ServiceError, match="is not an integer") as raised:
        says("n > 1", KEYS[:1], ["__HIVE_DEFAULT_PARTITION__"])
    assert raised.value.code == "InvalidStateException"


texts = st.text("ab_%'x", max_size=4)
numbers = st.integers(-20, 20)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


operators = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
comparisons = st.one_of(
    st.builds("n {} {}".format, operators, numbers),
    st.builds("s {} {}".format, operators, texts.map(quoted)),
    st.builds("n {}IN ({}, {})".format, st.sampled_from(["", "NOT "]), numbers, numbers),
    st.builds("n {}BETWEEN {} AND {}".format, st.sampled_from(["", "NOT "]), numbers, numbers),
    st.builds("s {}LIKE {}".format, st.sampled_from(["", "NOT "]), texts.map(quoted)),
    st.builds("s IN ({}, {})".format, texts.map(quoted), texts.map(quoted)),
)
expressions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds("{} AND {}".format, inner, inner),
        st.builds("{} OR {}".format, inner, inner),
        st.builds("NOT ({})".format, inner),
        st.builds("({})".format, inner),
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(expression=expressions, n=numbers, s=st.text("ab_%'x", min_size=1, max_size=4))
def test_a_condition_is_what_sql_makes_of_it(expression: str, n: int, s: str) -> None:
    database = sqlite3.connect(":memory:")
    database.execute("PRAGMA case_sensitive_like = ON")
    row: tuple[Any, ...] = database.execute(f"SELECT {expression} FROM (SELECT ? AS n, ? AS s)", (n, s)).fetchone()
    assert says(expression, KEYS[:2], [str(n), s]) is bool(row[0])
