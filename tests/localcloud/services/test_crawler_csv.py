"""What the CSV classifiers make of a file: the built-in one, and custom ones."""

from __future__ import annotations

import bz2
import gzip
from typing import Any

import pytest
from crawls import Lake, named, ok, zipped

from localcloud.services.crawling import delimited

LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"


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
        pytest.param("\ufeff1,x\n2,z\n", {"col0": "string", "col1": "string"}, False, id="BOM before a number"),
        pytest.param("a,b,\n1,x,\n2,z,\n", {"a": "bigint", "b": "string", "col2": "string"}, True, id="trailing"),
        pytest.param(",b\n0,x\n1,z\n", {"col0": "bigint", "b": "string"}, True, id="pandas index"),
        pytest.param("a,B,b\n1,x,y\n2,z,y\n", {"a": "bigint", "b": "string", "b_1": "string"}, True, id="twice"),
        pytest.param('a,b\n1,"x, y"\n2,z\n', {"a": "bigint", "b": "string"}, True, id="a comma in quotes"),
        pytest.param('"a","b"\n"1","x"\n"2","z"\n', {"a": "string", "b": "string"}, True, id="numbers in quotes"),
        pytest.param('a\tb\n1\t5" pipe\n2\t"open\n3\tz\n', {"a": "bigint", "b": "string"}, True, id="loose quotes"),
        pytest.param('a,b\n1,"x \\"y\\", z"\n2,"w"\n', {"a": "bigint", "b": "string"}, True, id="backslashes"),
        pytest.param("a,b\n007,x\n008,y\n", {"a": "string", "b": "string"}, True, id="digits tell the header"),
        pytest.param("# of 2024\na,b\n1,x\n" + "2,y\n" * 20, {"col0": "string", "col1": "string"}, False, id="comment"),
        pytest.param("sep=;\na;b;c\n" + "2;y;z\n" * 20, None, False, id="Excel's first line"),
        pytest.param('a,b,c\n1,"x\n\ny",4\n2,"z\nw",5\n', None, True, id="line breaks in quotes"),
        pytest.param("a,b,c\n1,x\n2,x,y\n3,x,y\n4,x,y,z\n", None, True, id="ragged"),
        pytest.param("a,b\n1,x\u2028y\x0bz\n2,w\n", {"a": "bigint", "b": "string"}, True, id="no line ends"),
    ],
)
def test_csv(text: str, columns: dict[str, str] | None, header: bool) -> None:
    schema = delimited.classify(text, complete=True, size=len(text))
    names = (
        ["col0", "col1", "col2"]
        if not header
        else [name.lower().strip("\ufeff") for name in text.splitlines()[0].split(",")]
    )
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
        ("a.csv.gz", gzip.compress(b"a,b\n1,x\n", mtime=0) + gzip.compress(b"2,y\n", mtime=0), "gzip"),
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
