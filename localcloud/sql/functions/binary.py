"""Trino's functions on bytes, of URLs, and `typeof`.

Source: https://trino.io/docs/current/functions/binary.html, https://trino.io/docs/current/functions/url.html
"""

from __future__ import annotations

from localcloud.sql.call import Call, Function, Typed
from localcloud.sql.functions.signatures import library
from localcloud.sql.macros import quoted
from localcloud.sql.types import VARCHAR


def typeof(call: Call) -> Typed:
    argument = call.arguments[0] if len(call.arguments) == 1 else None
    if not isinstance(argument, Typed):
        raise call.error("FUNCTION_NOT_FOUND", "Unexpected parameters for function typeof. Expected: typeof(T)")
    return Typed(quoted(str(argument.type)), VARCHAR)


_PARTS = ("host", "path", "protocol", "query", "fragment")
SCALARS: dict[str, Function] = {
    **library(
        {
            "md5(varbinary) -> varbinary": "unhex(md5({0}))",
            "sha1(varbinary) -> varbinary": "unhex(sha1({0}))",
            "sha256(varbinary) -> varbinary": "unhex(sha256({0}))",
            "sha512(varbinary) -> varbinary": "py_sha512({0})",
            "xxhash64(varbinary) -> varbinary": "py_xxhash64({0})",
            "crc32(varbinary) -> bigint": "py_crc32({0})",
            "to_hex(varbinary) -> varchar": "hex({0})",
            "from_hex(varchar) -> varbinary": "py_from_hex({0})",
            "to_base64(varbinary) -> varchar": "to_base64({0})",
            "from_base64(varchar) -> varbinary": "py_from_base64({0})",
            "url_encode(varchar) -> varchar": "py_url_encode({0})",
            "url_decode(varchar) -> varchar": "py_url_decode({0})",
            "url_extract_parameter(varchar, varchar) -> varchar": "py_url_parameter({0}, {1})",
            "url_extract_port(varchar) -> bigint": "CAST(py_url_part({0}, 'port') AS BIGINT)",
            **{f"url_extract_{part}(varchar) -> varchar": f"py_url_part({{0}}, '{part}')" for part in _PARTS},
            "uuid() -> uuid": "uuid()",
        }
    ),
    "typeof": typeof,
}
