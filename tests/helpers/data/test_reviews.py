"""Where the reviews come from, and the raw files that are written of them, on real files and a real HTTP server."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from imdb_archive import make_archive

from helpers.data import reviews
from helpers.data.reviews import source, write_raw
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


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make_archive(tmp_path / "aclImdb_v1.tar.gz")


def full(monkeypatch: pytest.MonkeyPatch, place: Path | None = None, data: str = "full") -> None:
    """Ask for the official reviews, all or some, from a place of one's own if there is one."""
    monkeypatch.setenv("COURSE_DATA", data)
    if place:
        monkeypatch.setenv("COURSE_REVIEWS", str(place))


def everything(frames) -> pd.DataFrame:
    return pd.concat(list(frames), ignore_index=True)


# --- source


def test_real_reviews_are_the_default(archive: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COURSE_REVIEWS", str(archive))
    found = source()
    assert (found.name, found.is_synthetic) == ("some 4,000 of aclImdb_v1.tar.gz", False)
    assert len(everything(found)) == 120


def test_the_sample_is_there_for_the_asking(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COURSE_DATA", "sample")
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
    with pytest.raises(ValueError, match=f'no data called \'{kind}\'; set COURSE_DATA to "real", "sample" or "full"'):
        source()


@pytest.mark.parametrize("data", ["real", "full"])
def test_without_a_network_the_sample_takes_their_place_and_one_sentence_says_so(
    data: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    full(monkeypatch, data=data)
    monkeypatch.setattr(reviews, "SAMPLE_ROWS", 20)
    fallen = source()
    expected = "a synthetic sample, 20 reviews in place of the official archive, which cannot be downloaded"
    assert fallen.name == expected
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith(f"{DEAD_URL} cannot be reached, so the invented reviews of the synthetic sample take")
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
    with pytest.raises(FileNotFoundError, match=r"There is no .*nowhere"):
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
    monkeypatch.setenv("COURSE_DATA", "sample")
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


def test_raw_files_name_their_source_and_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COURSE_DATA", "sample")
    raw = write_raw(tmp_path)
    assert raw.name == "a synthetic sample, 4,000 reviews"
    assert raw.bytes == sum(path.stat().st_size for path in tmp_path.iterdir())
    assert raw.titles.read_text(encoding="utf-8").startswith("title_id,title,year,genres\ntt9000000")


def test_raw_files_are_the_same_bytes_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COURSE_DATA", "sample")
    first, second = write_raw(tmp_path / "a"), write_raw(tmp_path / "b")
    for one, other in zip((*first.reviews, first.titles), (*second.reviews, second.titles), strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_raw_files_of_an_earlier_call_do_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COURSE_DATA", "sample")
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


@pytest.mark.parametrize(("data", "why"), [("real", 'comes with COURSE_DATA="full"'), ("full", "cannot be reached")])
def test_titles_that_cannot_be_had_leave_only_the_header_and_a_word(
    data: str,
    why: str,
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    full(monkeypatch, archive, data)
    raw = write_raw(tmp_path / "raw")
    assert raw.titles.read_text() == "title_id,title,year,genres\n"
    assert why in capsys.readouterr().out


def test_an_error_half_way_leaves_the_folder_as_it_was(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COURSE_DATA", "sample")
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
import os, resource, signal
os.environ["COURSE_DATA"] = "sample"
from helpers.data.reviews import write_raw
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
write_raw({str(tmp_path)!r})
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "The disk is full: nothing was written" in run.stderr
    assert os.listdir(tmp_path) == []
