"""Trino's functions by name, as Athena engine version 3 has them: each makes typed DuckDB SQL of a typed call.

What is not in these tables Athena does not know or the local AWS does not offer; `REFUSED` names the latter.
Source: https://docs.aws.amazon.com/athena/latest/ug/functions-env3.html, https://trino.io/docs/current/functions.html
"""

from __future__ import annotations

from localcloud.sql.call import Call, Function, Typed
from localcloud.sql.functions import arrays, binary, dates, jsons, numbers, regex, strings
from localcloud.sql.functions.aggregates import AGGREGATES, WINDOWS
from localcloud.sql.model import NotOffered

__all__ = ["AGGREGATES", "SCALARS", "WINDOWS"]


def _refused(call: Call) -> Typed:
    raise NotOffered(f"the function {call.name}()")


_REFUSED = (
    *(
        "word_stem",
        "version",
        "murmur3",
        "spooky_hash_v2_32",
        "spooky_hash_v2_64",
        "hmac_md5",
        "hmac_sha1",
        "hmac_sha256",
    ),
    *(
        "hmac_sha512",
        "luhn_check",
        "map_zip_with",
        "from_unixtime_nanos",
        "timezone_hour",
        "timezone_minute",
        "format_number",
    ),
    *(
        "parse_data_size",
        "contains_sequence",
        "array_histogram",
        "cosine_similarity",
        "normal_cdf",
        "inverse_normal_cdf",
    ),
    *("beta_cdf", "inverse_beta_cdf", "render", "bar", "color", "rgb", "split_to_multimap", "multimap_from_entries"),
    *("from_iso8601_timestamp_nanos", "json_query", "json_value", "json_exists", "json_array", "json_object"),
)
# A name in two modules (concat, reverse) is tried in both: of text and of arrays.
SCALARS: dict[str, Function] = dict.fromkeys(_REFUSED, _refused)


def _either(first: Function, second: Function) -> Function:
    def function(call: Call) -> Typed:
        nested = any(isinstance(one, Typed) and one.type.name == "array" for one in call.arguments)
        return (second if nested else first)(call)

    return function


for _module in (strings, numbers, dates, jsons, regex, binary, arrays):
    for _name, _function in _module.SCALARS.items():
        known = SCALARS.get(_name, _refused)
        SCALARS[_name] = _function if known is _refused else _either(known, _function)
