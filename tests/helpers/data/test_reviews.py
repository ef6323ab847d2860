"""Download, archive, Parquet and raw files of the reviews, on real files and a real HTTP server.

Over 400 lines in one file: every part of it reads the small archive and the small server that are made here.
"""

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
from real_reviews import REAL_REVIEWS, needs_real_reviews

from helpers.data import reviews
from helpers.data.reviews import download, read_archive, read_parquet, source, write_raw
from helpers.data.synthetic import COLUMNS, synthetic_reviews

ROOT = Path(__file__).resolve().parents[3]
DEAD_URL = "http://127.0.0.1:9/aclImdb_v1.tar.gz"


@pytest.fixture(autouse=True)
def no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in ("COURSE_DATA", "COURSE_REVIEWS", "COURSE_TITLES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # As on a machine without a network: nobody listens there.
    monkeypatch.setattr(reviews, "ARCHIVE_URL", DEAD_URL)
    monkeypatch.setattr(reviews, "TITLES_URL", "http://127.0.0.1:9/title.basics.tsv.gz")
    monkeypatch.setattr(reviews, "DATA_FOLDER", tmp_path / "data")


def make_archive(path: Path, *, urls: bool = True, per_folder: int = 30, extra: dict[str, bytes] | None = None) -> Path:
    """An archive with the official layout; `extra` maps further member names to their bytes."""
    members = {"aclImdb/README": b"about"} | {f"aclImdb/train/unsup/{n}_0.txt": b"no label" for n in range(3)}
    for split in ("train", "test"):
        for side, rating in (("neg", 2), ("pos", 9)):
            for number in range(per_folder):
                text = f"A {side} {split} review, number {number}: café. " + hashlib.sha256(bytes([number])).hexdigest()
                members[f"aclImdb/{split}/{side}/{number}_{rating}.txt"] = text.encode()
            lines = "".join(f"http://www.imdb.com/title/tt9{n // 3:07d}/usercomments\n" for n in range(per_folder))
            if urls:
                members[f"aclImdb/{split}/urls_{side}.txt"] = lines.encode()
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (members | (extra or {})).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make_archive(tmp_path / "aclImdb_v1.tar.gz")


def full(monkeypatch: pytest.MonkeyPatch, place: Path | None = None) -> None:
    """Ask for the official reviews, from a place of one's own if there is one."""
    monkeypatch.setenv("COURSE_DATA", "full")
    if place:
        monkeypatch.setenv("COURSE_REVIEWS", str(place))


def everything(frames) -> pd.DataFrame:
    return pd.concat(list(frames), ignore_index=True)


# --- download


class Server(ThreadingHTTPServer):
    """Serves one file at every path. `cuts`: after how many bytes each of the first answers breaks off."""

    def __init__(self, content: bytes, cuts: tuple[int, ...] = (), ranges: bool = True, status: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.cuts, self.ranges, self.status = content, list(cuts), ranges, status
        self.asked: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_port}/aclImdb_v1.tar.gz"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server, total = self.server, len(self.server.content)
        asked = self.headers.get("Range")
        server.asked.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and server.ranges else 0
        if server.status:
            self.send_error(server.status)
        elif start >= total:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{total}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.send_response(206 if asked and server.ranges else 200)
            if asked and server.ranges:
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            self.send_header("Content-Length", str(total - start))
            self.send_header("Content-Encoding", "x-gzip")  # as servers do that take .gz for a transfer encoding
            self.end_headers()
            self.wfile.write(server.content[start:][: server.cuts.pop(0) if server.cuts else None])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator:
    servers = []

    def start(*args, **options) -> Server:
        servers.append(Server(*args, **options))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


CONTENT = bytes(range(256)) * 2_000
MD5 = hashlib.md5(CONTENT).hexdigest()


def test_a_download_is_checked_and_kept(serve, tmp_path: Path):
    server = serve(CONTENT)
    path = download(tmp_path / "data", server.url, MD5)
    assert path == tmp_path / "data" / "aclImdb_v1.tar.gz"
    assert path.read_bytes() == CONTENT
    assert os.listdir(path.parent) == [path.name]


def test_a_file_that_is_there_is_not_fetched_again(serve, tmp_path: Path):
    server = serve(CONTENT)
    download(tmp_path, server.url, MD5)
    download(tmp_path, server.url, MD5)
    assert server.asked == [None]


def test_a_connection_that_breaks_is_resumed_where_it_stopped(serve, tmp_path: Path):
    server = serve(CONTENT, cuts=(200_000, 100_000))
    assert download(tmp_path, server.url, MD5).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=200000-", "bytes=300000-"]


def test_a_part_of_an_earlier_attempt_is_used(serve, tmp_path: Path):
    (tmp_path / "aclImdb_v1.tar.gz.part").write_bytes(CONTENT[:400_000])
    server = serve(CONTENT)
    assert download(tmp_path, server.url, MD5).read_bytes() == CONTENT
    assert server.asked == ["bytes=400000-"]


def test_a_part_that_is_already_whole_is_used(serve, tmp_path: Path):
    (tmp_path / "aclImdb_v1.tar.gz.part").write_bytes(CONTENT)
    assert download(tmp_path, serve(CONTENT).url, MD5).read_bytes() == CONTENT


def test_a_part_that_is_longer_than_the_file_is_dropped(serve, tmp_path: Path):
    (tmp_path / "aclImdb_v1.tar.gz.part").write_bytes(CONTENT + b"more")
    assert download(tmp_path, serve(CONTENT).url, MD5).read_bytes() == CONTENT


def test_a_server_that_cannot_resume_sends_the_whole_file(serve, tmp_path: Path):
    server = serve(CONTENT, cuts=(200_000,), ranges=False)
    assert download(tmp_path, server.url, MD5).read_bytes() == CONTENT


def test_another_file_than_expected_is_refused_and_removed(serve, tmp_path: Path):
    with pytest.raises(ValueError, match="damaged or another file") as caught:
        download(tmp_path, serve(CONTENT[:-1]).url, MD5)
    assert MD5 in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_a_connection_that_never_brings_anything_ends_with_what_to_do_next(serve, tmp_path: Path):
    server = serve(CONTENT, cuts=(300_000, 0, 0, 0, 0))
    with pytest.raises(ConnectionError, match="cannot be reached; check the network"):
        download(tmp_path, server.url, MD5)
    assert (tmp_path / "aclImdb_v1.tar.gz.part").stat().st_size == 300_000


def test_no_server_ends_with_what_to_do_next(tmp_path: Path):
    with pytest.raises(ConnectionError, match="COURSE_DATA=sample"):
        download(tmp_path, DEAD_URL, MD5)
    assert os.listdir(tmp_path) == []


def test_a_server_that_refuses_is_quoted(serve, tmp_path: Path):
    with pytest.raises(ConnectionError, match="answers 404 Not Found"):
        download(tmp_path, serve(CONTENT, status=404).url, MD5)


# --- archive


def test_an_archive_gives_all_labelled_reviews_in_one_schema(archive: Path):
    frame = everything(read_archive(archive, Counter()))
    assert list(frame.columns) == COLUMNS
    assert list(frame.dtypes) == list(synthetic_reviews(5).dtypes)
    assert frame.groupby(["split", "sentiment"]).size().to_list() == [30, 30, 30, 30]
    row = frame.set_index("review_id").loc["train-pos-7"]
    assert row["review"].startswith("A pos train review, number 7: café.")
    assert (row["sentiment"], row["split"], row["rating"], row["title_id"]) == ("positive", "train", 9, "tt90000002")


def test_archives_come_in_frames_of_limited_size(archive: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reviews, "CHUNK", 50)
    assert [len(frame) for frame in read_archive(archive, Counter())] == [50, 50, 20]


def test_a_review_that_is_not_utf8_is_read_as_windows_1252_and_counted(tmp_path: Path):
    extra = {"aclImdb/test/pos/3_8.txt": b"It\x92s na\xefve \x96 and good\x81"}
    counts: Counter[str] = Counter()
    frame = everything(read_archive(make_archive(tmp_path / "a.tar.gz", per_folder=3, extra=extra), counts))
    assert frame["review"].to_list().count("It’s naïve – and good\ufffd") == 1
    assert counts == {"decoded as Windows-1252": 1, "without a title": 1, "rows": 13}


def test_an_archive_without_url_files_gives_reviews_without_titles(tmp_path: Path):
    counts: Counter[str] = Counter()
    frame = everything(read_archive(make_archive(tmp_path / "a.tar.gz", urls=False), counts))
    assert len(frame) == 120
    assert frame["title_id"].isna().all()
    assert counts["without a title"] == 120


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_an_archive_that_is_cut_short_says_so(archive: Path, share: float):
    archive.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * share)])
    with pytest.raises(ValueError, match=r"aclImdb_v1.tar.gz is cut short or damaged .* download it again"):
        list(read_archive(archive, Counter()))


def test_an_archive_with_a_changed_byte_says_so(archive: Path):
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(ValueError, match="cut short or damaged"):
        list(read_archive(archive, Counter()))


def test_a_file_that_is_no_archive_says_so(tmp_path: Path):
    (tmp_path / "page.tar.gz").write_text("<html>Not found</html>")
    with pytest.raises(ValueError, match=r"page.tar.gz is cut short or damaged"):
        list(read_archive(tmp_path / "page.tar.gz", Counter()))


def test_an_archive_of_another_layout_says_what_it_lacks(tmp_path: Path):
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("photos/cat.jpg"), io.BytesIO())
    with pytest.raises(ValueError, match="holds no reviews"):
        list(read_archive(tmp_path / "other.tar.gz", Counter()))


def test_an_archive_that_is_not_there_says_so(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="There is no archive"):
        list(read_archive(tmp_path / "none.tar.gz", Counter()))


# --- Parquet


def test_a_parquet_file_that_lacks_columns_names_them(tmp_path: Path):
    pd.DataFrame({"review": ["good"], "sentiment": ["positive"]}).to_parquet(tmp_path / "few.parquet")
    with pytest.raises(ValueError, match=r"few.parquet lacks split, rating, title_id, review_id"):
        list(read_parquet(tmp_path / "few.parquet"))


def test_a_file_that_is_not_parquet_says_so(tmp_path: Path):
    (tmp_path / "text.parquet").write_text("review,sentiment")
    with pytest.raises(ValueError, match=r"text.parquet is not a Parquet file"):
        list(read_parquet(tmp_path / "text.parquet"))


def test_synthetic_reviews_survive_parquet(tmp_path: Path):
    written = synthetic_reviews(500)
    written.to_parquet(tmp_path / "own.parquet")
    pd.testing.assert_frame_equal(everything(read_parquet(tmp_path / "own.parquet")), written)


@needs_real_reviews
def test_the_real_reviews_load_through_the_same_interface(monkeypatch: pytest.MonkeyPatch):
    full(monkeypatch, REAL_REVIEWS)
    real = source()
    assert real.name == "train.parquet"
    frame = everything(real)
    assert list(frame.dtypes) == list(synthetic_reviews(5).dtypes)
    assert frame["review_id"].is_unique
    assert frame.groupby("sentiment").size().to_dict() == {"negative": 12_500, "positive": 12_500}


# --- source


def test_the_sample_is_the_default(monkeypatch: pytest.MonkeyPatch):
    sample = source()
    assert (sample.name, sample.rows, sample.is_synthetic) == ("a synthetic sample, 4,000 reviews", 4_000, True)
    monkeypatch.setattr(reviews, "SAMPLE_ROWS", 30)
    pd.testing.assert_frame_equal(everything(source()), synthetic_reviews(30))


def test_a_source_can_be_read_twice(archive: Path, monkeypatch: pytest.MonkeyPatch):
    full(monkeypatch, archive)
    found = source()
    pd.testing.assert_frame_equal(everything(found), everything(found))
    assert found.counts["rows"] == 120


@pytest.mark.parametrize("kind", ["fulll", "Sample", "all"])
def test_an_unknown_kind_is_refused_with_the_known_ones(kind: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COURSE_DATA", kind)
    with pytest.raises(ValueError, match=f'no data called \'{kind}\'; set COURSE_DATA to "sample" or "full"'):
        source()


def test_full_without_a_network_falls_back_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    full(monkeypatch)
    monkeypatch.setattr(reviews, "SAMPLE_ROWS", 20)
    fallen = source()
    expected = "a synthetic sample, 20 reviews in place of the official archive, which cannot be downloaded"
    assert fallen.name == expected
    assert "The synthetic sample takes their place." in capsys.readouterr().out
    assert len(everything(fallen)) == 20


def test_full_downloads_the_archive_once(serve, archive: Path, monkeypatch: pytest.MonkeyPatch):
    content = archive.read_bytes()
    server = serve(content)
    monkeypatch.setattr(reviews, "ARCHIVE_URL", server.url)
    monkeypatch.setattr(reviews, "ARCHIVE_MD5", hashlib.md5(content).hexdigest())
    monkeypatch.setattr(reviews, "ARCHIVE_BYTES", len(content))
    full(monkeypatch)
    assert source().name == "the official archive, 50,000 reviews"
    assert len(everything(source())) == 120
    assert len(server.asked) == 1


def test_a_damaged_download_is_an_error_not_a_reason_to_fall_back(serve, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reviews, "ARCHIVE_URL", serve(b"something else").url)
    full(monkeypatch)
    with pytest.raises(ValueError, match="damaged or another file"):
        source()


def test_a_stand_in_that_is_not_there_is_an_error_not_a_reason_to_fall_back(monkeypatch: pytest.MonkeyPatch):
    full(monkeypatch, Path("/nowhere/aclImdb_v1.tar.gz"))
    with pytest.raises(FileNotFoundError, match="There is no archive"):
        list(source())


# --- raw files


def parsed(files) -> tuple[list[dict], int, int]:
    """The readable objects, the number of lines that are no JSON, and of lines that are no UTF-8."""
    good, no_json, no_utf8 = [], 0, 0
    for line in b"".join(path.read_bytes() for path in files).split(b"\n")[:-1]:
        try:
            good.append(json.loads(line.decode()))
        except UnicodeDecodeError:
            no_utf8 += 1
        except json.JSONDecodeError:
            no_json += 1
    return good, no_json, no_utf8


def test_raw_files_hold_every_row_in_the_key_order_of_the_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reviews, "LINES_PER_FILE", 1_500)
    raw = write_raw(tmp_path / "raw")
    assert [path.name for path in raw.reviews] == ["reviews-000.jsonl", "reviews-001.jsonl", "reviews-002.jsonl"]
    assert [path.read_bytes().count(b"\n") for path in raw.reviews] == [1_500, 1_500, 1_000]
    good, no_json, no_utf8 = parsed(raw.reviews)
    assert len(good) + no_json + no_utf8 == raw.rows == 4_000
    assert 2 <= no_json <= 8
    assert 2 <= no_utf8 <= 8
    assert all(list(row) == COLUMNS for row in good)
    assert {type(row["rating"]) for row in good} == {int, type(None)}
    assert any(row["review"] is None for row in good)


def test_raw_files_name_their_source_and_size(tmp_path: Path):
    raw = write_raw(tmp_path)
    assert raw.name == "a synthetic sample, 4,000 reviews"
    assert raw.bytes == sum(path.stat().st_size for path in tmp_path.iterdir())
    assert raw.titles.read_text(encoding="utf-8").startswith("title_id,title,year,genres\ntt90000001,")


def test_raw_files_are_the_same_bytes_each_time(tmp_path: Path):
    first, second = write_raw(tmp_path / "a"), write_raw(tmp_path / "b")
    for one, other in zip((*first.reviews, first.titles), (*second.reviews, second.titles), strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_raw_files_of_an_earlier_call_do_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reviews, "LINES_PER_FILE", 10)
    for rows in (30, 15):
        monkeypatch.setattr(reviews, "SAMPLE_ROWS", rows)
        write_raw(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["reviews-000.jsonl", "reviews-001.jsonl", "titles.csv"]


def test_raw_files_of_the_archive_are_undamaged(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    full(monkeypatch, archive)
    raw = write_raw(tmp_path / "raw")
    good, no_json, no_utf8 = parsed(raw.reviews)
    assert (len(good), no_json, no_utf8) == (120, 0, 0)
    assert raw.counts == {"without a title": 0, "rows": 120}


def test_titles_come_from_the_list_of_imdb(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    names = ["tconst", "titleType", "primaryTitle", "originalTitle", "isAdult", "startYear", "endYear"]
    rows = [
        [*names, "runtimeMinutes", "genres"],
        ["tt90000001", "movie", 'The "Été"', "x", "0", "1956", r"\N", "90", "Comedy,Drama"],
        ["tt90000002", "movie", "Unknown", "x", "0", r"\N", r"\N", "90", r"\N"],
        ["tt0000003", "movie", "Not reviewed", "x", "0", "1956", r"\N", "90", "Drama"],
    ]
    table = tmp_path / "title.basics.tsv.gz"
    table.write_bytes(gzip.compress("".join("\t".join(row) + "\n" for row in rows).encode()))
    full(monkeypatch, archive)
    monkeypatch.setenv("COURSE_TITLES", str(table))
    titles = pd.read_csv(write_raw(tmp_path / "raw").titles, dtype="str", keep_default_na=False)
    assert titles.values.tolist() == [
        ["tt90000001", 'The "Été"', "1956", "Comedy|Drama"],
        ["tt90000002", "Unknown", "", ""],
    ]


def test_titles_that_cannot_be_had_leave_only_the_header_and_a_word(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    full(monkeypatch, archive)
    raw = write_raw(tmp_path / "raw")
    assert raw.titles.read_text() == "title_id,title,year,genres\n"
    assert "titles are unknown" in capsys.readouterr().out


def test_an_error_half_way_leaves_the_folder_as_it_was(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = write_raw(tmp_path / "raw").reviews[0].read_bytes()
    archive.write_bytes(archive.read_bytes()[:-20])
    full(monkeypatch, archive)
    with pytest.raises(ValueError, match="cut short"):
        write_raw(tmp_path / "raw")
    assert sorted(os.listdir(tmp_path / "raw")) == ["reviews-000.jsonl", "titles.csv"]
    assert (tmp_path / "raw" / "reviews-000.jsonl").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_full_disk_leaves_no_partial_file_and_says_so(tmp_path: Path):
    program = f"""
import resource, signal
from helpers.data.reviews import write_raw
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
write_raw({str(tmp_path)!r})
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "The disk is full: nothing was written" in run.stderr
    assert os.listdir(tmp_path) == []
