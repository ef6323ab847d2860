"""Whatever lies below the raw prefix: rows in = out + quarantined + duplicates, over layouts made by hypothesis."""

from __future__ import annotations

import bz2
import gzip
import itertools
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from own_cloud import OwnCloud
from run_in_glue import prepared

pytestmark = pytest.mark.image
BUCKET = "etl-layouts"
Run = Callable[[dict[str, bytes]], dict[str, Any]]

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=20)
ROW = st.fixed_dictionaries(
    {
        "review": st.one_of(st.none(), TEXT, st.sampled_from(["Again the same.", "again THE same."])),
        "sentiment": st.sampled_from(["positive", "neg", "mixed", None, 1]),
        "title_id": st.sampled_from(["tt1", "tt2", " TT3 ", "", None]),
        "review_id": st.one_of(st.none(), TEXT),
    },
    optional={"split": st.sampled_from(["train", "test", "x", None]), "rating": st.sampled_from([1, "7", 0.5, "n/a"])},
)
ENCODINGS = st.sampled_from(["utf-8", "cp1252", "latin-1"])


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line: an object, an object in an old encoding, or whatever."""
    if draw(st.integers(0, 3)):
        text = json.dumps(draw(ROW), ensure_ascii=draw(st.booleans()))
        return text.encode(draw(ENCODINGS), errors="replace").replace(b"\n", b" ")
    return draw(st.binary(max_size=30)).replace(b"\n", b" ")


NAMES = st.sampled_from(["a.jsonl", "b c.json", "d=1.txt", "é+%41.jsonl", "noending", "x.csv"])
FOLDERS = st.lists(st.sampled_from(["2024", "year=2023", "deep er", "ü"]), max_size=3).map("/".join)
PACKS = st.sampled_from([("", bytes), ("", bytes), (".gz", gzip.compress), (".bz2", bz2.compress)])


@st.composite
def layouts(draw: st.DrawFn) -> dict[str, bytes]:
    """Path below the raw prefix -> bytes. One row is good, so that the job has something to do."""
    good = {"review": "A good one.", "sentiment": "positive", "title_id": "tt9", "review_id": "good"}
    found = {"good.jsonl": json.dumps(good).encode()}
    for _ in range(draw(st.integers(1, 5))):
        content = draw(st.sampled_from([b"\n", b"\r\n", b"\n\n"])).join(draw(st.lists(lines(), max_size=8)))
        suffix, pack = draw(PACKS)
        found[f"{draw(FOLDERS)}/{draw(NAMES)}{suffix}".lstrip("/")] = pack(content)
    return found


@pytest.fixture(scope="module")
def run(local_aws: OwnCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs the job on a layout, all of them in one Spark session; returns what the driver says of it."""
    folder = tmp_path_factory.mktemp("layouts")
    (folder / BUCKET).mkdir()
    local_aws.client("s3").create_bucket(Bucket=BUCKET)
    local_aws.client("glue").create_database(DatabaseInput={"Name": "etl_layouts"})
    results = folder / "results.jsonl"
    driver = Path(__file__).with_name("etl_driver.py")
    command, environment = prepared(driver, ["-", str(results)], folder, {BUCKET: folder / BUCKET}, local_aws)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, text=True
        )
    counter = itertools.count()

    def one(layout: dict[str, bytes]) -> dict[str, Any]:
        number = next(counter)
        for name, content in layout.items():
            path = folder / BUCKET / str(number) / "raw" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        paths = {f"{name}_path": f"s3://{BUCKET}/{number}/{name}/" for name in ("raw", "clean", "quarantine", "report")}
        names = {"JOB_NAME": "etl", "JOB_RUN_ID": f"jr_{number}", "database": "etl_layouts", "table": f"clean_{number}"}
        assert process.stdin
        process.stdin.write(json.dumps({"name": str(number), "args": names | paths, "count_only": True}) + "\n")
        process.stdin.flush()
        while not results.exists() or len(results.read_bytes().splitlines()) <= number:
            assert process.poll() is None, (folder / "log").read_text(errors="replace")[-2000:]
            time.sleep(0.1)
        made: dict[str, Any] = json.loads(results.read_text().splitlines()[number])
        return made

    yield one
    assert process.stdin
    process.stdin.close()
    assert process.wait(60) == 0


def rows_of(layout: dict[str, bytes]) -> int:
    """Lines with anything but white space and byte order marks, counted without Spark."""
    total = 0
    for name, content in layout.items():
        unpack = {"gz": gzip.decompress, "bz2": bz2.decompress}.get(name.rpartition(".")[2], bytes)
        for line in unpack(content).split(b"\n"):
            total += bool(line.decode("utf-8", errors="replace").strip(" \t\n\v\f\r\ufeff"))
    return total


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(layouts())
def test_every_row_of_any_layout_is_accounted_for(run: Run, layout: dict[str, bytes]) -> None:
    result = run(layout)
    if "error" in result:  # refused as a whole, with the name of what cannot be read: nothing was lost
        assert "packed in a way that its name does not say" in result["error"]
        return
    report = result["report"]
    assert report["rows_in"] == rows_of(layout)
    assert report["rows_out"] + report["quarantined"] + report["duplicates"] == report["rows_in"]
    assert report["rows_out"] >= 1
