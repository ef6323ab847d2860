"""Aggregate and window functions: each expression gives what Trino documents."""

from __future__ import annotations

import pytest
from trino_queries import value

VALUES: dict[str, str | None] = {
    "count(*) from (values 1, 2) t(x)": "2",
    "count(x) from (values 1, null) t(x)": "1",
    "count(distinct x) from (values 1, 1, null) t(x)": "1",
    "count_if(x > 1) from (values 1, 2, 3) t(x)": "2",
    "sum(x) from (values 1, 2, 3) t(x)": "6",
    "sum(x) from (values 1.5, 2.25) t(x)": "3.75",
    "avg(x) from (values 1, 2) t(x)": "1.5",
    "avg(x) from (values 1.5, 2.0, 2.0) t(x)": "1.8",
    "avg(x) from (values 10, 20) t(x) where x > 50": None,
    "min(x) from (values 'b', 'a') t(x)": "a",
    "max(x, 2) from (values 3, 1, 2) t(x)": "[3, 2]",
    "min(x, 2) from (values 3, 1, 2) t(x)": "[1, 2]",
    "min_by(x, y) from (values ('a', 2), (null, 1)) t(x, y)": None,
    "max_by(x, y) from (values ('a', 2), ('b', 1)) t(x, y)": "a",
    "arbitrary(x) from (values null, 3) t(x)": "3",
    "array_agg(x order by x) from (values 3, null, 1) t(x)": "[1, 3, null]",
    "array_agg(x order by x) filter (where x > 1) from (values 3, null, 1) t(x)": "[3]",
    "approx_distinct(x) from (values 3, 3, 1) t(x)": "2",
    "approx_percentile(x, 0.5) from (values 1, 2, 3) t(x)": "2",
    "bool_and(x > 0) from (values 1, 2) t(x)": "true",
    "every(x > 1) from (values 1, 2) t(x)": "false",
    "bool_or(x > 1) from (values 1, 2) t(x)": "true",
    "stddev(x) from (values 1, 2, 3, 4) t(x)": "1.2909944487358056",
    "stddev_pop(x) from (values 1, 3) t(x)": "1.0",
    "variance(x) from (values 1, 3) t(x)": "2.0",
    "stddev(x) from (values 1) t(x)": None,
    "corr(x, y) from (values (1, 2), (2, 4), (3, 6)) t(x, y)": "1.0",
    "covar_pop(x, y) from (values (1, 2), (3, 6)) t(x, y)": "2.0",
    "regr_slope(y, x) from (values (1, 2), (2, 4), (3, 6)) t(x, y)": "2.0",
    "geometric_mean(x) from (values 2, 8) t(x)": "4.0",
    "bitwise_or_agg(x) from (values 1, 4) t(x)": "5",
    "histogram(x) from (values 'a', 'a', 'b') t(x)": "{a=2, b=1}",
    "map_agg(x, y) from (values ('a', 1), ('b', 2), ('a', 3)) t(x, y)": "{a=1, b=2}",
    "multimap_agg(x, y) from (values ('a', 1), ('b', 2), ('a', 3)) t(x, y)": "{a=[1, 3], b=[2]}",
    "listagg(x, ',') within group (order by x) from (values 'b', 'a') t(x)": "a,b",
    "array_agg(r) from (select row_number() over (order by x desc) r from (values 5, 7) t(x))": "[1, 2]",
    "array_agg(r) from (select rank() over (order by x) r from (values 5, 5, 7) t(x))": "[1, 1, 3]",
    "array_agg(r) from (select lag(x) over (order by x) r from (values 5, 7) t(x))": "[null, 5]",
    "array_agg(r) from (select lead(x, 1, 0) over (order by x) r from (values 5, 7) t(x))": "[7, 0]",
    "array_agg(r) from (select ntile(2) over (order by x) r from (values 5, 7, 9) t(x))": "[1, 1, 2]",
    "array_agg(r) from (select first_value(x) over (order by x) r from (values 5, 7) t(x))": "[5, 5]",
    "array_agg(r) from (select last_value(x) over (order by x) r from (values 5, 7) t(x))": "[5, 7]",
    "array_agg(r) from (select nth_value(x, 2) over (order by x) r from (values 5, 7) t(x))": "[null, 7]",
    "array_agg(r) from (select cume_dist() over (order by x) r from (values 5, 7) t(x))": "[0.5, 1.0]",
    "array_agg(r) from (select sum(x) over (order by x) r from (values 5, 7) t(x))": "[5, 12]",
    "array_agg(r) from (select avg(x) over (order by x) r from (values 1.0, 2.0) t(x))": "[1.0, 1.5]",
    "max_by(x, y) from (values ('a', null), ('b', 1)) t(x, y)": "b",
    "min_by(x, y) from (values ('a', null), ('b', 1)) t(x, y)": "b",
    "sum(cast(x as real)) from (values 1, 2) t(x)": "3.0",
    "sum(x) from (values 1) t(x) where x > 5": None,
    "array_agg(x) from (values 1) t(x) where x > 5": None,
    "histogram(x) from (values 1) t(x) where x > 5": None,
    "typeof(sum(x)) from (values 1) t(x)": "bigint",
    "typeof(avg(x)) from (values 1.25) t(x)": "decimal(3,2)",
    "typeof(approx_percentile(x, 0.5)) from (values 1) t(x)": "bigint",
}


@pytest.mark.parametrize(("expression", "expected"), VALUES.items())
def test_an_expression_gives_what_trino_gives(expression: str, expected: str | None) -> None:
    assert value(expression) == expected
