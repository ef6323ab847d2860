"""Input files in batches, and the filters and joins of batch transform, without a model."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from localcloud.hosting import jsonpath
from localcloud.hosting.batching import MEGABYTE, BadRecord, Batch, Processing, answer_of, batches

DATA = {"id": 7, "tags": ["a", "b", "c"], "inner": {"x": 1, "y z": 2}}
LINES = {"ContentType": "application/jsonlines", "SplitType": "Line"}
JSON_OUT = {"Accept": "application/jsonlines", "AssembleWith": "Line"}


@pytest.mark.parametrize(
    ("path", "finds"),
    [
        ("$", DATA),
        ("$.id", 7),
        ("$['id']", 7),
        ('$["inner"]["y z"]', 2),
        ("$.['id','tags']", {"id": 7, "tags": ["a", "b", "c"]}),
        ("$.tags[0]", "a"),
        ("$.tags[-1]", "c"),
        ("$.tags[0,2]", ["a", "c"]),
        ("$.tags[1:]", ["b", "c"]),
        ("$.tags[:-1]", ["a", "b"]),
        ("$.tags[:]", ["a", "b", "c"]),
        ("$.inner.*", [1, 2]),
        ("$.tags[*]", ["a", "b", "c"]),
    ],
)
def test_a_path_finds(path: str, finds: Any) -> None:
    assert jsonpath.parse(path).select(DATA) == finds


@pytest.mark.parametrize("path", ["", "id", "$..id", "$.tags[?(@.a)]", "$[", "$.tags[1:3:2]", "$['a'", "$.a b"])
def test_an_expression_that_is_not_supported_is_refused(path: str) -> None:
    with pytest.raises(jsonpath.BadPath):
        jsonpath.parse(path)


@pytest.mark.parametrize("path", ["$.none", "$.tags[3]", "$.tags.id", "$.id[0]", "$.tags[-4]"])
def test_what_the_data_has_not_is_named(path: str) -> None:
    with pytest.raises(jsonpath.NoSuchElement):
        jsonpath.parse(path).select(DATA)


def cut(folder: Path, content: bytes, **changes: Any) -> list[bytes]:
    file = folder / "input"
    file.write_bytes(content)
    settings = {"by_line": True, "single": False, "limit": 0, **changes}
    return [b"".join(batch.read()) for batch in batches(file, **settings)]


def test_lines_go_together_up_to_the_limit(tmp_path: Path) -> None:
    assert cut(tmp_path, b"aaa\nbbb\nccc\n", limit=7) == [b"aaa\nbbb", b"ccc"]


def test_a_line_of_exactly_the_limit_fits(tmp_path: Path) -> None:
    assert cut(tmp_path, b"aaaa\r\nbb", limit=4) == [b"aaaa", b"bb"]


def test_a_longer_line_does_not(tmp_path: Path) -> None:
    with pytest.raises(BadRecord, match="Too much data for max payload size"):
        cut(tmp_path, b"aaa\nbbbbb", limit=4)


def test_single_records_are_lines_and_an_empty_line_is_one(tmp_path: Path) -> None:
    assert cut(tmp_path, b"a\n\nb", single=True) == [b"a", b"", b"b"]


def test_an_empty_file_has_no_request(tmp_path: Path) -> None:
    assert cut(tmp_path, b"") == []
    assert cut(tmp_path, b"", by_line=False) == []


def test_a_whole_file_is_one_request_without_a_limit(tmp_path: Path) -> None:
    assert cut(tmp_path, b"a\nb\n", by_line=False) == [b"a\nb\n"]
    with pytest.raises(BadRecord):
        cut(tmp_path, b"a\nb\n", by_line=False, limit=3)


def test_a_payload_of_100_mb_is_not_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "input"
    with file.open("wb") as out:
        for _ in range(100 * MEGABYTE // 2**16):
            out.write(b"x" * (2**16 - 1) + b"\n")
    tracemalloc.start()
    read = sum(len(piece) for batch in batches(file, by_line=True, single=False, limit=0) for piece in batch.read())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read == 100 * MEGABYTE - 1
    assert peak < 5 * MEGABYTE


def joined(folder: Path, settings: dict[str, str], record: str, answer: str) -> list[str]:
    processing = Processing(settings, LINES, JSON_OUT)
    (folder / "input").write_text(record)
    (folder / "answer").write_text(answer)
    records = record.count("\n") + 1
    batch = Batch(folder / "input", 0, len(record.encode()), records)
    return list(processing.results(batch, answer_of(folder / "answer", records)))


def test_an_object_gets_the_answer_as_an_attribute(tmp_path: Path) -> None:
    assert joined(tmp_path, {"JoinSource": "Input"}, '{"a": 1}', "2\n") == ['{"a": 1, "SageMakerOutput": 2}']


def test_what_is_no_object_becomes_sagemaker_input(tmp_path: Path) -> None:
    assert joined(tmp_path, {"JoinSource": "Input"}, "[1]", "2") == ['{"SageMakerInput": [1], "SageMakerOutput": 2}']


def test_without_a_join_the_output_filter_works_on_the_answer(tmp_path: Path) -> None:
    assert joined(tmp_path, {"OutputFilter": "$.label"}, "1\n2", '{"label": 0}\n{"label": 1}\n\n') == ["0", "1"]


def test_another_number_of_answers_than_records_cannot_be_joined(tmp_path: Path) -> None:
    with pytest.raises(BadRecord, match="answered 3 lines to 2 records"):
        joined(tmp_path, {"JoinSource": "Input"}, "1\n2", "1\n2\n3\n")


def test_an_answer_that_is_no_json_cannot_be_joined(tmp_path: Path) -> None:
    with pytest.raises(BadRecord, match="cannot be filtered or joined"):
        joined(tmp_path, {"JoinSource": "Input"}, "1", "oops")


def test_an_input_filter_makes_the_payload(tmp_path: Path) -> None:
    (tmp_path / "input").write_text('{"text": "é"}\n{"text": "b"}')
    batch = Batch(tmp_path / "input", 0, (tmp_path / "input").stat().st_size, 2)
    assert Processing({"InputFilter": "$.text"}, LINES, JSON_OUT).payload(batch).decode() == '"é"\n"b"'
