"""What functions refuse: arguments that fit no signature, values that Trino refuses, what is not offered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from trino_queries import value

ERRORS = {
    "length(5)": "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (integer) for function length. Expected: length",
    "upper(1.5)": "FUNCTION_NOT_FOUND",
    "date_diff('day', '2023-01-01', '2023-01-02')": "FUNCTION_NOT_FOUND",
    "greatest(1, 'a')": "FUNCTION_NOT_FOUND",
    "codepoint('ab')": "FUNCTION_NOT_FOUND",
    "reduce(array[bigint '1'], 0, (s, x) -> s + x, s -> s)": "FUNCTION_NOT_FOUND",
    "split_part('a/b', '/', 0)": "INVALID_FUNCTION_ARGUMENT: Index must be greater than zero",
    "split('a', '')": "INVALID_FUNCTION_ARGUMENT: The delimiter may not be the empty string",
    "lpad('a', -1, 'x')": "INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]",
    "hamming_distance('a', 'bc')": "INVALID_FUNCTION_ARGUMENT",
    "from_base('9', 8)": "INVALID_FUNCTION_ARGUMENT: Not a valid base-8 number: 9",
    "mod(5, 0)": "DIVISION_BY_ZERO: Division by zero",
    "element_at(array[1], 0)": "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1",
    "map(array['k','k'], array[1,2])": "INVALID_FUNCTION_ARGUMENT: Duplicate map keys are not allowed",
    "map(array[1,2], array['v'])": "INVALID_FUNCTION_ARGUMENT: Key and value arrays must be the same length",
    "array_sort(array[1,2], (x, y) -> 5)": "INVALID_FUNCTION_ARGUMENT: Lambda comparator must return either -1, 0, or 1",
    "sequence(1, 5, 0)": "INVALID_FUNCTION_ARGUMENT",
    "json_parse('{')": "INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: '{'",
    "json_extract('{}', '$..k')": "NOT_SUPPORTED",
    "json_extract('{}', '$.k[*]')": "NOT_SUPPORTED",
    "date_parse('soon', '%Y')": 'INVALID_FUNCTION_ARGUMENT: Invalid format: "soon"',
    "date_parse('2023-02-29', '%Y-%m-%d')": "INVALID_FUNCTION_ARGUMENT",
    "date_format(timestamp '2023-01-01 00:00:00', '%U')": "INVALID_FUNCTION_ARGUMENT: line 1:8: %U not supported",
    "date_add('hour', 1, date '2023-01-01')": "INVALID_FUNCTION_ARGUMENT: line 1:8: 'hour' is not a valid DATE field",
    "date('2023-01-01 10:00:00')": "INVALID_CAST_ARGUMENT",
    "from_iso8601_timestamp('2023-01-01T10:00:00+03:00')": "NOT_SUPPORTED",
    "regexp_like('a', '(')": "INVALID_FUNCTION_ARGUMENT",
    "regexp_like('a', '[a-z&&[^b]]')": "NOT_SUPPORTED",
    "regexp_like('a', 'x(?i)a')": "NOT_SUPPORTED",
    r"regexp_like('a', '\p{Alpha}')": "NOT_SUPPORTED",
    "regexp_extract('ab', 'b', 1)": "INVALID_FUNCTION_ARGUMENT: Pattern has 0 groups. Cannot access group 1",
    "regexp_replace('ab', 'b', '$3')": "INVALID_FUNCTION_ARGUMENT",
    "format('%d', 5e0)": "INVALID_FUNCTION_ARGUMENT",
    "format('%tA', date '2023-01-01')": "NOT_SUPPORTED",
    "word_stem('going')": "NOT_SUPPORTED: The local AWS does not offer this: the function word_stem()",
    "checksum(x) from (values 1) t(x)": "NOT_SUPPORTED",
    "sum(x) from (values 9223372036854775807, 1) t(x)": "NUMERIC_VALUE_OUT_OF_RANGE",
}


@pytest.mark.parametrize(("expression", "error"), ERRORS.items())
def test_an_expression_fails_as_trino_says(expression: str, error: str) -> None:
    assert str(value(expression)).startswith(error)


@pytest.mark.parametrize(
    "expression",
    ["split_part('a', '-', 0)", "json_parse('{')", "element_at(array[1], 0)", "date_parse('soon', '%Y')", "mod(1, 0)"],
)
def test_try_makes_null_of_a_failure(expression: str) -> None:
    assert value(f"try({expression})") is None


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


TEXT = some.text(some.characters(codec="utf-8", exclude_characters="\x00\x02"), max_size=12)
SAME_AS_PYTHON: dict[str, Callable[[str], str]] = {
    "length({0})": lambda text: str(len(text)),
    "reverse({0})": lambda text: text[::-1],
    "substr({0}, 2, 3)": lambda text: text[1:4],
    "to_hex(to_utf8({0}))": lambda text: text.encode().hex().upper(),
    "from_utf8(from_base64(to_base64(to_utf8({0}))))": lambda text: text,
    "url_decode(url_encode({0}))": lambda text: text,
    "array_join(split({0}, 'a'), 'a')": lambda text: text,
    "replace({0}, '', '.')": lambda text: text.replace("", "."),
}


@pytest.mark.parametrize(("template", "same"), SAME_AS_PYTHON.items())
@settings(max_examples=25, deadline=None)
@given(text=TEXT)
def test_a_function_of_text_is_that_of_code_points(template: str, same: Callable[[str], str], text: str) -> None:
    assert value(template.format(_quoted(text))) == same(text)
