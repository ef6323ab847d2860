"""Clauses of a query: each gives the rows that Trino gives, or Trino's error."""

from __future__ import annotations

import pytest
from trino_queries import compiled, failure, rows

QUERIES: dict[str, list[tuple[str | None, ...]]] = {
    # output
    "SELECT": [],
    "SELECT 1, 'a'": [("1", "a")],
    "SELECT * FROM fruit WHERE price > 5": [("cherry", "9.99", "2.5")],
    "SELECT f.*, f.price FROM fruit f WHERE name = 'apple'": [("apple", "1.20", "10.0", "1.20")],
    "SELECT FRUIT.Name, shop.fruit.price, awsdatacatalog.shop.fruit.kg FROM Shop.Fruit LIMIT 1": [
        ("apple", "1.20", "10.0")
    ],
    'SELECT buyer.first, s.buyer.age, "fruit" FROM sales s WHERE id = 1': [("Ida", "40", "apple")],
    "SELECT buyer.* FROM sales WHERE id = 1": [("Ida", "40")],
    'SELECT "$path" FROM fruit LIMIT 1': [("s3://shop/fruit/a.csv",)],
    "SELECT DISTINCT year FROM sales ORDER BY year": [("2023",), ("2024",)],
    "TABLE cheap": [("apple",), ("banana",)],
    "VALUES (1, 'a'), (2, NULL)": [("1", "a"), ("2", None)],
    "VALUES 1, 2.5": [("1.0",), ("2.5",)],
    # ORDER BY, LIMIT
    "SELECT name FROM fruit ORDER BY name": [("apple",), ("banana",), ("cherry",), (None,)],
    "SELECT name FROM fruit ORDER BY name DESC": [("cherry",), ("banana",), ("apple",), (None,)],
    "SELECT name FROM fruit ORDER BY 1 NULLS FIRST LIMIT 2": [(None,), ("apple",)],
    "SELECT name FROM fruit ORDER BY price DESC OFFSET 1 LIMIT 2": [(None,), ("apple",)],
    "SELECT name n FROM fruit ORDER BY price * 2 FETCH FIRST ROW ONLY": [("banana",)],
    "SELECT -price AS price FROM fruit ORDER BY price LIMIT 1": [("-9.99",)],
    "SELECT year FROM sales ORDER BY year FETCH FIRST 1 ROW WITH TIES": [("2023",), ("2023",)],
    "SELECT id FROM sales ORDER BY length(fruit) + id DESC LIMIT 1": [("4",)],
    "SELECT 1 LIMIT 0": [],
    "SELECT 1 LIMIT ALL": [("1",)],
    # joins
    "SELECT id, price FROM sales JOIN fruit ON fruit = name ORDER BY id": [("1", "1.20"), ("2", "1.20"), ("3", "9.99")],
    "SELECT id, price FROM sales LEFT JOIN fruit ON fruit = name WHERE id > 2 ORDER BY id": [
        ("3", "9.99"),
        ("4", None),
    ],
    "SELECT id, name FROM sales RIGHT OUTER JOIN fruit ON fruit = name WHERE id IS NULL ORDER BY 2": [
        (None, "banana"),
        (None, None),
    ],
    "SELECT count(*) FROM sales FULL JOIN fruit ON fruit = name": [("6",)],
    "SELECT count(*) FROM sales, fruit": [("16",)],
    "SELECT count(*) FROM sales CROSS JOIN fruit CROSS JOIN cheap": [("32",)],
    "SELECT * FROM (VALUES (1, 'a')) t(id, x) JOIN (VALUES (1, 'b')) u(id, y) USING (id)": [("1", "a", "b")],
    "SELECT id FROM (VALUES 1) t(id) FULL JOIN (VALUES BIGINT '2') u(id) USING (id) ORDER BY id": [("1",), ("2",)],
    "SELECT a.id FROM sales a JOIN sales b ON a.fruit = b.fruit AND a.id < b.id": [("1",)],
    "SELECT count(*) FROM (sales JOIN fruit ON fruit = name) JOIN cheap ON cheap.name = fruit": [("2",)],
    # UNNEST
    "SELECT id, tag FROM sales CROSS JOIN UNNEST(tags) AS t(tag) ORDER BY 1, 2": [
        ("1", "red"),
        ("1", "ripe"),
        ("4", "big"),
        ("4", None),
    ],
    "SELECT id, x, n FROM sales LEFT JOIN UNNEST(tags) WITH ORDINALITY t(x, n) ON true WHERE id < 3 ORDER BY 1, 3": [
        ("1", "red", "1"),
        ("1", "ripe", "2"),
        ("2", None, None),
    ],
    "SELECT * FROM UNNEST(ARRAY[1, 2], ARRAY['x']) AS t(a, b)": [("1", "x"), ("2", None)],
    "SELECT * FROM UNNEST(ARRAY[ROW(1, 'x'), NULL]) AS t(a, b)": [("1", "x"), (None, None)],
    "SELECT k, v FROM UNNEST(MAP(ARRAY['p', 'q'], ARRAY[1, 2])) AS t(k, v)": [("p", "1"), ("q", "2")],
    "SELECT x FROM UNNEST(CAST(NULL AS array(integer))) AS t(x)": [],
    "SELECT id, x FROM sales, UNNEST(ARRAY[id, id * 10]) AS t(x) WHERE id = 2": [("2", "2"), ("2", "20")],
    "SELECT id, m FROM sales CROSS JOIN LATERAL (SELECT pieces + 1 AS m) WHERE id = 1": [("1", "4")],
    # groups
    "SELECT count(*), count(pieces), sum(pieces), max(fruit) FROM sales": [("4", "3", "9", "durian")],
    "SELECT fruit, sum(pieces) FROM sales GROUP BY fruit ORDER BY 1": [
        ("apple", "4"),
        ("cherry", None),
        ("durian", "5"),
    ],
    "SELECT sum(pieces) s FROM sales GROUP BY year HAVING count(pieces) > 1 ORDER BY s": [("4",)],
    "SELECT id % 2 odd, count(*) FROM sales GROUP BY 1 ORDER BY 1": [("0", "2"), ("1", "2")],
    "SELECT upper(fruit) || '!', count(*) FROM sales GROUP BY upper(fruit) ORDER BY 2 DESC, 1 LIMIT 1": [
        ("APPLE!", "2")
    ],
    "SELECT s.fruit FROM sales s GROUP BY fruit ORDER BY count(*) DESC, s.fruit LIMIT 1": [("apple",)],
    "SELECT count(*) FROM sales WHERE false": [("0",)],
    "SELECT year FROM sales WHERE false GROUP BY year": [],
    "SELECT max(id) - min(id) + 1, max(id) / count(*) FROM sales": [("4", "1")],
    "SELECT buyer.first, count(*) FROM sales GROUP BY buyer.first ORDER BY 1": [("Ida", "2"), ("Jo", "1"), (None, "1")],
    "SELECT year, month, count(*) FROM sales GROUP BY ROLLUP (year, month) ORDER BY 1, 2, 3 LIMIT 4": [
        ("2023", "01", "1"),
        ("2023", "02", "1"),
        ("2023", None, "2"),
        ("2024", "01", "1"),
    ],
    "SELECT year, grouping(year), count(*) FROM sales GROUP BY GROUPING SETS ((year), ()) ORDER BY 2, 1": [
        ("2023", "0", "2"),
        ("2024", "0", "2"),
        (None, "1", "4"),
    ],
    "SELECT count(*) FROM (SELECT 1 FROM sales GROUP BY CUBE (year, month))": [("10",)],
    "SELECT count(*) FILTER (WHERE year = 2023), count(DISTINCT fruit) FROM sales": [("2", "3")],
    "SELECT array_agg(id ORDER BY id DESC) FROM sales": [("[4, 3, 2, 1]",)],
    "SELECT TRY(sum(pieces) / count(*) FILTER (WHERE false)) FROM sales": [(None,)],
    "SELECT 1 FROM sales HAVING count(*) > 3": [("1",)],
    # windows
    "SELECT id, row_number() OVER (PARTITION BY fruit ORDER BY id DESC) FROM sales ORDER BY id": [
        ("1", "2"),
        ("2", "1"),
        ("3", "1"),
        ("4", "1"),
    ],
    "SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM sales ORDER BY 1 LIMIT 2": [
        ("1", "1"),
        ("2", "3"),
    ],
    "SELECT id, sum(id) OVER w FROM sales WINDOW w AS (PARTITION BY year) ORDER BY 1 LIMIT 1": [("1", "3")],
    "SELECT id, count(*) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM sales ORDER BY 1 LIMIT 1": [
        ("1", "2")
    ],
    "SELECT year, sum(count(*)) OVER (ORDER BY year) FROM sales GROUP BY year ORDER BY 1": [
        ("2023", "2"),
        ("2024", "4"),
    ],
    "SELECT fruit FROM sales GROUP BY fruit ORDER BY rank() OVER (ORDER BY count(*) DESC), 1 LIMIT 1": [("apple",)],
    # set operations
    "SELECT 1 UNION SELECT 1": [("1",)],
    "SELECT 1 UNION ALL SELECT 2.5 ORDER BY 1 DESC": [("2.5",), ("1.0",)],
    "SELECT 1 EXCEPT SELECT 1": [],
    "(VALUES 1, 1, 2) EXCEPT ALL (VALUES 1) ORDER BY 1": [("1",), ("2",)],
    "SELECT 1 a UNION ALL (SELECT 3 INTERSECT SELECT 3) ORDER BY a": [("1",), ("3",)],
    "SELECT NULL UNION ALL SELECT 'x' ORDER BY 1": [("x",), (None,)],
    "SELECT year FROM sales INTERSECT SELECT 2024": [("2024",)],
    # WITH and subqueries
    "WITH a AS (SELECT 1 x), b AS (SELECT x + 1 y FROM a) SELECT x, y FROM a, b": [("1", "2")],
    "WITH a(n) AS (VALUES 1, 2) SELECT (SELECT max(n) FROM a), n FROM a ORDER BY n": [("2", "1"), ("2", "2")],
    "WITH fruit AS (SELECT 5 z) SELECT * FROM fruit": [("5",)],
    "WITH a AS (WITH b AS (SELECT 7 x) SELECT * FROM b) SELECT * FROM a": [("7",)],
    "SELECT name FROM fruit f WHERE EXISTS (SELECT 1 FROM sales WHERE fruit = f.name AND pieces > 2)": [("apple",)],
    "SELECT name, (SELECT sum(pieces) FROM sales WHERE fruit = name) FROM fruit ORDER BY 1 LIMIT 2": [
        ("apple", "4"),
        ("banana", None),
    ],
    "SELECT name FROM fruit WHERE name NOT IN (SELECT fruit FROM sales)": [("banana",)],
    "SELECT year, (SELECT count(*) FROM fruit WHERE price > year - 2020) FROM sales GROUP BY year ORDER BY 1": [
        ("2023", "1"),
        ("2024", "1"),
    ],
    "SELECT x FROM (SELECT id x FROM sales ORDER BY id DESC LIMIT 1)": [("4",)],
    "SELECT c.name FROM cheap c ORDER BY c.name": [("apple",), ("banana",)],
    # lambdas
    "SELECT transform(tags, t -> t || '-' || fruit) FROM sales WHERE id = 1": [("[red-apple, ripe-apple]",)],
    "SELECT transform(ARRAY[1, 2], x -> transform(ARRAY[10], y -> x * y))": [("[[10], [20]]",)],
    # sampling
    "SELECT count(*) FROM sales TABLESAMPLE BERNOULLI (100)": [("4",)],
    "SELECT count(*) FROM sales s TABLESAMPLE BERNOULLI (0) JOIN fruit ON true": [("0",)],
}
del QUERIES["SELECT"]


@pytest.mark.parametrize(("sql", "expected"), QUERIES.items())
def test_a_query_gives_the_rows_that_trino_gives(sql: str, expected: list[tuple[str | None, ...]]) -> None:
    found = rows(sql)
    assert found == expected if "ORDER BY" in sql else sorted(found, key=repr) == sorted(expected, key=repr)


MISTAKES = {
    "SELECT nix FROM fruit": "COLUMN_NOT_FOUND: line 1:8: Column 'nix' cannot be resolved",
    "SELECT f.nix FROM fruit f": "COLUMN_NOT_FOUND: line 1:8: Column 'f.nix' cannot be resolved",
    "SELECT fruit.name FROM fruit f": "COLUMN_NOT_FOUND: line 1:8: Column 'fruit.name' cannot be resolved",
    "SELECT name FROM fruit\n  WHERE nix = 1": "COLUMN_NOT_FOUND: line 2:9: Column 'nix' cannot be resolved",
    "SELECT name FROM fruit, cheap": "AMBIGUOUS_NAME: line 1:8: Column 'name' is ambiguous",
    "SELECT * FROM nowhere": "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.shop.nowhere' does not exist",
    "SELECT * FROM a.b": "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.a.b' does not exist",
    "SELECT * FROM hive.shop.fruit": "CATALOG_NOT_FOUND: line 1:15: Catalog 'hive' not found",
    "SELECT x.* FROM fruit": "TABLE_NOT_FOUND: line 1:8: Table 'x' not found",
    "SELECT *": "COLUMN_NOT_FOUND: line 1:8: SELECT * not allowed in queries without FROM clause",
    "SELECT * FROM unread": "COLUMN_NOT_FOUND: line 1:8: SELECT * not allowed from relation that has no columns",
    "SELECT price p FROM fruit WHERE p > 1": "COLUMN_NOT_FOUND: line 1:33: Column 'p' cannot be resolved",
    "SELECT price p FROM fruit GROUP BY p": "COLUMN_NOT_FOUND: line 1:36: Column 'p' cannot be resolved",
    "SELECT name, price FROM fruit GROUP BY name": "EXPRESSION_NOT_AGGREGATE: line 1:14: 'price' must be an aggregate "
    "expression or appear in GROUP BY clause",
    "SELECT name, count(*) FROM fruit": "EXPRESSION_NOT_AGGREGATE: line 1:8: 'name' must be an aggregate expression or "
    "appear in GROUP BY clause",
    "SELECT * FROM fruit GROUP BY name": "EXPRESSION_NOT_AGGREGATE: line 1:8: 'price' must be an aggregate expression "
    "or appear in GROUP BY clause",
    "SELECT sum(max(kg)) FROM fruit": "NESTED_AGGREGATION: line 1:12: Cannot nest aggregations inside aggregation "
    "'sum': [max]",
    "SELECT 1 FROM fruit WHERE max(kg) > 1": "EXPRESSION_NOT_SCALAR: line 1:27: WHERE clause cannot contain "
    "aggregations, window functions or grouping operations: [max]",
    "SELECT 1 FROM fruit WHERE name": "TYPE_MISMATCH: line 1:27: WHERE clause must evaluate to a "
    "boolean: actual type varchar",
    "SELECT name FROM fruit ORDER BY 2": "INVALID_COLUMN_REFERENCE: line 1:33: ORDER BY position 2 is not in "
    "select list",
    "SELECT DISTINCT name FROM fruit ORDER BY price": "EXPRESSION_NOT_IN_DISTINCT: line 1:42: For SELECT DISTINCT, "
    "ORDER BY expressions must appear in select list",
    "SELECT 1 UNION SELECT 'a'": "TYPE_MISMATCH: line 1:10: column 1 in UNION query has incompatible types: integer, "
    "varchar(1)",
    "SELECT 1, 2 UNION SELECT 1": "TYPE_MISMATCH: line 1:13: UNION query has different number of fields: 2, 1",
    "SELECT * FROM fruit f(a, b)": "MISMATCHED_COLUMN_ALIASES: line 1:15: Column alias list has 2 entries but 'f' has "
    "3 columns available",
    "SELECT * FROM fruit JOIN sales USING (name)": "COLUMN_NOT_FOUND: line 1:39: Column 'name' is missing from right "
    "side of join",
    "SELECT * FROM fruit NATURAL JOIN sales": "NOT_SUPPORTED: line 1:21: Natural join not supported",
    "SELECT row_number() FROM fruit": "MISSING_OVER: line 1:8: Window function row_number requires an OVER clause",
    "SELECT sum(id) OVER (ORDER BY id RANGE INTERVAL '1' DAY PRECEDING) FROM sales": "TYPE_MISMATCH: line 1:40: Window "
    "frame of type RANGE does not support an offset of type interval day to second",
    "SELECT sum(id) OVER (ROWS 'x' PRECEDING) FROM sales": "TYPE_MISMATCH: line 1:27: Window frame of type ROWS does "
    "not support an offset of type varchar(1)",
    "SELECT DISTINCT MAP(ARRAY[1], ARRAY[2])": "NOT_SUPPORTED: The local AWS does not offer this: SELECT DISTINCT of a "
    "value of type map(integer, integer); cast it first",
    "VALUES (1, 2), (3)": "TYPE_MISMATCH: line 1:1: Values rows have mismatched sizes",
    "SELECT * FROM UNNEST(5)": "TYPE_MISMATCH: line 1:22: Cannot unnest type: integer",
    "SELECT * FROM stale": "INVALID_VIEW: line 1:15: View 'awsdatacatalog.shop.stale' is stale or in invalid state: "
    "it has 2 columns, its query 1",
    "SELECT lower(DISTINCT name) FROM fruit": "FUNCTION_NOT_AGGREGATE: line 1:8: DISTINCT is not supported for "
    "non-aggregation function lower",
}


@pytest.mark.parametrize(("sql", "message"), MISTAKES.items())
def test_a_mistake_is_trinos_error(sql: str, message: str) -> None:
    assert failure(sql) == message


def test_a_view_that_reads_itself_is_an_error() -> None:
    assert "recursive" in failure("SELECT * FROM endless")


REFUSED = [
    "SELECT 1 :: bigint",
    "SELECT [1, 2]",
    "SELECT {'a': 1}",
    "SELECT * EXCLUDE (name) FROM fruit",
    "SELECT * FROM 'file.parquet'",
    "SELECT * FROM read_csv('x.csv')",
    "SELECT * FROM range(10)",
    "SELECT name FROM fruit QUALIFY row_number() OVER () = 1",
    "SELECT name, count(*) FROM fruit GROUP BY ALL",
    "FROM fruit",
    "SELECT name FROM fruit WHERE name ILIKE 'a%'",
    "SELECT 1 AS 'text'",
    "SELECT 'a' 'b'",
    "SELECT name, FROM fruit",
    "SELECT `name` FROM fruit",
    "SELECT 1 == 1",
    "SELECT 1 // 2",
    "SELECT 1 & 2",
    "SELECT ~1",
    "SELECT 2 ** 3",
    "SELECT true IS true",
    "SELECT 1 LIMIT 1, 2",
    "SELECT 1 LIMIT 1 OFFSET 2",
    "SELECT a FROM fruit PIVOT (sum(kg) FOR name IN ('a'))",
    "SELECT list(name) FROM fruit",
    "SELECT read_text('/etc/passwd')",
    "SELECT getenv('HOME')",
    "SELECT [x FOR x IN ARRAY[1]]",
    "SELECT 1 WHERE 1 = 1 = 1",
    "SELECT * FROM fruit POSITIONAL JOIN sales",
    "SELECT lambda x: x",
    "COPY fruit TO 'x'",
    "ATTACH 'x'",
    "INSTALL httpfs",
    "SET memory_limit = '1GB'",
    "PRAGMA version",
    "SELECT 1; SELECT 2",
    "SELECT 1;;",
    "",
    "SELECT * FROM fruit TABLESAMPLE SYSTEM (10)",
    "WITH RECURSIVE t(n) AS (SELECT 1) SELECT * FROM t",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_athena_does_not_know_never_reaches_duckdb(sql: str) -> None:
    with pytest.raises(Exception, match=r"mismatched input|not registered|Only one sql|does not offer|not supported"):
        compiled(sql)


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT 1, name, price AS Cost FROM fruit", ["_col0", "name", "Cost"]),
        ("SELECT NAME, f.PRICE, buyer.first FROM fruit f, sales", ["name", "price", "first"]),
        ("SELECT name, name FROM fruit", ["name", "name"]),
        ("SELECT count(*), x FROM (SELECT 1 AS x) GROUP BY x", ["_col0", "x"]),
        ("SELECT 1 AS a UNION SELECT 2 AS b", ["a"]),
        ("SELECT * FROM (VALUES (1, 2)) AS t(X, y)", ["x", "y"]),
        ("VALUES (1, 2)", ["_col0", "_col1"]),
        ('SELECT 1 AS "Two Words"', ["Two Words"]),
    ],
)
def test_columns_have_their_names(sql: str, names: list[str]) -> None:
    assert [column.name for column in compiled(sql).columns] == names


YEAR = '("year" = CAST(2023 AS INTEGER))'
USES = [
    ("SELECT count(*) FROM sales", set(), None),
    ("SELECT fruit FROM sales WHERE id > 1", {"fruit", "id"}, None),
    ("SELECT * FROM sales", {"id", "fruit", "pieces", "tags", "buyer", "year", "month"}, None),
    ('SELECT "$path" FROM sales', set(), None),
    (
        "SELECT s.a FROM sales AS s(a, b, c, d, e, f, g) WHERE f = 2024",
        {"id", "year"},
        '("year" = CAST(2024 AS INTEGER))',
    ),
    ("SELECT id FROM sales WHERE year = 2024 AND id > 1", {"id", "year"}, '("year" = CAST(2024 AS INTEGER))'),
    ("SELECT id FROM sales WHERE year = 2024 OR id > 1", {"id", "year"}, None),
    ("SELECT id FROM sales WHERE year = id", {"id", "year"}, None),
    ("SELECT id FROM sales WHERE month IN ('01') AND year BETWEEN 2023 AND 2024", {"id", "year", "month"}, "both"),
    ("SELECT id FROM sales WHERE random() < year", {"id", "year"}, None),
    ("SELECT id FROM sales WHERE year = (SELECT 2024)", {"id", "year"}, None),
    ("SELECT 1 FROM fruit LEFT JOIN sales ON name = fruit WHERE year = 2024", {"fruit", "year"}, None),
    (
        "SELECT 1 FROM fruit LEFT JOIN sales ON name = fruit AND year = 2024",
        {"fruit", "year"},
        '("year" = CAST(2024 AS INTEGER))',
    ),
    ("SELECT 1 FROM sales LEFT JOIN fruit ON name = fruit AND year = 2024", {"fruit", "year"}, None),
    (
        "SELECT 1 FROM sales LEFT JOIN fruit ON name = fruit WHERE year = 2024",
        {"fruit", "year"},
        '("year" = CAST(2024 AS INTEGER))',
    ),
    ("SELECT 1 FROM sales FULL JOIN fruit ON name = fruit AND year = 2024", {"fruit", "year"}, None),
    (
        "SELECT 1 FROM sales JOIN fruit ON name = fruit AND sales.year = 2024",
        {"fruit", "year"},
        '("year" = CAST(2024 AS INTEGER))',
    ),
    # through subqueries and views: only what is looked at, and conditions as far as they may be asked of the table
    ("SELECT count(*) FROM (SELECT * FROM sales)", set(), None),
    (
        "SELECT a FROM (SELECT id a, fruit b, pieces c FROM sales WHERE year = 2023) WHERE c > 1",
        {"id", "pieces", "year"},
        YEAR,
    ),
    ("WITH s AS (SELECT * FROM sales) SELECT s.fruit FROM s ORDER BY s.id", {"fruit", "id"}, None),
    ("SELECT fruit FROM (SELECT DISTINCT fruit, id FROM sales)", {"fruit", "id"}, None),
    ("SELECT f FROM (SELECT fruit f, sum(pieces) p FROM sales GROUP BY fruit)", {"fruit", "pieces"}, None),
    ("SELECT a FROM (SELECT id a, fruit b FROM sales ORDER BY b LIMIT 2)", {"id", "fruit"}, None),
    ("SELECT a FROM (SELECT id a, year FROM sales UNION ALL SELECT 1, 2)", {"id", "year"}, None),
    ("SELECT 1 WHERE EXISTS (SELECT * FROM sales WHERE id = 9)", {"id"}, None),
    ("SELECT a FROM (SELECT id a, year y FROM sales) WHERE y = 2023", {"id", "year"}, YEAR),
    ("SELECT y FROM (SELECT year y, count(*) FROM sales GROUP BY year) WHERE y = 2023", {"year"}, YEAR),
    ("SELECT a FROM (SELECT id a, year + 1 y FROM sales) WHERE y = 2023", {"id", "year"}, None),
    ("SELECT a FROM (SELECT id a, year y FROM sales LIMIT 3) WHERE y = 2023", {"id", "year"}, None),
    ("SELECT a FROM (SELECT count(*) OVER () a, year y FROM sales) WHERE y = 2023", {"year"}, None),
    ("SELECT a FROM (SELECT count(*) a, year y FROM sales GROUP BY ROLLUP (year)) WHERE y = 2023", {"year"}, None),
    ("WITH s AS (SELECT year FROM sales) SELECT 1 FROM s WHERE year = 2023", {"year"}, None),
    (
        "SELECT 1 FROM fruit LEFT JOIN (SELECT year y, fruit f FROM sales) ON f = name WHERE y = 2023",
        {"fruit", "year"},
        None,
    ),
]


@pytest.mark.parametrize(("sql", "used", "condition"), USES)
def test_a_table_is_read_as_far_as_it_is_needed(sql: str, used: set[str], condition: str | None) -> None:
    rows(sql)  # the view that it reads has no other columns
    (use,) = (use for use in compiled(sql).tables if use.relation.name == "sales")
    assert use.used == used
    if condition == "both":
        assert use.partition_filter is not None
        assert '"month" IN' in use.partition_filter
        assert '"year" BETWEEN ' in use.partition_filter
    else:
        assert use.partition_filter == condition


def test_each_mention_of_a_table_is_a_reading_of_its_own() -> None:
    uses = compiled("SELECT a.id FROM sales a JOIN sales b ON a.id = b.pieces WHERE b.year = 2023").tables
    assert [(use.view, use.used, use.partition_filter is None) for use in uses] == [
        ("__t0", {"id"}, True),
        ("__t1", {"pieces", "year"}, False),
    ]
