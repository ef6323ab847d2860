"""Which files a crawler makes one table of, where it begins, and what is left out."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from crawls import Lake, ok
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localcloud.services.crawling.definitions import partition_keys, table_names
from localcloud.services.crawling.globs import compile_glob
from localcloud.services.crawling.grouping import Grouper
from localcloud.services.crawling.listing import File, Target
from localcloud.services.crawling.schema import Schema

SHIPS = ("ship,masts", "Maud,3", "Fram,2")
TIDES = ("port,level,at", "Hull,3.5,noon", "Kiel,1.0,noon")
A, B = '{"name": "x", "berth": 1, "at": 2}\n', '{"crane": "y", "tons": 2, "since": 3}\n'


def layout(lake: Lake, files: dict[str, Any]) -> None:
    for key, content in files.items():
        if isinstance(content, tuple):
            lake.put_csv(f"lake/{key}", *content)
        else:
            lake.put(f"lake/{key}", content)


def found(lake: Lake) -> dict[str, tuple[str, list[str], list[list[str]]]]:
    """Each table's place below the target, its partition keys and their values."""
    root = lake.address("lake/")
    return {
        name: (
            lake.table(name)["StorageDescriptor"]["Location"].removeprefix(root),
            lake.keys(name),
            lake.partitions(name) if lake.keys(name) else [],
        )
        for name in lake.tables()
    }


@pytest.mark.parametrize(
    ("files", "tables"),
    [
        pytest.param(
            {"2023/01/a.csv": SHIPS, "2023/02/a.csv": SHIPS, "2024/01/a.csv": SHIPS},
            {"lake": ("", ["partition_0", "partition_1"], [["2023", "01"], ["2023", "02"], ["2024", "01"]])},
            id="folders without a key",
        ),
        pytest.param(
            {"Year=2023/m=1/a.csv": SHIPS, "Year=2024/m=1/a.csv": SHIPS},
            {"lake": ("", ["year", "m"], [["2023", "1"], ["2024", "1"]])},
            id="folders with a key",
        ),
        pytest.param(
            {"2023/m=1/a.csv": SHIPS, "2024/m=2/a.csv": SHIPS},
            {"lake": ("", ["partition_0", "m"], [["2023", "1"], ["2024", "2"]])},
            id="one key missing",
        ),
        pytest.param(
            {"ships/a.csv": SHIPS, "tides/a.csv": TIDES},
            {"ships": ("ships/", [], []), "tides": ("tides/", [], [])},
            id="unlike folders",
        ),
        pytest.param(
            {"ships/d=1/a.csv": SHIPS, "ships/d=2/a.csv": SHIPS, "tides/a.csv": TIDES},
            {"ships": ("ships/", ["d"], [["1"], ["2"]]), "tides": ("tides/", [], [])},
            id="partitions beside another table",
        ),
        pytest.param(
            {"y=1/a.json": A, "y=2/a.json": B},
            {"y_1": ("y=1/", [], []), "y_2": ("y=2/", [], [])},
            id="AWS's example of unlike partitions",
        ),
        pytest.param(
            {"y=1/a.csv": SHIPS, "y=2/m=1/a.csv": SHIPS},
            {"y_1": ("y=1/", [], []), "y_2": ("y=2/", ["m"], [["1"]])},
            id="another depth",
        ),
        pytest.param(
            {"y=1/a.csv": SHIPS, "z=1/a.csv": SHIPS},
            {"y_1": ("y=1/", [], []), "z_1": ("z=1/", [], [])},
            id="another key",
        ),
        pytest.param(
            {"y=/a.csv": SHIPS, "y=1/a.csv": SHIPS},
            {"y_": ("y=/", [], []), "y_1": ("y=1/", [], [])},
            id="a key without a value",
        ),
        pytest.param(
            {"y=a=b/a.csv": SHIPS, "y=A b%20c/a.csv": SHIPS},
            {"lake": ("", ["y"], [["A b%20c"], ["a=b"]])},
            id="values as they are written",
        ),
        pytest.param(
            {"ships.csv": SHIPS, "tides.csv": TIDES},
            {"ships_csv": ("ships.csv", [], []), "tides_csv": ("tides.csv", [], [])},
            id="unlike files",
        ),
        pytest.param(
            {"a.csv": SHIPS, "b.csv": ("masts,ship", "1,Ran", "2,Hod")},
            {"a_csv": ("a.csv", [], []), "b_csv": ("b.csv", [], [])},
            id="CSV columns in another order",
        ),
        pytest.param(
            {"a.csv": SHIPS, "b.csv.gz": gzip.compress("\n".join(SHIPS).encode())},
            {"a_csv": ("a.csv", [], []), "b_csv_gz": ("b.csv.gz", [], [])},
            id="another compression",
        ),
        pytest.param({"a.csv": SHIPS, "more/b.csv": SHIPS}, {"lake": ("", [], [])}, id="files beside a like folder"),
        pytest.param(
            {"a.csv": SHIPS, "d=1/b.csv": SHIPS, "d=2/b.csv": SHIPS},
            {"a_csv": ("a.csv", [], []), "lake": ("", ["d"], [["1"], ["2"]])},
            id="a file beside partitions",
        ),
        pytest.param(
            {f"{n}.json": A for n in range(8)} | {f"x{n}.json": B for n in range(2)},
            {"lake": ("", [], [])},
            id="eight of ten files are alike",
        ),
        pytest.param(
            {
                "a.csv": SHIPS,
                "README.md": "# Ships\n\nOld ones.\n",
                "p.png": b"\x89PNG\0",
                "_SUCCESS": b"x",
                "e.csv": b"",
            },
            {"lake": ("", [], [])},
            id="files that are no data",
        ),
        pytest.param(
            {"ships/a.csv": SHIPS, "notes/a.md": "# Old\n\nNotes\n"},
            {"ships": ("ships/", [], []), "notes": ("notes/", [], [])},
            id="a table beside a folder of which nothing is known",
        ),
        pytest.param(
            {"1/a.csv": SHIPS, "2/a.csv": SHIPS, "notes/a.md": "# Old\n\nNotes\n"},
            {"lake": ("", ["partition_0"], [["1"], ["2"]])},
            id="partitions beside a folder of which nothing is known",
        ),
    ],
)
def test_layouts(lake: Lake, files: dict[str, Any], tables: dict[str, Any]) -> None:
    layout(lake, files)
    ok(lake.crawl("lake/"))
    assert found(lake) == tables


def test_seven_of_ten_files_alike_are_too_few(lake: Lake) -> None:
    layout(lake, {f"{n}.json": A for n in range(7)} | {f"x{n}.json": B for n in range(3)})
    ok(lake.crawl("lake/"))
    assert len(lake.tables()) == 10


def test_a_columns_type_holds_the_values_of_all_files(lake: Lake) -> None:
    layout(
        lake, {"a.csv": SHIPS, "b.csv": ("ship,masts,built", "Ran,2.5,1900"), "c.csv": ("ship,masts", "Hod,x", "7,2")}
    )
    ok(lake.crawl("lake/"))
    assert lake.columns("lake") == {"ship": "string", "masts": "string", "built": "bigint"}


def test_one_file_can_be_the_target(lake: Lake) -> None:
    layout(lake, {"ships.csv": SHIPS, "more.csv": SHIPS})
    ok(lake.crawl("lake/ships.csv"))
    assert found(lake) == {"ships_csv": ("ships.csv", [], [])}
    assert lake.table("ships_csv")["Parameters"]["objectCount"] == "1"


def test_folders_of_one_name_are_tables_of_two(lake: Lake) -> None:
    layout(lake, {"old/data/a.csv": SHIPS, "old/x/a.csv": TIDES, "new/data/a.json": A, "new/x/a.json": B})
    crawler = lake.crawler("lake/", TablePrefix="T_")
    ok(lake.run(crawler))
    names = lake.tables()
    assert len(names) == 4
    assert {"t_data", "t_x"} <= set(names)
    places = {place for place, _, _ in found(lake).values()}
    assert places == {"old/data/", "old/x/", "new/data/", "new/x/"}
    ok(lake.run(crawler))
    assert lake.tables() == names


def test_several_targets_make_tables_of_their_own(lake: Lake) -> None:
    layout(lake, {"t1/p1/a.csv": SHIPS, "t2/p1/a.csv": SHIPS})
    targets = [{"Path": lake.address(f"lake/{name}/")} for name in ("t1", "t2")]
    ok(lake.crawl("", Targets={"S3Targets": targets}))
    assert found(lake) == {"t1": ("t1/", ["partition_0"], [["p1"]]), "t2": ("t2/", ["partition_0"], [["p1"]])}


def test_a_partition_keys_name_is_not_a_columns(lake: Lake) -> None:
    layout(lake, {"masts=9/a.csv": ("masts,ship", "3,Maud", "2,Fram")})
    lake.put_parquet("pq/masts=9/a.parquet", [{"masts": 3, "ship": "Maud"}])
    ok(lake.crawl("lake/"))
    ok(lake.crawl("pq/"))
    assert lake.columns("lake") == {"masts_1": "bigint", "ship": "string"}  # by position: it must stay
    assert lake.columns("pq") == {"ship": "string"}


# --- Configuration


def test_compatible_schemas_can_be_combined(lake: Lake) -> None:
    layout(lake, {"y=1/a.json": A, "y=2/a.json": B})
    ok(lake.crawl("lake/", Configuration={"Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"}}))
    assert list(lake.columns("lake")) == ["name", "berth", "at", "crane", "tons", "since"]
    assert lake.keys("lake") == ["y"]


def test_the_table_level_is_counted_from_the_bucket(lake: Lake) -> None:
    layout(lake, {"t1/p1/a.csv": SHIPS, "t2/p1/a.csv": SHIPS})
    level = len(lake.address("lake/t1").removeprefix("s3://").split("/"))
    ok(lake.crawl("lake/", Configuration={"Grouping": {"TableLevelConfiguration": level}}))
    assert found(lake) == {"t1": ("t1/", ["partition_0"], [["p1"]]), "t2": ("t2/", ["partition_0"], [["p1"]])}


def test_more_tables_than_the_threshold_fail_the_crawl(lake: Lake) -> None:
    layout(lake, {"ships.csv": SHIPS, "tides.csv": TIDES})
    last = lake.crawl("lake/", Configuration={"CrawlerOutput": {"Tables": {"TableThreshold": 1}}})
    assert last["Status"] == "FAILED"
    assert "Tables detected - 2" in last["ErrorMessage"]
    assert lake.tables() == []


def test_a_sample_of_each_folder_can_be_enough(lake: Lake) -> None:
    layout(lake, {"d=1/a.csv": SHIPS, "d=1/b.csv": TIDES, "d=2/a.csv": SHIPS})
    ok(lake.crawl("lake/", Target={"SampleSize": 1}))
    assert lake.tables() == ["lake"]
    assert lake.columns("lake") == {"ship": "string", "masts": "bigint"}
    assert lake.table("lake")["Parameters"]["objectCount"] == "3"


def test_excluded_files_are_left_out_and_named(lake: Lake) -> None:
    layout(lake, {"a.csv": SHIPS, "b.tmp": TIDES, "sub/c.tmp": SHIPS})
    crawler = lake.crawler("lake/", Target={"Exclusions": ["*.tmp"]})
    ok(lake.run(crawler))
    assert lake.tables() == ["lake"]
    table = lake.table("lake")
    assert table["Parameters"]["objectCount"] == "2"  # * does not cross a folder
    assert json.loads(table["Parameters"]["exclusions"]) == [lake.address("lake/*.tmp")]
    assert any("b.tmp" in line and "'*.tmp'" in line for line in lake.log(crawler))


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*.csv", ["a.csv", ".csv", ".hidden.csv"], ["a/b.csv", "a.csv.gz"]),
        ("**.csv", ["a.csv", "a/b.csv"], ["a.json"]),
        ("x/*", ["x/a"], ["x/a/b", "x"]),
        ("x/**", ["x/a", "x/a/b"], ["y/a"]),
        ("x**", ["x", "x/a", "xy"], ["y/x"]),
        ("f.?", ["f.a"], ["f.ab", "f./"]),
        ("*.{csv,avro}", ["a.csv", "a.avro"], ["a.json", "a.{csv,avro}"]),
        ("[a-c]1", ["a1", "c1"], ["d1", "-1", "A1"]),
        ("[!a-c]1", ["d1"], ["a1", "/1"]),
        ("[*?\\]", ["*", "?", "\\"], ["a"]),
        ("[-a]", ["-", "a"], ["b"]),
        (r"\*.\{x", ["*.{x"], ["a.{x"]),
        ("a+(b)|^$", ["a+(b)|^$"], ["ab"]),
        ("2024/0{[!0],0[8-9]}**", ["2024/01/x", "2024/008"], ["2024/00/x"]),
    ],
)
def test_globs(pattern: str, matching: list[str], others: list[str]) -> None:
    glob = compile_glob(pattern)
    assert [key for key in matching + others if glob.fullmatch(key)] == matching


# --- Properties


_NAMES = st.sampled_from(["a", "b", "k=1", "k=2", "K=1", "l=", "l=x", "2024", ""])
_KINDS = [
    Schema("csv", (("ship", "string"), ("masts", "bigint")), header=True),
    Schema("csv", (("port", "string"), ("level", "double"), ("at", "string")), header=True),
    Schema("csv", (("ship", "string"), ("masts", "bigint")), compression="gzip", header=True),
    Schema("json", (("ship", "string"), ("masts", "int"))),
    Schema("parquet", (("crane", "string"),)),
    None,
]
_TREES = st.dictionaries(
    st.tuples(st.lists(_NAMES, max_size=3), st.integers(0, 3)).map(lambda made: "/".join([*made[0], f"{made[1]}.dat"])),
    st.sampled_from(_KINDS),
    max_size=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_TREES, st.booleans(), st.integers(0, 4))
def test_every_file_is_in_exactly_one_table_and_no_table_reads_anothers(
    tree: dict[str, Schema | None], combine: bool, level: int
) -> None:
    files = [File(f"lake/{key}", 1, schema, "" if schema else "no data") for key, schema in sorted(tree.items())]
    target = Target("bucket", "lake/", "", files)
    tables = Grouper(combine, level).tables(target)
    owned = [file.key for table in tables if table.schema for leaf in table.leaves for file in leaf.files]
    assert sorted(owned) == sorted(file.key for file in files if file.schema)
    for _, table in table_names("bucket", tables, ""):
        assert len(set(partition_keys(table))) == len(table.levels)
        for leaf in table.leaves:
            # What Athena finds at the location, all folders below it, is what the table says it has.
            there = {file.key for file in files if file.schema and file.key.startswith(leaf.location)}
            assert there == {file.key for file in leaf.files}
            assert len(leaf.values) == len(table.levels)
        assert len({leaf.values for leaf in table.leaves}) == len(table.leaves)
        assert len({file.schema.kind() for leaf in table.leaves for file in leaf.files if file.schema}) <= 1


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    _TREES.map(lambda tree: {key: schema for key, schema in tree.items() if schema and schema.compression == "none"})
)
def test_every_row_below_a_target_is_in_a_table(lake: Lake, tree: dict[str, Schema]) -> None:
    """The same, through S3 and the catalog: files and rows of all tables are those that were put there."""
    lake.clear()
    texts = {"csv": {2: "ship,masts\nMaud,3\n", 3: "port,level,at\nHull,3.5,noon\n"}, "json": {2: '{"ship": "Maud"}\n'}}
    for key, schema in tree.items():
        if schema.classification == "parquet":
            lake.put_parquet(f"tree/{key}", [{"crane": "x"}])
        else:
            lake.put(f"tree/{key}", texts[schema.classification][len(schema.columns)])
    ok(lake.crawl("tree/"))
    parameters = [lake.table(name)["Parameters"] for name in lake.tables()]
    assert sum(int(table["objectCount"]) for table in parameters) == len(tree)
    assert sum(int(table["recordCount"]) for table in parameters) == len(tree)
