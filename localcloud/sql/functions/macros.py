"""DuckDB macros and Python functions behind Trino's functions: made in a connection when a query names them."""

from __future__ import annotations

from localcloud.sql.macros import quoted

_INVALID = "'INVALID_FUNCTION_ARGUMENT'"
# Java's Character.isWhitespace
WHITESPACE = quoted(
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a"
    "\u2028\u2029\u205f\u3000"
)

MACROS = (
    # Fails when `bad`, else gives `x`: the failure is the position within a list of `x`, so that any type will do.
    f"fn_check(bad, message, x) AS list_extract([x], CASE WHEN bad THEN op_raise({_INVALID}, message) ELSE 1 END)",
    "fn_ascii(s) AS strlen(s) = length(s)",
    "fn_substr(s, a) AS CASE WHEN s IS NULL OR a IS NULL THEN NULL WHEN a = 0 OR -a > length(s) THEN ''"
    " WHEN a > 0 THEN substr(s, a) ELSE substr(s, length(s) + a + 1) END",
    "fn_substr_of(s, a, n) AS CASE WHEN s IS NULL OR a IS NULL OR n IS NULL THEN NULL"
    " WHEN n <= 0 OR a = 0 OR -a > length(s) THEN ''"
    " WHEN a > 0 THEN substr(s, a, n) ELSE substr(s, length(s) + a + 1, n) END",
    "fn_reverse(s) AS CASE WHEN fn_ascii(s) THEN reverse(s)"
    " ELSE array_to_string(list_transform(range(length(s), 0, -1), lambda i: substr(s, i, 1)), '') END",
    # Java's simple mapping leaves ß alone.
    "fn_upper(s) AS CASE WHEN contains(s, 'ß')"
    " THEN array_to_string(list_transform(string_split(s, 'ß'), lambda e: upper(e)), 'ß') ELSE upper(s) END",
    "fn_replace(s, a, b) AS CASE WHEN a <> '' THEN replace(s, a, b)"
    " WHEN s = '' THEN b ELSE b"
    " || array_to_string(list_transform(range(1, length(s) + 1), lambda i: substr(s, i, 1)), b) || b END",
    "fn_split(s, d) AS fn_check(d = '', 'The delimiter may not be the empty string', string_split(s, d))",
    "fn_split_limit(s, d, n) AS fn_check(n <= 0, 'Limit must be positive', CASE WHEN len(fn_split(s, d)) <= n"
    " THEN fn_split(s, d) ELSE list_append(fn_split(s, d)[1:n - 1], array_to_string(fn_split(s, d)[n:], d)) END)",
    "fn_split_part(s, d, n) AS fn_check(n <= 0, 'Index must be greater than zero', CASE WHEN d = ''"
    " THEN nullif(substr(s, n, 1), '') ELSE list_extract(string_split(s, d), n) END)",
    "fn_entry(e, d) AS fn_check(len(string_split(e, d)) <> 2,"
    " 'Key-value delimiter must appear exactly once in each entry. Bad input: ''' || e || '''', e)",
    "fn_split_to_map(s, a, b) AS CASE WHEN s = '' THEN map([]::VARCHAR[], []::VARCHAR[]) WHEN s IS NULL THEN NULL"
    " ELSE map(list_transform(string_split(s, a), lambda e: string_split(fn_entry(e, b), b)[1]),"
    " list_transform(string_split(s, a), lambda e: string_split(e, b)[2])) END",
    "fn_pad(s, n, p, padded) AS CASE WHEN s IS NULL OR n IS NULL OR p IS NULL THEN NULL ELSE"
    " fn_check(n < 0 OR n > 2147483647, 'Target length must be in the range [0..2147483647]',"
    " fn_check(p = '', 'Padding string must not be empty', padded)) END",
    "fn_levenshtein(a, b) AS CASE WHEN fn_ascii(a) AND fn_ascii(b) THEN levenshtein(a, b)"
    " ELSE py_levenshtein(a, b) END",
    "fn_chr(n) AS fn_check(n < 0 OR n > 1114111 OR n BETWEEN 55296 AND 57343, 'Not a valid Unicode code point: ' || n,"
    " chr(CAST(CASE WHEN n BETWEEN 0 AND 1114111 THEN n ELSE 0 END AS INTEGER)))",
    # Rounding as Java's BigDecimal.valueOf(x) with HALF_UP, in decimals where they hold the number.
    "fn_round_double(x, d) AS CASE WHEN isnan(x) OR isinf(x) THEN x WHEN d >= 0 AND d <= 15 AND abs(x) < 1e15"
    " THEN CAST(sign(x) * round(CAST(CAST(abs(x) AS VARCHAR) AS DECIMAL(38, 20)), CAST(d AS INTEGER)) AS DOUBLE)"
    " ELSE py_round(x, d) END",
    "fn_round(x) AS CASE WHEN isnan(x) OR isinf(x) OR abs(x) >= 4503599627370496 THEN x"
    " ELSE sign(x) * floor(abs(x) + 0.5) END",
    "fn_sign(x) AS CASE WHEN isnan(x) THEN x ELSE sign(x) END",
    "fn_log(x) AS CASE WHEN x > 0 THEN ln(x) WHEN x = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN x IS NULL THEN NULL"
    " ELSE CAST('NaN' AS DOUBLE) END",
    "fn_sqrt(x) AS CASE WHEN x < 0 THEN CAST('NaN' AS DOUBLE) ELSE sqrt(x) END",
    "fn_arc(x, made) AS CASE WHEN x < -1 OR x > 1 THEN CAST('NaN' AS DOUBLE) ELSE made END",
    "fn_bucket(x, a, b, n) AS CASE WHEN x IS NULL OR a IS NULL OR b IS NULL OR n IS NULL THEN NULL ELSE"
    " fn_check(n <= 0, 'bucketCount must be greater than 0', fn_check(isnan(x), 'operand must not be NaN',"
    " fn_check(a = b, 'bounds cannot equal each other',"
    " CASE WHEN a < b THEN CASE WHEN x < a THEN 0 WHEN x >= b THEN n + 1"
    " ELSE CAST(floor(n * (x - a) / (b - a)) AS BIGINT) + 1 END WHEN x > a THEN 0 WHEN x <= b THEN n + 1"
    " ELSE CAST(floor(n * (a - x) / (a - b)) AS BIGINT) + 1 END))) END",
    "fn_bins(x, bins) AS CASE WHEN x IS NULL THEN NULL ELSE len(list_filter(bins, lambda e: e <= x)) END",
    "fn_instant(ms) AS CAST(epoch_ms(CAST(ms AS BIGINT)) AS TIMESTAMPTZ)",
    "fn_from_utf8(b) AS coalesce(TRY(decode(b)), py_from_utf8(b, chr(65533)))",
    # Two's complement of the low 64 bits.
    "fn_wrap(h) AS CAST(CASE WHEN h > 9223372036854775807 THEN h - 18446744073709551616 ELSE h END AS BIGINT)",
    "fn_unsigned(a) AS CAST(a AS HUGEINT) & 18446744073709551615",
    "fn_left_shift(a, n) AS CASE WHEN n >= 64 THEN 0"
    " ELSE fn_wrap(fn_unsigned(a) * CAST(pow(2, n) AS HUGEINT) & 18446744073709551615) END",
    "fn_right_shift(a, n) AS CASE WHEN n >= 64 THEN 0 ELSE fn_wrap(fn_unsigned(a) // CAST(pow(2, n) AS HUGEINT)) END",
    "fn_offset(m) AS CASE WHEN m < 0 THEN '-' ELSE '+' END || printf('%02d:%02d', abs(m) // 60, abs(m) % 60)",
    "fn_interleaved(a, b) AS array_to_string(list_transform(list_zip(a, b), lambda z: coalesce(z[1], '')"
    " || coalesce(z[2], '')), '')",
    # Arrays and maps
    "fn_element(a, i) AS CASE WHEN a IS NULL OR i IS NULL THEN NULL ELSE"
    " fn_check(i = 0, 'SQL array indices start at 1', list_extract(a, i)) END",
    "fn_slice(a, i, n) AS CASE WHEN a IS NULL OR i IS NULL OR n IS NULL THEN NULL ELSE"
    " fn_check(i = 0, 'SQL array indices start at 1', fn_check(n < 0, 'length must be greater than or equal to 0',"
    " CASE WHEN i > len(a) OR n = 0 OR -i > len(a) THEN a[1:0] WHEN i > 0 THEN a[i:i + n - 1]"
    " ELSE a[len(a) + i + 1:len(a) + i + n] END)) END",
    "fn_contains(a, x) AS CASE WHEN list_contains(a, x) THEN TRUE WHEN a IS NULL OR x IS NULL THEN NULL"
    " WHEN len(list_filter(a, lambda e: e IS NULL)) > 0 THEN NULL ELSE FALSE END",
    "fn_has_null(a) AS len(list_filter(a, lambda e: e IS NULL)) > 0",
    # The distinct elements in the order of their first appearance; NULL is one of them.
    "fn_distinct(a) AS list_filter(a, lambda e, i: list_position(a, e) = i)",
    "fn_position(a, x) AS CASE WHEN a IS NULL OR x IS NULL THEN NULL ELSE coalesce(list_position(a, x), 0) END",
    "fn_union(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE fn_distinct(list_concat(a, b)) END",
    "fn_trim_array(a, n) AS fn_check(n < 0, 'size must not be negative: ' || n, fn_check(n > len(a),"
    " 'size must not exceed array cardinality ' || len(a) || ': ' || n, a[1:len(a) - n]))",
    "fn_ngrams(a, n) AS fn_check(n <= 0, 'N must be positive', CASE WHEN len(a) <= n THEN [a]"
    " ELSE list_transform(range(1, len(a) - n + 2), lambda i: a[i:i + n - 1]) END)",
    "fn_map_of_pairs(e) AS map(list_transform(e, lambda p: p.k), list_transform(e, lambda p: p.v))",
    "fn_counts(m) AS CASE WHEN len(map_keys(m)) > 0"
    " THEN map(map_keys(m), list_transform(map_values(m), lambda n: CAST(n AS BIGINT))) END",
    "fn_except(a, b) AS CASE WHEN b IS NULL THEN NULL ELSE list_filter(fn_distinct(a), lambda e: list_position(b, e) IS"
    " NULL OR list_position(b, e) = 0) END",
    "fn_intersect(a, b) AS CASE WHEN b IS NULL THEN NULL ELSE list_filter(fn_distinct(a), lambda e:"
    " coalesce(list_position(b, e), 0) > 0) END",
    "fn_overlap(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN list_has_any(a, b) THEN TRUE"
    " WHEN len(a) > 0 AND len(b) > 0 AND (fn_has_null(a) OR fn_has_null(b)) THEN NULL ELSE FALSE END",
    "fn_any(n_true, n_null) AS CASE WHEN n_true > 0 THEN TRUE WHEN n_null > 0 THEN NULL ELSE FALSE END",
    "fn_sequence(a, b, s) AS fn_check(s = 0, 'sequence step must not be zero',"
    " fn_check((s > 0 AND b < a) OR (s < 0 AND b > a),"
    " 'sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop'"
    " || ' should be less than or equal to start', fn_check(abs(b - a) // nullif(abs(s), 0) >= 10000,"
    " 'result of sequence function must not have more than 10000 entries', generate_series(a, b, s))))",
    # DuckDB itself fails where the keys are NULL, come twice, or are not as many as the values.
    "fn_map(k, v) AS CASE WHEN k IS NULL OR v IS NULL THEN NULL ELSE map(k, v) END",
    "fn_shuffle(a) AS list_transform(list_sort(list_transform(a, lambda e: struct_pack(r := random(), e := e))),"
    " lambda p: p.e)",
    "fn_combinations(a, n) AS fn_check(n < 1 OR n > 5, 'combination size must be from 1 to 5',"
    " list_transform(py_combinations(len(a), n), lambda c: list_transform(c, lambda i: a[i])))",
    "fn_map_concat(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE map_concat(a, b) END",
    "fn_map_of(m, keep) AS CASE WHEN m IS NULL THEN NULL ELSE map(list_transform(keep, lambda e: e.key),"
    " list_transform(keep, lambda e: e.value)) END",
    # The scalar at a path, `p` as DuckDB and `steps` as Python reads it: a number with a point keeps its own text.
    "fn_json_scalar(j, p, steps) AS CASE WHEN j IS NULL OR NOT json_valid(j) THEN NULL"
    " WHEN json_type(j, p) IN ('VARCHAR', 'BIGINT', 'UBIGINT', 'BOOLEAN') THEN json_extract_string(j, p)"
    " WHEN json_type(j, p) = 'DOUBLE' THEN py_json_scalar(j, steps) END",
    # Text that is plainly of the pattern is DuckDB's; everything else is read, or refused, as Joda does.
    "fn_date_parse(s, pattern, plain, duck) AS CASE WHEN regexp_full_match(s, plain)"
    " THEN coalesce(try_strptime(s, duck), make_timestamp(py_date_parse(s, pattern)))"
    " ELSE make_timestamp(py_date_parse(s, pattern)) END",
    # Complete months between two moments; a last day of a month counts as the day that the other month lacks (Joda).
    "fn_month_steps(a, b) AS (year(b) - year(a)) * 12 + month(b) - month(a)",
    "fn_after_months(a, b) AS a + to_months(CAST(fn_month_steps(a, b) AS INTEGER))",
    "fn_months(a, b) AS fn_month_steps(a, b) - CASE WHEN fn_month_steps(a, b) > 0 AND fn_after_months(a, b) > b THEN 1"
    " WHEN fn_month_steps(a, b) < 0 AND fn_after_months(a, b) < b THEN -1 ELSE 0 END",
)

# Python functions by name: DuckDB's types of the arguments and of the result.
_V, _B, _D = "VARCHAR", "BIGINT", "DOUBLE"
PYTHON: dict[str, tuple[tuple[str, ...], str]] = {
    "py_combinations": ((_B, _B), "BIGINT[][]"),
    "py_levenshtein": ((_V, _V), _B),
    "py_hamming": ((_V, _V), _B),
    "py_soundex": ((_V,), _V),
    "py_normalize": ((_V, _V), _V),
    "py_from_utf8": (("BLOB", _V), _V),
    "py_strpos": ((_V, _V, _B), _B),
    "py_format": ((_V, _V), _V),
    "py_round": ((_D, _B), _D),
    "py_truncate": ((_D, _B), _D),
    "py_cbrt": ((_D,), _D),
    "py_to_base": ((_B, _B), _V),
    "py_from_base": ((_V, _B), _B),
    "py_url_encode": ((_V,), _V),
    "py_url_decode": ((_V,), _V),
    "py_url_part": ((_V, _V), _V),
    "py_url_parameter": ((_V, _V), _V),
    "py_sha512": (("BLOB",), "BLOB"),
    "py_crc32": (("BLOB",), _B),
    "py_xxhash64": (("BLOB",), "BLOB"),
    "py_from_hex": ((_V,), "BLOB"),
    "py_from_base64": ((_V,), "BLOB"),
    "py_date_parse": ((_V, _V), _B),
    "py_parse_datetime": ((_V, _V), _B),
    "py_iso_timestamp": ((_V,), _B),
    "py_iso_date": ((_V,), _V),
    "py_parse_duration": ((_V,), _B),
    "py_human_seconds": ((_D,), _V),
    "py_json": ((_V,), _V),
    "py_json_extract": ((_V, _V), _V),
    "py_json_scalar": ((_V, _V), _V),
    "py_json_size": ((_V, _V), _B),
    "py_json_length": ((_V,), _B),
    "py_json_get": ((_V, _B), _V),
    "py_json_is_scalar": ((_V,), "BOOLEAN"),
    "py_json_contains": ((_V, _V), "BOOLEAN"),
    "py_regexp_like": ((_V, _V), "BOOLEAN"),
    "py_regexp_extract": ((_V, _V, _B), _V),
    "py_regexp_extract_all": ((_V, _V, _B), "VARCHAR[]"),
    "py_regexp_replace": ((_V, _V, _V), _V),
    "py_regexp_split": ((_V, _V), "VARCHAR[]"),
    "py_regexp_groups": ((_V, _V), "VARCHAR[][]"),
    "py_regexp_pieces": ((_V, _V), "VARCHAR[]"),
    "py_regexp_count": ((_V, _V), _B),
    "py_regexp_position": ((_V, _V, _B, _B), "INTEGER"),
}
