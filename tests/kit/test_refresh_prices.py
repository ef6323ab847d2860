"""The price table brought up to date from files of the shape of AWS's price lists, over HTTP and from a folder."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kit import refresh_prices
from kit.environment import ROOT
from kit.refresh_prices import RefreshFailed, read_table, refresh
from pricelist import table as prices

COLUMNS = (
    *("SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange"),
    *("EndingRange", "Unit", "PricePerUnit", "Currency", "Product Family", "serviceCode", "Location", "usageType"),
    *("operation", "Region Code", "serviceName"),
)


def listed(usage: str, usd: float, unit: str = "Hrs", **other: str) -> dict[str, str]:
    """A line of a price list."""
    line = {"TermType": "OnDemand", "StartingRange": "0", "EndingRange": "Inf", "Currency": "USD"}
    return line | {"usageType": usage, "PricePerUnit": f"{usd:.10f}", "Unit": unit, "operation": "RunInstance"} | other


def price_list(code: str, *lines: dict[str, str]) -> str:
    """A price list as AWS publishes it: five lines about the file, one of column names, the prices."""
    about = {
        "FormatVersion": "v1.0",
        "Disclaimer": "For informational purposes only, of course",
        "Publication Date": "2026-11-20T09:00:00Z",
        "Version": "20261120090000",
        "OfferCode": code,
    }
    rows = [*about.items(), COLUMNS, *([line.get(name, "") for name in COLUMNS] for line in lines)]
    return "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)


SAGEMAKER = price_list(
    "AmazonSageMaker",
    listed("USE1-Train:ml.m5.large", 0.12),
    listed("USE1-Train:ml.m5.large", 0.06, TermType="Reserved"),
    listed("USE1-Host:ml.m5.large", 0.115),
    listed("USE1-Tsform:ml.m5.large", 0.115),
    listed("USE1-Host:ml.m5.xlarge", 0.23),
    listed("USE1-Host:ml.m5.xlarge", 0.99),
    listed("USE1-Processing:ml.m5.large", 0.115, unit="Seconds"),
)
GLUE = price_list(
    "AWSGlue",
    listed("USE1-ETL-DPU-Hour", 0.45, "DPU-Hour", operation="Jobrun"),
    listed("USE1-ETL-DPU-Hour", 0.99, "DPU-Hour", operation="DevEndpoint"),
    listed("USE1-Catalog-Request", 0, "Request", EndingRange="1000000"),
    listed("USE1-Catalog-Request", 0.000002, "Request", StartingRange="1000000"),
)
COMPREHEND = price_list(
    "comprehend",
    listed("USE1-DetectSentiment", 0.0002, "Unit", EndingRange="10000000"),
    listed("USE1-DetectSentiment", 0.0001, "Unit", StartingRange="10000000", EndingRange="50000000"),
    listed("USE1-DetectSentiment", 0.00005, "Unit", StartingRange="50000000"),
)


class Lists:
    """A server of price lists on this machine that can break connections, and counts the bytes it has sent."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.break_after: list[int] = []  # for each coming answer, after how many bytes its connection breaks
        self.asked: list[tuple[str, str]] = []
        self.hold = threading.Event()  # while set, an answer stops after half its bytes
        lists = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                lists.asked.append((self.path, self.headers.get("Range", "")))
                content = lists.files.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                tag, start = f'"{hash(content)}"', 0
                if self.headers.get("If-Range") == tag:
                    start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
                self.send_response(206 if start else 200)
                self.send_header("ETag", tag)
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                if lists.hold.is_set():
                    self.wfile.write(content[: len(content) // 2])
                    self.wfile.flush()
                    while lists.hold.is_set():
                        time.sleep(0.05)
                    return
                end = start + lists.break_after.pop(0) if lists.break_after else len(content)
                self.wfile.write(content[start:end])

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/offers"

    def publish(self, code: str, text: str, region: str = "us-east-1") -> None:
        self.files[f"/offers/{code}/current/{region}/index.csv"] = text.encode()


@pytest.fixture
def lists() -> Iterator[Lists]:
    server = Lists()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(refresh_prices, "PAUSE_SECONDS", 0.01)
    return Path(shutil.copy(prices.TABLE, tmp_path / "prices.csv"))


def folder_of(tmp_path: Path, **lists: str) -> str:
    for code, text in lists.items():
        file = tmp_path / "lists" / code / "current" / "us-east-1" / "index.csv"
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
    return str(tmp_path / "lists")


def row(table: Path, item: str, region: str = "us-east-1") -> prices.Price:
    (found,) = [price for price in read_table(table) if price.item == item and price.region == region]
    return found


def quiet(_: str) -> None:
    pass


def test_a_price_that_changed_has_the_new_price_date_and_source(table: Path, tmp_path: Path) -> None:
    report = refresh(folder_of(tmp_path, AmazonSageMaker=SAGEMAKER), table=table, tell=quiet)
    new = row(table, "ml.m5.large Training")
    assert (new.usd, new.date) == (0.12, "2026-11-20")
    assert new.source == "AWS Price List bulk file AmazonSageMaker, us-east-1"
    assert [(old.usd, now.usd) for old, now in report.changed] == [(0.115, 0.12)]


def test_an_unverified_price_that_the_list_has_is_verified(table: Path, tmp_path: Path) -> None:
    assert row(table, "ml.m5.large Batch Transform").status == "unverified"
    refresh(folder_of(tmp_path, AmazonSageMaker=SAGEMAKER), table=table, tell=quiet)
    assert row(table, "ml.m5.large Batch Transform").status == "verified"


def test_every_row_that_no_list_has_stays_to_the_letter_and_is_named(table: Path, tmp_path: Path) -> None:
    before = {(price.service, price.item, price.region): price for price in read_table(table)}
    report = refresh(folder_of(tmp_path, AWSGlue=GLUE), table=table, tell=quiet)
    after = read_table(table)
    assert list(before) == [(price.service, price.item, price.region) for price in after]
    left = {old for old, _ in report.left}
    assert left == {price for price in after if before[price.service, price.item, price.region] == price}
    text = str(report)
    assert "Left, the list of AmazonS3 in us-east-1 could not be read:\n  S3: Standard first 50 TB" in text
    assert "SageMaker AI: Savings Plans maximum discount (global, 2026-06-13)" in text


def test_the_operation_of_a_job_is_told_from_others_of_the_same_usage_type(table: Path, tmp_path: Path) -> None:
    refresh(folder_of(tmp_path, AWSGlue=GLUE), table=table, tell=quiet)
    assert row(table, "Spark ETL job / interactive session, Glue <=5.1").usd == 0.45


def test_a_price_per_million_is_made_of_the_list_s_price_for_one(table: Path, tmp_path: Path) -> None:
    refresh(folder_of(tmp_path, AWSGlue=GLUE), table=table, tell=quiet)
    assert row(table, "Data Catalog requests above 1M free/month").usd == 2.0


def test_each_tier_gets_its_own_price(table: Path, tmp_path: Path) -> None:
    refresh(folder_of(tmp_path, comprehend=COMPREHEND), table=table, tell=quiet)
    names = ("first 10M units/month", "10M-50M units", "above 50M units")
    assert [row(table, f"DetectSentiment {name}").usd for name in names] == [0.0002, 0.0001, 0.00005]


def test_of_two_prices_for_the_same_thing_none_is_taken(table: Path, tmp_path: Path) -> None:
    report = refresh(folder_of(tmp_path, AmazonSageMaker=SAGEMAKER), table=table, tell=quiet)
    reasons = {old.item: reason for old, reason in report.left}
    assert reasons["ml.m5.xlarge Hosting"] == "the list has several prices, or other tiers, for it"


def test_a_price_in_another_unit_is_not_taken(table: Path, tmp_path: Path) -> None:
    report = refresh(folder_of(tmp_path, AmazonSageMaker=SAGEMAKER), table=table, tell=quiet)
    assert {old.item: reason for old, reason in report.left}[
        "ml.m5.large Processing"
    ] == "the list now counts in Seconds"
    assert row(table, "ml.m5.large Processing").date == "2026-07-30"


def test_lists_come_over_http_without_credentials(
    lists: Lists, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    lists.publish("AmazonSageMaker", SAGEMAKER)
    refresh(lists.address, table=table, folder=tmp_path / "down", codes=["AmazonSageMaker"], tell=quiet)
    assert row(table, "ml.m5.large Training").usd == 0.12
    assert list((tmp_path / "down").iterdir()) == []


def test_a_broken_download_goes_on_where_it_stopped(lists: Lists, table: Path, tmp_path: Path) -> None:
    lists.publish("AmazonSageMaker", SAGEMAKER)
    lists.break_after = [500]
    refresh(lists.address, table=table, folder=tmp_path / "down", codes=["AmazonSageMaker"], tell=quiet)
    assert row(table, "ml.m5.large Training").usd == 0.12
    assert [asked for _, asked in lists.asked] == ["", "bytes=500-"]


def test_a_later_refresh_goes_on_with_the_download_of_one_that_gave_up(
    lists: Lists, table: Path, tmp_path: Path
) -> None:
    lists.publish("AmazonSageMaker", SAGEMAKER)
    lists.break_after = [100, 100, 100]
    before = table.read_bytes()
    with pytest.raises(RefreshFailed, match="No price list could be read; the table is unchanged"):
        refresh(lists.address, table=table, folder=tmp_path / "down", codes=["AmazonSageMaker"], tell=quiet)
    assert table.read_bytes() == before
    refresh(lists.address, table=table, folder=tmp_path / "down", codes=["AmazonSageMaker"], tell=quiet)
    assert lists.asked[-1][1] == "bytes=300-"


def test_a_list_that_is_published_anew_meanwhile_is_read_from_its_start(
    lists: Lists, table: Path, tmp_path: Path
) -> None:
    lists.publish("AmazonSageMaker", SAGEMAKER)
    lists.break_after = [100, 100, 100]
    with pytest.raises(RefreshFailed):
        refresh(lists.address, table=table, folder=tmp_path / "down", codes=["AmazonSageMaker"], tell=quiet)
    lists.publish("AmazonSageMaker", SAGEMAKER.replace("0.1200000000", "0.1300000000"))
    refresh(lists.address, table=table, folder=tmp_path / "down", codes=["AmazonSageMaker"], tell=quiet)
    assert row(table, "ml.m5.large Training").usd == 0.13


def test_without_a_network_the_table_stays_and_the_error_says_what_to_do(table: Path, tmp_path: Path) -> None:
    before = table.read_bytes()
    with pytest.raises(RefreshFailed, match="Check the network connection") as failure:
        refresh("http://127.0.0.1:9/offers", table=table, folder=tmp_path, codes=["AWSGlue"], tell=quiet)
    assert "127.0.0.1:9" in str(failure.value) or "ConnectionError" in str(failure.value)
    assert table.read_bytes() == before


def test_a_page_that_is_no_price_list_changes_nothing(lists: Lists, table: Path, tmp_path: Path) -> None:
    lists.publish("AWSGlue", "<html>Please log in to the hotel's network</html>")
    before = table.read_bytes()
    with pytest.raises(RefreshFailed, match="not one of AWS's price lists"):
        refresh(lists.address, table=table, folder=tmp_path, codes=["AWSGlue"], tell=quiet)
    assert table.read_bytes() == before


@pytest.mark.parametrize("end", [OSError("No space left on device"), KeyboardInterrupt()])
def test_the_table_is_whole_and_alone_when_writing_the_new_one_ends_early(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: BaseException
) -> None:
    before = table.read_bytes()

    def ends(_: int) -> None:
        raise end

    monkeypatch.setattr(refresh_prices.os, "fsync", ends)
    with pytest.raises(type(end)):
        refresh(folder_of(tmp_path, AWSGlue=GLUE), table=table, tell=quiet)
    assert table.read_bytes() == before
    assert [path.name for path in tmp_path.glob("prices*")] == ["prices.csv"]


def test_a_list_that_is_cut_off_within_a_line_changes_nothing_and_says_where(table: Path, tmp_path: Path) -> None:
    before = table.read_bytes()
    lists = folder_of(tmp_path, AWSGlue=GLUE[: GLUE.rindex('"USE1-')])
    with pytest.raises(RefreshFailed, match="cut off or damaged at line 10"):
        refresh(lists, table=table, codes=["AWSGlue"], tell=quiet)
    assert table.read_bytes() == before


def test_a_changed_price_is_shown_to_its_last_digit_with_unit_region_and_dates(table: Path, tmp_path: Path) -> None:
    ec2 = price_list("AmazonEC2", listed("BoxUsage:p4d.24xlarge", 21.957643, operation="RunInstances"))
    text = str(refresh(folder_of(tmp_path, AmazonEC2=ec2), table=table, codes=["AmazonEC2"], tell=quiet))
    both = ("$21.957642 (secondary)", "2026-07-20"), ("$21.957643", "2026-11-20")
    old, new = (f"{usd} per instance-hour (us-east-1, price of {date})" for usd, date in both)
    assert f"EC2: p4d.24xlarge Linux on-demand: {old} -> {new}" in text


def test_a_refresh_of_one_offer_does_not_list_the_rows_of_others(table: Path, tmp_path: Path) -> None:
    report = refresh(folder_of(tmp_path, AWSGlue=GLUE), table=table, codes=["AWSGlue"], tell=quiet)
    assert {row.service for row, _ in report.left} == {"Glue"}


def test_an_offer_that_the_table_has_not_is_named_before_anything_is_read(table: Path, tmp_path: Path) -> None:
    before = table.read_bytes()
    with pytest.raises(RefreshFailed, match=r"no prices of an offer AWSGleu\. It has those of: AWSGlue, "):
        refresh(folder_of(tmp_path, AWSGlue=GLUE), table=table, codes=["AWSGlue", "AWSGleu"], tell=quiet)
    assert table.read_bytes() == before


def test_the_course_s_own_table_is_in_the_form_that_a_refresh_writes(tmp_path: Path) -> None:
    copy = tmp_path / "copy.csv"
    refresh_prices.write_table(copy, read_table(prices.TABLE))
    assert copy.read_text(encoding="utf-8") == prices.TABLE.read_text(encoding="utf-8")
    with prices.TABLE.open(newline="", encoding="utf-8") as file:
        assert tuple(next(csv.reader(file))) == refresh_prices.COLUMNS


def test_the_command_says_how_old_the_table_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert refresh_prices.main([]) == 0
    assert "stale, and marked so" in capsys.readouterr().out


def test_the_command_fails_plainly_without_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refresh_prices.main(["--refresh", "AWSGlue", "--lists", str(tmp_path)]) == 1
    assert "the table is unchanged" in capsys.readouterr().err


def test_the_command_names_a_folder_without_lists_and_not_the_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refresh_prices.main(["--refresh", "AWSGlue", "--lists", str(tmp_path)])
    said = capsys.readouterr().err
    assert f"Check the folder {tmp_path}" in said
    assert "network" not in said


def test_lists_without_a_refresh_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        refresh_prices.main(["--lists", "somewhere"])
    assert end.value.code == 2
    assert "--lists says where --refresh reads" in capsys.readouterr().err


def test_ctrl_c_during_a_download_ends_the_command_plainly(lists: Lists, tmp_path: Path) -> None:
    """The table stays, what has come is kept for the next time, and there is no traceback."""
    before = prices.TABLE.read_bytes()
    lists.hold.set()
    lists.publish("AWSGlue", GLUE)
    command = [sys.executable, "-m", "kit.refresh_prices", "--refresh", "AWSGlue", "--lists", lists.address]
    environment = {**os.environ, "LOCALCLOUD_HOME": str(tmp_path)}
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        # Who runs the tests in the background makes them, and their children, deaf to Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("price-lists/*.part")) and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=30)
    lists.hold.clear()
    assert (child.returncode, said) == (130, "")
    assert prices.TABLE.read_bytes() == before
    assert [path.suffix for path in sorted((tmp_path / "price-lists").iterdir())] == [".etag", ".part"]
