"""Reviews and titles in the forms in which people have them, and files that are something else."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imdb_archive import make_archive
from real_reviews import REAL_REVIEWS, needs_real_reviews

from helpers.data import review_files
from helpers.data.review_files import OWN_FILM, read_reviews
from helpers.data.synthetic import COLUMNS, synthetic_reviews
from helpers.data.titles import TITLE_COLUMNS, read_titles


def everything(path: Path, counts: Counter[str] | None = None) -> pd.DataFrame:
    return pd.concat(list(read_reviews(path, Counter() if counts is None else counts)), ignore_index=True)


# --- the published archive, packed in any way, and unpacked


def test_an_archive_gives_all_labelled_reviews_in_one_schema(tmp_path: Path):
    frame = everything(make_archive(tmp_path / "aclImdb_v1.tar.gz"))
    assert list(frame.columns) == COLUMNS
    assert list(frame.dtypes) == list(synthetic_reviews(5).dtypes)
    assert frame.groupby(["split", "sentiment"]).size().to_list() == [30, 30, 30, 30]
    row = frame.set_index("review_id").loc["train-pos-7"]
    assert row["review"].startswith("A pos train review, number 7: café.")
    assert (row["sentiment"], row["split"], row["rating"], row["title_id"]) == ("positive", "train", 9, "tt90000002")


def repacked(tmp_path: Path, form: str) -> Path:
    """The archive's content in another form."""
    content = gzip.decompress(make_archive(tmp_path / "a.tar.gz", per_folder=4).read_bytes())
    path = tmp_path / f"reviews.{form}"
    if form in ("tar", "tar.bz2", "tar.xz"):
        packed = {"tar": content, "tar.bz2": bz2.compress(content), "tar.xz": lzma.compress(content)}
        path.write_bytes(packed[form])
        return path
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        if form == "folder":
            archive.extractall(path, filter="data")
            return path
        with zipfile.ZipFile(path, "w") as target:
            for member in archive.getmembers():
                target.writestr(member.name.replace("aclImdb", "My reviews"), archive.extractfile(member).read())
    return path


@pytest.mark.parametrize("form", ["tar", "tar.bz2", "tar.xz", "folder", "zip"])
def test_the_archive_may_be_packed_in_any_way_or_unpacked(form: str, tmp_path: Path):
    frame = everything(repacked(tmp_path, form))
    expected = everything(tmp_path / "a.tar.gz")
    order = ["split", "sentiment", "review_id"]
    assert frame.sort_values(order).values.tolist() == expected.sort_values(order).values.tolist()


def test_files_that_a_mac_adds_are_no_reviews(tmp_path: Path):
    extra = {"aclImdb/train/pos/._0_9.txt": b"mac", "__MACOSX/aclImdb/train/pos/._1_9.txt": b"mac"}
    assert len(everything(make_archive(tmp_path / "a.tar.gz", per_folder=3, extra=extra))) == 12


def test_archives_come_in_frames_of_limited_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(review_files, "CHUNK", 50)
    archive = make_archive(tmp_path / "a.tar.gz")
    assert [len(frame) for frame in read_reviews(archive, Counter())] == [50, 50, 20]


def test_a_review_that_is_not_utf8_is_read_as_windows_1252_and_counted(tmp_path: Path):
    extra = {"aclImdb/test/pos/3_8.txt": b"It\x92s na\xefve \x96 and good\x81"}
    counts: Counter[str] = Counter()
    frame = everything(make_archive(tmp_path / "a.tar.gz", per_folder=3, extra=extra), counts)
    assert frame["review"].to_list().count("It’s naïve – and good\ufffd") == 1
    assert counts == {"decoded as Windows-1252": 1, "without a title": 1, "rows": 13}


def test_where_no_title_is_known_each_review_counts_as_a_film_of_its_own(tmp_path: Path):
    counts: Counter[str] = Counter()
    frame = everything(make_archive(tmp_path / "a.tar.gz", urls=False), counts)
    assert frame["title_id"].is_unique
    assert counts["without a title"] == counts[OWN_FILM] == 120


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_an_archive_that_is_cut_short_says_so(share: float, tmp_path: Path):
    archive = make_archive(tmp_path / "a.tar.gz")
    archive.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * share)])
    with pytest.raises(ValueError, match=r"a.tar.gz is cut short or damaged .* get another copy"):
        list(read_reviews(archive, Counter()))


def test_an_archive_with_a_changed_byte_says_so(tmp_path: Path):
    archive = make_archive(tmp_path / "a.tar.gz")
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(ValueError, match="cut short or damaged"):
        list(read_reviews(archive, Counter()))


# --- tables

KAGGLE = pd.DataFrame(
    {
        "review": ['A "warm" film,\nno more.', "Dull; cold | café", "Fine<br /><br />film", "Tab\there"],
        "sentiment": ["positive", "negative", "positive", "negative"],
    }
)


def table_bytes(separator: str, encoding: str, terminator: str) -> bytes:
    return KAGGLE.to_csv(index=False, sep=separator, lineterminator=terminator).encode(encoding)


@pytest.mark.parametrize("separator", [",", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_a_csv_file_is_read_whatever_its_separator_encoding_and_compression(
    separator: str, encoding: str, pack: Callable[[bytes], bytes], tmp_path: Path
):
    path = tmp_path / "IMDB Dataset.csv"
    path.write_bytes(pack(table_bytes(separator, encoding, "\n")))
    frame = everything(path)
    assert frame[["review", "sentiment"]].values.tolist() == KAGGLE.values.tolist()
    assert frame["review_id"].to_list() == [f"row-{n:07d}" for n in range(4)]
    assert frame["title_id"].is_unique
    assert frame[["split", "rating"]].isna().all().all()


def test_a_table_in_a_zip_or_alone_in_a_folder_is_read(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("IMDB Dataset.csv", table_bytes(",", "utf-8", "\r\n"))
        archive.writestr("__MACOSX/._IMDB Dataset.csv", b"mac")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "IMDB Dataset.csv").write_bytes(table_bytes(",", "utf-8", "\n"))
    for name in ("archive.zip", "folder"):
        assert everything(tmp_path / name)["sentiment"].to_list() == KAGGLE["sentiment"].to_list()


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1), min_size=1, max_size=8))
def test_any_text_survives_csv_json_lines_and_parquet(texts: list[str]):
    frame = pd.DataFrame({"review": texts, "sentiment": ["positive"] * len(texts)})
    forms = {
        "csv": frame.to_csv(index=False).encode(),
        "jsonl": "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in frame.to_dict("records")).encode(),
        "json": json.dumps(frame.to_dict("records")).encode(),
        "parquet": frame.to_parquet(),
    }
    for kind, content in forms.items():
        stream, name = io.BytesIO(content), {"jsonl": "json lines", "json": "json array", "csv": "table"}
        found = pd.concat(review_files._table(stream, name.get(kind, kind), kind, Counter()))
        assert found["review"].to_list() == texts


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([1, 0], ["positive", "negative"]),
        ([1.0, 0.0], ["positive", "negative"]),
        ([True, False], ["positive", "negative"]),
        (["Pos", " neg "], ["positive", "negative"]),
        (["4 stars", None], ["4 stars", None]),  # raw data may be wrong: it is kept, the ETL job judges
        ([-1, 0], [None, "negative"]),  # the unlabelled part of a well-known copy
    ],
)
def test_labels_in_all_usual_forms(labels: list[object], expected: list[str | None], tmp_path: Path):
    pd.DataFrame({"text": ["a", "b"], "label": labels}).to_parquet(tmp_path / "part.parquet")
    found = everything(tmp_path / "part.parquet")["sentiment"]
    assert found.astype(object).where(found.notna(), None).to_list() == expected


def test_numeric_ids_and_ratings_stay_whole_beside_missing_ones(tmp_path: Path):
    frame = pd.DataFrame({"review": ["a", "b"], "sentiment": [1, 0], "split": ["train", None]})
    frame.assign(review_id=[7, None], rating=[9.0, None]).to_parquet(tmp_path / "ids.parquet")
    found = everything(tmp_path / "ids.parquet")
    assert found["review_id"][0] == "train-pos-7"
    assert found["rating"][0] == 9
    assert found.loc[1, ["review_id", "rating"]].isna().all()


def test_texts_that_parquet_holds_as_bytes_are_read_as_those_of_the_archive(tmp_path: Path):
    texts = ["déjà vu".encode(), "déjà vu".encode("cp1252"), None]
    pd.DataFrame({"text": texts, "label": [1, 0, 1]}).to_parquet(tmp_path / "r.parquet")
    counts: Counter[str] = Counter()
    found = everything(tmp_path / "r.parquet", counts)["review"]
    assert (found[:2].to_list(), found.isna().to_list()) == (["déjà vu"] * 2, [False, False, True])
    assert counts["decoded as Windows-1252"] == 1


@pytest.mark.parametrize("cell", [["two", "lines"], {"title": "x"}])
@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_cell_of_several_values_is_no_text(cell: object, form: str, tmp_path: Path):
    frame, path = pd.DataFrame({"text": [cell], "label": [1]}), tmp_path / f"r.{form}"
    if form == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True)
    with pytest.raises(ValueError, match=f"r.{form}: the column review holds lists or objects"):
        everything(path)


def test_a_workbook_says_what_it_is(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "reviews.xlsx", "w") as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    with pytest.raises(ValueError, match=r"reviews\.xlsx is a file of an Office program: save the sheet as CSV"):
        everything(tmp_path / "reviews.xlsx")


def test_synthetic_reviews_survive_parquet(tmp_path: Path):
    written = synthetic_reviews(500)
    written = written[written["sentiment"].isin(["negative", "positive"]) & written["review"].fillna("").ne("")]
    written = written.reset_index(drop=True)
    written.to_parquet(tmp_path / "own.parquet")
    pd.testing.assert_frame_equal(everything(tmp_path / "own.parquet"), written)


@needs_real_reviews
def test_the_real_reviews_load_through_the_same_interface():
    frame = everything(REAL_REVIEWS)
    assert list(frame.dtypes) == list(synthetic_reviews(5).dtypes)
    assert frame["review_id"].is_unique
    assert frame.groupby("sentiment").size().to_dict() == {"negative": 12_500, "positive": 12_500}


# --- what is something else says what it is, and what is wanted

OTHERS = {
    "page.tar.gz": (b"<html>Not found</html>", "a web page"),
    "empty.csv": (b"", "an empty file"),
    "notes.txt": (b"hello\nworld\n", "text without columns"),
    "scan.pdf": (b"%PDF-1.7 \x00", "a PDF document"),
    "cells.xls": (b"\xd0\xcf\x11\xe0\0\0", "an old Excel"),
    "model.bin": (b"\x00\x01\x02" * 20, "a binary file"),
    "films.csv": (b"film,stars\nAlpha,3\n", "lacks the column review and sentiment; it has film, stars"),
    "header.csv": (b"review,sentiment\n", "has columns, but no review"),
    "ragged.csv": (b"review,sentiment\na,positive\nb,negative,7\n", "line 3"),
    "broken.jsonl": (b'{"text": "a", "label": 1}\n{"text": \n', "line 2"),
    "numbers.jsonl": (b'{"text": "a", "label": 1}\n7\n', "line 2"),
    "cut.parquet": (b"PAR1 and no more", "cut short or damaged"),
    "cut.csv.gz": (gzip.compress(b"review,sentiment\n" + bytes(9000))[:-9], "cut short or damaged"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_file_of_reviews_says_what_it_is(name: str, tmp_path: Path):
    content, what = OTHERS[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=what) as caught:
        list(read_reviews(tmp_path / name, Counter()))
    assert "delete" not in str(caught.value)
    assert (tmp_path / name).exists()


def test_an_archive_without_reviews_says_what_is_wanted(tmp_path: Path):
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("photos/cat.jpg"), io.BytesIO())
    with pytest.raises(ValueError, match=r"other.tar.gz holds no reviews.*Wanted: the archive"):
        list(read_reviews(tmp_path / "other.tar.gz", Counter()))


def test_several_files_are_not_guessed_among(tmp_path: Path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(table_bytes(",", "utf-8", "\n"))
    with pytest.raises(ValueError, match=r"holds a.csv, b.csv; name one"):
        list(read_reviews(tmp_path, Counter()))


def test_a_file_that_is_not_there_says_what_is_wanted(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"There is no .*none.tar.gz. Wanted"):
        list(read_reviews(tmp_path / "none.tar.gz", Counter()))


# --- titles

HEADER = "tconst\ttitleType\tprimaryTitle\tstartYear\tgenres\n"
TITLES = {
    "basics.tsv": (HEADER + 'tt1\tmovie\t"Été" rain\t\\N\tDrama,War\n').encode(),
    "basics.tsv.gz": gzip.compress((HEADER + 'tt1\tmovie\t"Été" rain\t\\N\tDrama,War\n').encode()),
    "own.csv": 'Title_ID,Title,Year,Genres\ntt1,"""Été"" rain",,Drama|War\n'.encode(),
    "latin.csv": 'title_id;title;year;genres\r\ntt1;"""Été"" rain";;Drama|War\r\n'.encode("cp1252"),
}


@pytest.mark.parametrize("name", TITLES)
def test_titles_in_all_usual_forms(name: str, tmp_path: Path):
    (tmp_path / name).write_bytes(TITLES[name])
    found = read_titles(tmp_path / name, {"tt1"})
    assert list(found.columns) == TITLE_COLUMNS
    assert found.fillna("").values.tolist() == [["tt1", '"Été" rain', "", "Drama|War"]]


def test_a_short_line_of_titles_has_missing_values(tmp_path: Path):
    (tmp_path / "short.tsv").write_text(HEADER + "tt1\tmovie\tFilm\n")
    assert read_titles(tmp_path / "short.tsv", {"tt1"}).fillna("").values.tolist() == [["tt1", "Film", "", ""]]


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"a,b\n1,2\n", "lacks the column title_id"), (b'{"a": 1}\n', "is a json lines file"), (b"", "an empty file")],
)
def test_what_is_no_list_of_titles_says_what_is_wanted(content: bytes, what: str, tmp_path: Path):
    (tmp_path / "titles.csv").write_bytes(content)
    with pytest.raises(ValueError, match=what) as caught:
        read_titles(tmp_path / "titles.csv", {"tt1"})
    assert "title.basics.tsv.gz" in str(caught.value)


def test_a_missing_list_of_titles_says_what_is_wanted(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_titles(tmp_path / "none.csv", {"tt1"})
