"""What the classifiers make of a file: CSV, JSON, Parquet, Avro, and what is none of them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import zipfile
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from crawls import Lake, ok

from localcloud.services.crawling import delimited, jsonlike
from localcloud.services.crawling.schema import Schema, hive

LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"


def zipped(*contents: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.csv", content)
    return buffer.getvalue()


def named(schema: Schema) -> dict[str, str]:
    return {name: hive(kind) for name, kind in schema.columns}


# --- CSV


@pytest.mark.parametrize(
    ("text", "columns", "header"),
    [
        pytest.param("Port,Tide\nHull,3\nKiel,4\n", {"port": "string", "tide": "bigint"}, True, id="header"),
        pytest.param("port,tide\nHull,low\nKiel,high\n", {"col0": "string", "col1": "string"}, False, id="all text"),
        pytest.param("Hull,3\nKiel,4\n", {"col0": "string", "col1": "bigint"}, False, id="no header"),
        pytest.param("a,2019\nHull,3\nKiel,4\n", {"col0": "string", "col1": "bigint"}, False, id="a number in it"),
        pytest.param("Berth No,L.O.A. (m),Größe\n1,2.5,x\n2,3,y\n", None, True, id="names stay"),
        pytest.param("порт,вода\nГулль,3\nКиль,4\n", {"порт": "string", "вода": "bigint"}, True, id="Cyrillic"),
        pytest.param("a;b\n1;x,y\n2;z\n", {"a": "bigint", "b": "string"}, True, id="semicolon"),
        pytest.param("a\tb\n1\tx\n2\tz\n", {"a": "bigint", "b": "string"}, True, id="tab"),
        pytest.param("a|b\n1|x\n2|z\n", {"a": "bigint", "b": "string"}, True, id="pipe"),
        pytest.param("a\x01b\n1\x01x\n2\x01z\n", {"a": "bigint", "b": "string"}, True, id="Ctrl-A"),
        pytest.param("a,b\r\n1,x\r\n2,z\r\n", {"a": "bigint", "b": "string"}, True, id="CRLF"),
        pytest.param("a,b\r1,x\r2,z\r", {"a": "bigint", "b": "string"}, True, id="CR"),
        pytest.param("\ufeffa,b\n1,x\n2,z\n", {"a": "bigint", "b": "string"}, True, id="BOM"),
        pytest.param("a,b,\n1,x,\n2,z,\n", {"a": "bigint", "b": "string", "col2": "string"}, True, id="trailing"),
        pytest.param(",b\n0,x\n1,z\n", {"col0": "bigint", "b": "string"}, True, id="pandas index"),
        pytest.param("a,B,b\n1,x,y\n2,z,y\n", {"a": "bigint", "b": "string", "b_1": "string"}, True, id="twice"),
        pytest.param('a,b\n1,"x, y"\n2,z\n', {"a": "bigint", "b": "string"}, True, id="a comma in quotes"),
        pytest.param('"a","b"\n"1","x"\n"2","z"\n', {"a": "string", "b": "string"}, True, id="numbers in quotes"),
        pytest.param('a\tb\n1\t5" pipe\n2\t"open\n3\tz\n', {"a": "bigint", "b": "string"}, True, id="loose quotes"),
        pytest.param('a,b,c\n1,"x\n\ny",4\n2,"z\nw",5\n', None, True, id="line breaks in quotes"),
        pytest.param("a,b,c\n1,x\n2,x,y\n3,x,y\n4,x,y,z\n", None, True, id="ragged"),
        pytest.param("a,b\n1,x\u2028y\x0bz\n2,w\n", {"a": "bigint", "b": "string"}, True, id="no line ends"),
    ],
)
def test_csv(text: str, columns: dict[str, str] | None, header: bool) -> None:
    schema = delimited.classify(text.removeprefix("\ufeff"), complete=True, size=len(text))
    names = [name.lower() for name in text.splitlines()[0].split(",")]
    assert named(schema) == columns if columns else list(named(schema)) == names
    assert schema.header is header


def test_a_csv_table_is_read_by_the_lazy_simple_serde(lake: Lake) -> None:
    lake.put("ports/a.csv", "\ufeffPort;Tide\nHull;3\n")
    ok(lake.crawl("ports"))
    assert lake.columns("ports") == {"port": "string", "tide": "bigint"}
    table = lake.table("ports")
    assert table["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"] == LAZY
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"] == {"field.delim": ";"}
    assert table["StorageDescriptor"]["InputFormat"] == "org.apache.hadoop.mapred.TextInputFormat"
    expected = {"classification": "csv", "compressionType": "none", "delimiter": ";", "skip.header.line.count": "1"}
    assert expected.items() <= table["Parameters"].items()
    assert (table["Parameters"]["objectCount"], table["Parameters"]["recordCount"]) == ("1", "1")


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2", "+3"], "bigint"),
        (["9007199254740993", "9223372036854775807"], "bigint"),
        (["9223372036854775808", "1"], "string"),
        (["1", "2.5"], "double"),
        (["1e3", ".5", "2."], "double"),
        (["true", "FALSE"], "boolean"),
        (["t", "f"], "string"),
        (["Y", "N"], "string"),
        (["1", "true"], "string"),
        (["1", "", "2"], "bigint"),
        (["", ""], "string"),
        (["00501", "10001"], "string"),
        (["0", "7"], "bigint"),
        (["1,5", "2,5"], "string"),
        (["2024-01-31", "2024-02-01"], "string"),
        (["1 ", "2 "], "string"),
        (["NaN", "1.5"], "string"),
        (["12", "N/A"], "string"),
    ],
)
def test_the_type_of_a_csv_column(cells: list[str], kind: str) -> None:
    text = "\n".join(["number;value", *(f"{n};{cell}" for n, cell in enumerate(cells))])
    schema = delimited.classify(text, complete=True, size=len(text))
    assert named(schema) == {"number": "bigint", "value": kind}


@pytest.mark.parametrize(
    ("name", "content", "compression"),
    [
        ("a.csv.gz", gzip.compress(b"a,b\n1,x\n") + gzip.compress(b"2,y\n"), "gzip"),
        ("a.csv.bz2", bz2.compress(b"a,b\n1,x\n2,y\n"), "bzip2"),
        ("a.zip", zipped(b"a,b\n1,x\n2,y\n"), "zip"),
        ("a.csv", "a,b\n1,caf\xe9\n2,y\n".encode("latin-1"), "none"),
    ],
)
def test_packed_and_other_bytes(lake: Lake, name: str, content: bytes, compression: str) -> None:
    lake.put(f"packed/{name}", content)
    ok(lake.crawl("packed"))
    assert lake.columns("packed") == {"a": "bigint", "b": "string"}
    assert lake.table("packed")["Parameters"]["compressionType"] == compression
    assert lake.table("packed")["Parameters"]["recordCount"] == "2"


def test_only_the_first_thousand_records_of_csv_are_looked_at(lake: Lake) -> None:
    lake.put_csv("long/a.csv", "n,m", *(f"{n},{n}" for n in range(1500)), "late,1")
    lake.put_csv("short/a.csv", "n,m", *(f"{n},{n}" for n in range(900)), "early,1")
    ok(lake.crawl("long"))
    ok(lake.crawl("short"))
    assert lake.columns("long") == {"n": "bigint", "m": "bigint"}
    assert lake.columns("short") == {"n": "string", "m": "bigint"}
    assert lake.table("long")["Parameters"]["recordCount"] == "1501"


def test_a_files_header_is_known_from_the_others(lake: Lake) -> None:
    lake.put_csv("quay/a.csv", "ship,port", "1,Hull", "2,Kiel")
    lake.put_csv("quay/b.csv", "ship,port", "Maud,Hull", "Fram,Kiel")
    lake.put_csv("quay/c.csv", "ship,port")
    lake.put_csv("quay/d.csv", "ship,port", "3,Oslo")
    ok(lake.crawl("quay"))
    assert lake.tables() == ["quay"]
    assert lake.columns("quay") == {"ship": "string", "port": "string"}
    assert lake.table("quay")["Parameters"]["objectCount"] == "4"


# --- Custom CSV classifiers


def classifier(lake: Lake, **settings: Any) -> str:
    name = f"classifier-{lake.database}"
    lake.glue.create_classifier(CsvClassifier={"Name": name, **settings})
    return name


def test_a_custom_classifier_names_the_header_and_the_serde(lake: Lake) -> None:
    lake.put_csv("log/a.csv", "port,ship", 'Hull,"Maud, the old"', 'Kiel,"Fram"')
    name = classifier(lake, Delimiter=",", QuoteSymbol='"', ContainsHeader="PRESENT", Serde="OpenCSVSerDe")
    ok(lake.crawl("log", Classifiers=[name]))
    assert lake.columns("log") == {"port": "string", "ship": "string"}
    serde = lake.table("log")["StorageDescriptor"]["SerdeInfo"]
    assert serde["SerializationLibrary"].endswith(".OpenCSVSerde")
    assert serde["Parameters"] == {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"}
    assert lake.table("log")["Parameters"]["skip.header.line.count"] == "1"
    lake.glue.delete_classifier(Name=name)


@pytest.mark.parametrize(
    ("settings", "columns"),
    [
        ({"AllowSingleColumn": True, "ContainsHeader": "PRESENT"}, {"tide": "bigint"}),
        ({"AllowSingleColumn": True, "Header": ["Level"]}, {"level": "bigint"}),
        ({"AllowSingleColumn": True, "ContainsHeader": "ABSENT"}, {"col0": "string"}),
        ({"Delimiter": "~"}, {}),
    ],
)
def test_the_settings_of_a_custom_classifier(lake: Lake, settings: dict[str, Any], columns: dict[str, str]) -> None:
    lake.put_csv("tides/a.csv", "tide", "1", "2")
    name = classifier(lake, **settings)
    ok(lake.crawl("tides", Classifiers=[name]))
    assert lake.columns("tides") == columns
    lake.glue.delete_classifier(Name=name)


def test_classifiers_are_kept_and_others_refused(lake: Lake) -> None:
    name = classifier(lake, Delimiter="~")
    with pytest.raises(lake.glue.exceptions.AlreadyExistsException):
        classifier(lake)
    lake.glue.update_classifier(CsvClassifier={"Name": name, "QuoteSymbol": "'"})
    found = lake.glue.get_classifier(Name=name)["Classifier"]["CsvClassifier"]
    assert (found["Delimiter"], found["QuoteSymbol"], found["Version"]) == ("~", "'", 2)
    listed = lake.glue.get_classifiers()["Classifiers"]
    assert name in [entry["CsvClassifier"]["Name"] for entry in listed]
    with pytest.raises(lake.glue.exceptions.InvalidInputException, match="different"):
        lake.glue.update_classifier(CsvClassifier={"Name": name, "QuoteSymbol": "~"})
    with pytest.raises(lake.glue.exceptions.InvalidInputException, match="JsonClassifier"):
        lake.glue.create_classifier(JsonClassifier={"Name": "j", "JsonPath": "$[*]"})
    lake.glue.delete_classifier(Name=name)
    with pytest.raises(lake.glue.exceptions.EntityNotFoundException):
        lake.crawler("any", Classifiers=[name])


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
