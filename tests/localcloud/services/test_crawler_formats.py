"""What the classifiers make of a file that is no CSV: JSON, Parquet, Avro, and what is none of them."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from crawls import Lake, named, ok, zipped
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.services.crawling import jsonlike
from localcloud.services.crawling.classify import classify
from localcloud.services.crawling.sample import NotOffered, Unknown

# --- JSON


def test_json_lines_with_broken_lines_become_a_table(lake: Lake) -> None:
    good = [
        {"Ship": "Maud", "masts": 3, "flags": ["no"], "hull": {"builtIn": 1917, "oak": True}},
        {"Ship": None, "masts": 4_000_000_000, "flags": [], "hull": {"length": 36.5}, "late": "2020-01-01"},
    ]
    lines = [json.dumps(good[0]).encode(), b'{"ship": "cut off', b"caf\xe9", b"", json.dumps(good[1]).encode()]
    lake.put("ships/a.jsonl", b"\n".join(lines))
    crawler = lake.crawler("ships")
    ok(lake.run(crawler))
    assert lake.columns("ships") == {
        "ship": "string",
        "masts": "bigint",
        "flags": "array<string>",
        "hull": "struct<builtin:int,oak:boolean,length:double>",
        "late": "string",
    }
    assert lake.table("ships")["Parameters"]["classification"] == "json"
    serde = lake.table("ships")["StorageDescriptor"]["SerdeInfo"]
    assert serde["SerializationLibrary"] == "org.openx.data.jsonserde.JsonSerDe"
    assert serde["Parameters"] == {"paths": "Ship,flags,hull,late,masts"}
    assert any("2 of 4 sampled lines are no JSON object" in line for line in lake.log(crawler))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        pytest.param('{"a":1}\n{"a":"x"}\n', {"a": "string"}, id="types differ"),
        pytest.param('{"a":1}\n{"a":2.5}\n', {"a": "double"}, id="int and double"),
        pytest.param(
            '{"a":{"b":1}}\n{"a":{"c":[{"d":2}]}}\n', {"a": "struct<b:int,c:array<struct<d:int>>>"}, id="nested"
        ),
        pytest.param('{"A":1,"b":2}\n{"a":3}\n', {"a": "int", "b": "int"}, id="capitals"),
        pytest.param('[{"a":1},{"a":2,"b":"x"}]', {"array": "array<struct<a:int,b:string>>"}, id="array"),
        pytest.param('{\n "a": 1,\n "b": [\n  2\n ]\n}\n', {"a": "int", "b": "array<int>"}, id="pretty"),
        pytest.param('{"a":1}{"a":2}', {"a": "int"}, id="one after the other"),
        pytest.param('{"a":"x\u2028y\x85z"}\n{"a":"w"}\n', {"a": "string"}, id="no line ends"),
        pytest.param('{"two words":1,"a":{}}\n', {"two words": "int", "a": "string"}, id="names stay"),
        pytest.param('{"a":1,"":2,"b\\nc":3}\n', {"a": "int"}, id="no names"),
        pytest.param('{"a":99999999999999999999}\n', {"a": "string"}, id="no bigint"),
        pytest.param('{"a":' + "[" * 5000 + "\n" + '{"a":1}\n', {"a": "int"}, id="too deep"),
    ],
)
def test_json(text: str, columns: dict[str, str]) -> None:
    assert jsonlike.looks_like(text)
    assert named(jsonlike.classify(text, complete=True, size=len(text))) == columns


def test_json_in_a_second_megabyte_is_found(lake: Lake) -> None:
    lake.put("big/a.json", '{"text": "' + "x" * 1_500_000 + '", "n": 1}\n')
    ok(lake.crawl("big"))
    assert lake.columns("big") == {"text": "string", "n": "int"}


# --- Formats with a schema of their own


def test_parquet_types_and_names(lake: Lake) -> None:
    table = pa.table(
        {
            "Berth No": pa.array([1], pa.int64()),
            "u8": pa.array([255], pa.uint8()),
            "u16": pa.array([1], pa.uint16()),
            "u32": pa.array([2**32 - 1], pa.uint32()),
            "u64": pa.array([1], pa.uint64()),
            "f": pa.array([1.5], pa.float32()),
            "d": pa.array([1], pa.date32()),
            "t": pa.array([1], pa.timestamp("us")),
            "m": pa.array([None], pa.decimal128(10, 2)),
            "b": pa.array([b"x"], pa.binary()),
            "l": pa.array([[1]], pa.list_(pa.int32())),
            "s": pa.array([{"A": "x"}], pa.struct([("A", pa.string())])),
            "k": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        }
    )
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer)
    lake.put("p/part-0", buffer.getvalue())
    ok(lake.crawl("p"))
    assert lake.columns("p") == {
        **{"berth no": "bigint", "u8": "smallint", "u16": "int", "u32": "bigint", "u64": "bigint", "f": "float"},
        **{"d": "date", "t": "timestamp", "m": "decimal(10,2)", "b": "binary", "l": "array<int>"},
        **{"s": "struct<a:string>", "k": "map<string,bigint>"},
    }
    assert lake.table("p")["Parameters"]["recordCount"] == "1"


def test_nested_parquet_of_several_files_grows_together(lake: Lake) -> None:
    def put(key: str, crew: pa.Array, depths: pa.Array) -> None:
        buffer = io.BytesIO()
        pyarrow.parquet.write_table(pa.table({"crew": crew, "depths": depths}), buffer)
        lake.put(key, buffer.getvalue())

    kinds = pa.map_(pa.string(), pa.int32()), pa.map_(pa.string(), pa.float64())
    put("voyages/1.parquet", pa.array([[{"name": "Ida", "age": 40}]]), pa.array([[("fore", 3)]], kinds[0]))
    put("voyages/2.parquet", pa.array([[{"name": "Jo", "rank": "mate"}]]), pa.array([[("aft", 3.5)]], kinds[1]))
    ok(lake.crawl("voyages"))
    assert lake.columns("voyages") == {
        "crew": "array<struct<name:string,age:bigint,rank:string>>",
        "depths": "map<string,double>",
    }


def test_of_large_parquet_only_the_footer_is_needed(lake: Lake) -> None:
    rows = pa.table({"n": range(400_000), "text": [f"row {n * 7919}" for n in range(400_000)]})
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(rows, buffer, compression="none", use_dictionary=False)
    assert buffer.tell() > 2**21
    lake.put("p/a.parquet", buffer.getvalue())
    ok(lake.crawl("p"))
    assert lake.columns("p") == {"n": "bigint", "text": "string"}
    assert lake.table("p")["Parameters"]["recordCount"] == "400000"


def test_avro_tells_its_schema(lake: Lake) -> None:
    schema = {
        "type": "record",
        "name": "ship",
        "fields": [
            {"name": "Name", "type": ["null", "string"]},
            {"name": "built", "type": {"type": "int", "logicalType": "date"}},
            {"name": "crew", "type": {"type": "array", "items": "long"}},
        ],
    }
    text = json.dumps(schema).encode()
    length = bytes([(len(text) * 2 & 0x7F) | 0x80, len(text) * 2 >> 7])
    lake.put("a/a.avro", b"Obj\x01\x02\x16avro.schema" + length + text + b"\x00" + b"s" * 16)
    ok(lake.crawl("a"))
    assert lake.columns("a") == {"name": "string", "built": "date", "crew": "array<bigint>"}
    assert json.loads(lake.table("a")["Parameters"]["avro.schema.literal"]) == schema


# --- What is no data


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("a,b\n1,x\n2,y\n".encode("utf-16"), "UTF-16", id="UTF-16"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no text", id="picture"),
        pytest.param(b"PAR1 but no more", "Parquet", id="half of Parquet"),
        pytest.param(b"{broken\n", "no valid record", id="nothing of JSON"),
        pytest.param(b"# Ports\n\nOf the north.\n", "without columns", id="prose"),
        pytest.param(b"tide\n1\n2\n", "without columns", id="one column"),
        pytest.param(b"port,tide\n", "one line", id="only a header"),
        pytest.param(b"\n\n \n", "blanks", id="blanks"),
        pytest.param(zipped(b"a,b\n1,2\n", b"a,b\n1,2\n"), "2 files", id="zip of two"),
        pytest.param(b"\x1f\x8b\x08\x00damaged", "gzip archive", id="half of gzip"),
    ],
)
def test_what_nothing_recognises_is_unknown_with_the_reason(lake: Lake, content: bytes, reason: str) -> None:
    lake.put("odd/a.bin", content)
    crawler = lake.crawler("odd")
    ok(lake.run(crawler))
    assert lake.table("odd")["Parameters"]["classification"] == "UNKNOWN"
    assert lake.columns("odd") == {}
    lines = [line for line in lake.log(crawler) if "Left out" in line]
    assert len(lines) == 1
    assert reason in lines[0]
    assert "/runs/" not in lines[0]


@pytest.mark.parametrize("content", [b"ORC\x08", b"<?xml version='1.0'?>\n<a/>\n"])
def test_what_only_aws_recognises_is_refused_by_name(lake: Lake, content: bytes) -> None:
    lake.put("foreign/a", content)
    last = lake.crawl("foreign")
    assert last["Status"] == "FAILED"
    assert "no classifier" in last["ErrorMessage"]
    lake.put_csv("foreign/data/a.csv", "a,b", "1,2")
    ok(lake.crawl("foreign"))
    assert lake.tables() == ["foreign"]


_PIECES = [*",ab;|\t\"'{}[]:1.5\n\r -\\\x01é\u2028\ufeff", "true", "null", '"a":']
_STARTS = [b"", b"PAR1", b"Obj\x01", b"\x1f\x8b\x08", b"BZh91AY&SY", b"PK\x03\x04", b"{", b"\xff\xfe", b"\xef\xbb\xbf"]
_TEXTS = st.lists(st.sampled_from(_PIECES), max_size=50).map("".join)
_BYTES = st.one_of(
    _TEXTS.map(str.encode),
    _TEXTS.map(lambda text: gzip.compress(text.encode(), mtime=0)),
    st.tuples(st.sampled_from(_STARTS), st.binary(max_size=60)).map(b"".join),
).filter(bool)
_CUSTOM: list[list[dict[str, Any]]] = [[], [{"AllowSingleColumn": True}], [{"Delimiter": "1", "Header": ["p", "q"]}]]


class Bytes:
    """What stands for S3: one object."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> dict[str, Any]:
        first, last = map(int, Range.removeprefix("bytes=").split("-"))
        return {"Body": io.BytesIO(self.content[first : last + 1])}


@settings(max_examples=300, deadline=None)
@given(_BYTES, st.sampled_from(_CUSTOM))
def test_whatever_the_bytes_a_file_has_a_schema_or_a_reason(content: bytes, custom: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            schema = classify(Bytes(content), "bucket", "key", len(content), Path(folder) / "scratch", custom)
        except (Unknown, NotOffered):
            return
    names = [name for name, _ in schema.columns]
    assert all(names)
    assert len(set(names)) == len(names)
