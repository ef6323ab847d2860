"""Textract: DetectDocumentText really reads pages; AWS's blocks, limits and errors; stop, kill and restart."""

from __future__ import annotations

import io
import re
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ai_models import models, once, page
from botocore.exceptions import ClientError
from own_cloud import OwnCloud, wait_until
from PIL import Image

pytestmark = pytest.mark.image

PROGRAM = "textract_server.py"
BUCKET = "sagemaker-us-east-1-123456789012"
LINES = ("A film that isn't dull,", "about 7/10 for me.")


@pytest.fixture(scope="module")
def cloud() -> Iterator[OwnCloud]:
    cloud = OwnCloud()
    try:
        built = cloud.run("image", "build", "textract-1", timeout=900)
        assert built.returncode == 0, built.stdout + built.stderr
        cloud.start()
        yield cloud
    finally:
        cloud.remove()


@pytest.fixture
def textract(cloud: OwnCloud) -> Any:
    return once(cloud, "textract")


@pytest.fixture(scope="module")
def read(cloud: OwnCloud) -> dict[str, Any]:
    """The answer to a page with two lines."""
    answer: dict[str, Any] = once(cloud, "textract").detect_document_text(Document={"Bytes": page(*LINES)})
    return answer


def of_kind(answer: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [block for block in answer["Blocks"] if block["BlockType"] == kind]


def texts(answer: dict[str, Any], kind: str = "LINE") -> list[str]:
    return [block["Text"] for block in of_kind(answer, kind)]


def test_the_lines_are_read_in_their_order(read: dict[str, Any]) -> None:
    assert texts(read) == list(LINES)


def test_the_words_are_the_lines_words(read: dict[str, Any]) -> None:
    assert texts(read, "WORD") == " ".join(LINES).split()
    assert {word["TextType"] for word in of_kind(read, "WORD")} == {"PRINTED"}


def test_parents_name_their_children_by_unique_ids(read: dict[str, Any]) -> None:
    by_id = {block["Id"]: block for block in read["Blocks"]}
    assert len(by_id) == len(read["Blocks"])
    (only,) = of_kind(read, "PAGE")
    assert only["Relationships"] == [{"Type": "CHILD", "Ids": [line["Id"] for line in of_kind(read, "LINE")]}]
    for line in of_kind(read, "LINE"):
        assert " ".join(by_id[child]["Text"] for child in line["Relationships"][0]["Ids"]) == line["Text"]


def test_every_block_lies_on_the_page_and_every_text_has_its_confidence(read: dict[str, Any]) -> None:
    for block in read["Blocks"]:
        box = block["Geometry"]["BoundingBox"]
        assert 0 <= box["Left"] <= box["Left"] + box["Width"] <= 1
        assert 0 <= box["Top"] <= box["Top"] + box["Height"] <= 1
        assert len(block["Geometry"]["Polygon"]) == 4
        assert block["Page"] == 1
    assert all(90 < block["Confidence"] <= 100 for block in read["Blocks"] if block["BlockType"] != "PAGE")


def test_a_line_lies_where_it_was_printed(read: dict[str, Any]) -> None:
    first, second = (line["Geometry"]["BoundingBox"] for line in of_kind(read, "LINE"))
    assert first["Left"] == pytest.approx(0.05, abs=0.03)
    assert first["Top"] + first["Height"] == pytest.approx(0.2, abs=0.08)
    assert second["Top"] - first["Top"] == pytest.approx(0.2, abs=0.05)


def test_the_answer_names_the_engine_that_read(read: dict[str, Any]) -> None:
    assert read["DetectDocumentTextModelVersion"] == "rapidocr 3.10.0"
    assert read["ResponseMetadata"]["HTTPHeaders"]["x-amzn-open-model"] == "rapidocr 3.10.0"
    assert read["DocumentMetadata"] == {"Pages": 1}


def test_a_jpeg_in_s3_is_read(cloud: OwnCloud, textract: Any) -> None:
    key = f"tests/{uuid.uuid4().hex}.jpg"
    cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=page("Never a dull minute", kind="jpeg"))
    answer = textract.detect_document_text(Document={"S3Object": {"Bucket": BUCKET, "Name": key}})
    assert texts(answer) == ["Never a dull minute"]


def test_a_page_that_lies_askew_is_read(textract: Any) -> None:
    turned = Image.open(io.BytesIO(page(*LINES))).convert("L").rotate(5, expand=True, fillcolor=255, resample=3)
    file = io.BytesIO()
    turned.save(file, "PNG")
    answer = textract.detect_document_text(Document={"Bytes": file.getvalue()})
    assert texts(answer) == list(LINES)
    upper_left, upper_right, *_ = of_kind(answer, "LINE")[0]["Geometry"]["Polygon"]
    assert upper_right["Y"] < upper_left["Y"] - 0.02


def test_a_page_upside_down_is_read(textract: Any) -> None:
    file = io.BytesIO()
    Image.open(io.BytesIO(page(*LINES))).rotate(180).save(file, "PNG")
    answer = textract.detect_document_text(Document={"Bytes": file.getvalue()})
    assert sorted(texts(answer)) == sorted(LINES)


def test_an_empty_page_is_a_page_without_lines(textract: Any) -> None:
    answer = textract.detect_document_text(Document={"Bytes": page()})
    assert [block["BlockType"] for block in answer["Blocks"]] == ["PAGE"]
    assert "Relationships" not in answer["Blocks"][0]


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"%PDF-1.7 ...", "UnsupportedDocumentException", "PDF files are read on AWS only"),
        (b"II*\0....", "UnsupportedDocumentException", "TIFF files are read on AWS only"),
        (b"just text", "UnsupportedDocumentException", "unsupported document format"),
        (b"\x89PNG\r\n\x1a\nnothing follows", "BadDocumentException", "damaged"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x05IHDR\0\0\0\1\0", "BadDocumentException", "damaged"),
        (b"\xff\xd8\xff" + bytes(10 * 2**20), "DocumentTooLargeException", "10485760"),
    ],
)
def test_what_is_no_page_is_refused(textract: Any, content: bytes, error: str, message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        textract.detect_document_text(Document={"Bytes": content})
    assert refused.value.response["Error"]["Code"] == error


def test_a_page_cut_short_is_a_bad_document(textract: Any) -> None:
    with pytest.raises(textract.exceptions.BadDocumentException):
        textract.detect_document_text(Document={"Bytes": page(*LINES)[:2000]})


def test_a_page_with_too_many_pixels_a_side_is_a_bad_document(textract: Any) -> None:
    file = io.BytesIO()
    Image.new("1", (10_001, 20)).save(file, "PNG")
    with pytest.raises(textract.exceptions.BadDocumentException, match="10001 x 20 pixels"):
        textract.detect_document_text(Document={"Bytes": file.getvalue()})


@pytest.mark.parametrize("size", [(10_000, 30), (500, 1), (1, 10_000), (1, 1)])
def test_a_strip_however_thin_is_a_page(textract: Any, size: tuple[int, int]) -> None:
    file = io.BytesIO()
    Image.new("L", size, 255).save(file, "PNG")
    assert texts(textract.detect_document_text(Document={"Bytes": file.getvalue()})) == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process's memory is Linux's to tell")
def test_small_files_with_millions_of_pixels_do_not_fill_the_memory(cloud: OwnCloud, textract: Any) -> None:
    """Below all of AWS's limits: 0.1 MB, 10,000 pixels a side, two at once."""
    small = Image.open(io.BytesIO(page(*LINES, size=(5, 5)))).convert("P", palette=Image.Palette.ADAPTIVE)
    file = io.BytesIO()
    small.resize((10_000, 10_000)).save(file, "PNG", transparency=0)
    with ThreadPoolExecutor(2) as pool:
        document = {"Bytes": file.getvalue()}
        answers = list(pool.map(lambda _: textract.detect_document_text(Document=document), range(2)))
    assert [texts(answer) for answer in answers] == [list(LINES)] * 2
    (process,) = models(cloud, PROGRAM)
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert int(peak) < 1.5e6


def test_a_document_of_nearly_ten_megabytes_is_accepted(textract: Any) -> None:
    """Base64, in which it travels, is a third longer than the document."""
    content = page("Large")
    padded = content + bytes(10 * 2**20 - len(content))
    assert texts(textract.detect_document_text(Document={"Bytes": padded})) == ["Large"]


@pytest.mark.parametrize(
    "place", [{"Bucket": BUCKET, "Name": "nothing.png"}, {"Bucket": "no-such-bucket", "Name": "x"}]
)
def test_an_object_that_is_not_there_is_invalid(textract: Any, place: dict[str, str]) -> None:
    with pytest.raises(textract.exceptions.InvalidS3ObjectException):
        textract.detect_document_text(Document={"S3Object": place})


def test_an_object_that_is_too_large_is_refused(cloud: OwnCloud, textract: Any) -> None:
    cloud.client("s3").put_object(Bucket=BUCKET, Key="tests/large.png", Body=bytes(10 * 2**20 + 1))
    with pytest.raises(textract.exceptions.DocumentTooLargeException):
        textract.detect_document_text(Document={"S3Object": {"Bucket": BUCKET, "Name": "tests/large.png"}})


@pytest.mark.parametrize("document", [{}, {"Bytes": b""}, {"Bytes": b"x", "S3Object": {"Bucket": BUCKET, "Name": "x"}}])
def test_a_document_is_either_bytes_or_an_object(textract: Any, document: dict[str, Any]) -> None:
    with pytest.raises(textract.exceptions.InvalidParameterException):
        textract.detect_document_text(Document=document)


@pytest.mark.parametrize("feature", ["FORMS", "TABLES", "QUERIES"])
def test_forms_tables_and_queries_are_refused_by_name(textract: Any, feature: str) -> None:
    with pytest.raises(ClientError, match="AnalyzeDocument is not offered by the local AWS, only on AWS"):
        textract.analyze_document(Document={"Bytes": page("x")}, FeatureTypes=[feature])


def test_more_calls_in_a_second_than_the_quota_are_throttled(textract: Any) -> None:
    def code(_: int) -> str:
        try:
            textract.detect_document_text(Document={"Bytes": b"no page"})
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(code, range(100)))
    assert set(codes) == {"UnsupportedDocumentException", "ProvisionedThroughputExceededException"}
    time.sleep(1.1)


def test_pages_at_once_get_their_own_answers(textract: Any) -> None:
    with ThreadPoolExecutor(4) as pool:
        pages = [page(f"This is page {number}") for number in range(4)]
        answers = list(pool.map(lambda one: textract.detect_document_text(Document={"Bytes": one}), pages))
    assert [texts(answer) for answer in answers] == [[f"This is page {number}"] for number in range(4)]


def test_a_process_killed_while_it_reads_is_replaced(cloud: OwnCloud, textract: Any) -> None:
    (process,) = models(cloud, PROGRAM)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(textract.detect_document_text, Document={"Bytes": page(*LINES, size=(10, 10))})
        time.sleep(0.3)
        process.kill()
        assert texts(asked.result()) == list(LINES)


def test_it_stops_within_ten_seconds_while_it_reads_and_reads_again_after_a_restart(cloud: OwnCloud) -> None:
    client = once(cloud, "textract")
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(client.detect_document_text, Document={"Bytes": page(*LINES)}) for _ in range(4)]
        time.sleep(0.2)
        began = time.monotonic()
        cloud.stop()
        assert time.monotonic() - began < 10
        for one in asked:  # read already, or told that there is no server any more: none hangs
            one.exception(timeout=10)
    assert models(cloud, PROGRAM) == []
    cloud.start()
    answer = once(cloud, "textract").detect_document_text(Document={"Bytes": page("Here again")})
    assert texts(answer) == ["Here again"]


def test_nothing_outlives_a_killed_server(cloud: OwnCloud) -> None:
    once(cloud, "textract").detect_document_text(Document={"Bytes": page("x")})
    cloud.kill()
    wait_until(lambda: not models(cloud, PROGRAM), 10)
