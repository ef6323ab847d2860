"""The Glue job jobs/glue/reviews_etl.py, run by Spark in the Glue image on small inputs made here."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from own_cloud import OwnCloud
from real_reviews import REAL_REVIEWS
from run_in_glue import run_driver

pytestmark = pytest.mark.image

BUCKET = "etl-test"


def line(review_id: str, review: Any = None, **fields: Any) -> bytes:
    """One raw line; what is not given is good."""
    row = {
        "review": f"A fine film, says {review_id}." if review is None else review,
        "sentiment": "positive",
        "split": "train",
        "rating": 8,
        "title_id": "tt0000001",
        "review_id": review_id,
    }
    return json.dumps({**row, **fields}, ensure_ascii=False).encode()


# raw review -> clean review
CLEANING = {
    "a br tag is a space": ("one<br /><br />two", "one two"),
    "other tags go": ("an <i>old</i> film, <a href='x'>see</a> <p>here</p>", "an old film, see here"),
    "a comment goes": ("one <!-- a < b --> two", "one two"),
    "angle brackets that are no tag stay": (
        "I <3 it, 2 < 3 > 1 <i hated it> <spoiler>",
        "I <3 it, 2 < 3 > 1 <i hated it> <spoiler>",
    ),
    "entities are characters": ("&quot;Tom &amp; Jerry&#39;s&quot; &eacute;", '"Tom & Jerry\'s" é'),
    "an entity in an entity": ("&amp;quot;x&amp;quot;", '"x"'),
    "an escaped tag goes, too": ("one&lt;br /&gt;two", "one two"),
    "an ampersand is no entity": ("good&nothing AT&T &c", "good&nothing AT&T &c"),
    "mojibake of an apostrophe": ("it\u00e2\u20ac\u2122s", "it\u2019s"),
    "mojibake of an accent": ("caf\u00c3\u00a9", "café"),
    "mojibake made twice": ("it\u00c3\u00a2\u00e2\u201a\u00ac\u00e2\u201e\u00a2s", "it\u2019s"),
    "mojibake with C1 controls": ("a \u00e2\u0080\u009cquote\u00e2\u0080\u009d", "a \u201cquote\u201d"),
    "real accents stay": ("Ã la carte, naïve â, CAFÉ» Å”", "Ã la carte, naïve â, CAFÉ» Å”"),
    "C1 controls are Windows-1252": ("it\u0092s \u0096 \u0085", "it\u2019s \u2013 \u2026"),
    "C1 controls that mean nothing go": ("a\u0081b\u009dc", "abc"),
    "control characters go": ("a\u0001b\u007fc", "abc"),
    "white space is one space": ("  a\t\n b\u00a0\u2003c  ", "a b c"),
    "accents are composed": ("cafe\u0301", "café"),
    "emoji stay": ("\U0001f600 ok", "\U0001f600 ok"),
}
REASONS = {
    "unreadable": line("bad-utf16").decode().encode("utf-16-le"),
    "malformed_json": b'{"review": "cut off',
    "missing_review": line("bad-review", review=None, sentiment="negative").replace(
        b'"A fine film, says bad-review."', b"null"
    ),
    "missing_review_id": line("", review="Nobody's review."),
    "unknown_sentiment": line("bad-sentiment", sentiment="mixed"),
    "missing_title": line("bad-title", title_id=None),
    "title_in_both_splits": line("bad-split", title_id="tt0000002"),
}
MALFORMED = {
    "two objects": b'{"review": "a"}{"review": "b"}',
    "text behind the object": b'{"review": "a"} and so on',
    "an array": b'[{"review": "a"}]',
    "a number": b"5",
    "single quotes": b"{'review': 'a'}",
}


def bucket_of(title_id: str) -> int:
    return int(hashlib.md5(title_id.encode()).hexdigest()[:8], 16) % 100


def inputs() -> dict[str, dict[str, bytes]]:
    """Case -> file below raw/ -> bytes. Blank lines and a byte order mark are part of the dirt."""
    titles = [f"tt{number:07}" for number in range(1000, 1200)]
    official = [
        *(line(f"clean-{number}", f"{rule}: {raw}") for number, (rule, (raw, _)) in enumerate(CLEANING.items())),
        *REASONS.values(),
        *MALFORMED.values(),
        line("cp1252", "A na\u00efve film.").decode().encode("cp1252"),
        line("only-tags", "<br /> <p>"),
        line("odd-sentiment", sentiment=" NEG "),
        line("odd-stars", rating=11),
        line("text-stars", rating="7"),
        line("crlf") + b"\r",
        line("test-1", split="test", title_id="tt0000002"),
        line("no-split", split=None, title_id="tt0000003"),
        line("copy-b", "The SAME review", title_id="tt0000001"),
        line("copy-a", "the same&nbsp;review<br />", title_id="tt0000001"),
        line("copy-c", "The same review", split="test", title_id="tt0000002"),
        line("twin-2", "Twice in train"),
        line("twin-1", "twice in TRAIN"),
        *(line(f"many-{title}", f"About {title}", title_id=title) for title in titles),
    ]
    by_title = [line(f"one-{title}", f"About {title}", title_id=title, split="train") for title in titles]
    by_title += [line(f"two-{title}", f"More on {title}", title_id=title.upper(), split=None) for title in titles]
    no_labels = b"\n".join(line(f"r-{number}") for number in range(5)).replace(b'"sentiment"', b'"feeling"')
    return {
        "official": {
            "a.jsonl": b"\xef\xbb\xbf" + b"\n".join(official[:30]),
            "b.jsonl": b"\n\n".join(official[30:]) + b"\n \n",
        },
        "by title": {"a.jsonl": b"\n".join(by_title) + b"\n"},
        "empty file": {"a.jsonl": b"\n"},
        "no file": {},
        "no labels": {"a.jsonl": no_labels},
        "folders": {
            "a.jsonl": line("plain"),
            "2024/05/b.jsonl.gz": gzip.compress(line("packed") + b"\n" + line("packed-2")),
            "2024/region=north/c d.txt.bz2": bz2.compress(line("third")),
            "2024/_hidden/d.jsonl": line("hidden"),
        },
        "a table": {"reviews.csv": b'review,sentiment\n"Fine, all of it",positive\n'},
        "an array": {"reviews.json": b"[" + line("x") + b"]"},
        "utf-16": {"a.jsonl": line("good"), "b.jsonl": (line("x").decode() + "\n").encode("utf-16")},
        "zip": {"a.jsonl": line("good"), "part.zip": zipped(line("x"))},
        "gzip without its name": {"a.jsonl": gzip.compress(line("x"))},
        "old titles": {"a.jsonl": line("plain")},
        "all bad": {"a.jsonl": b"{\n" + line("x", title_id=None) + b"\n" + line("y", review="", title_id="tt1")},
    }


def zipped(content: bytes) -> bytes:
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        archive.writestr("reviews.jsonl", content)
    return buffer.getvalue()


def arguments(case: str, **others: str) -> dict[str, str]:
    root = f"s3://{BUCKET}/{case.replace(' ', '-')}"
    paths = {f"{name}_path": f"{root}/{name}/" for name in ("raw", "clean", "quarantine", "report")}
    names = {"JOB_NAME": "etl", "JOB_RUN_ID": f"jr_{case}", "database": "etl_test", "table": "clean_reviews"}
    return {**names, **paths, "titles_path": f"{root}/titles/", **others}


TITLES = 'title_id,title,year,genres\ntt0000001,"One, ""the"" first",1999,Comedy|Drama\ntt0000001,Zweite,2001,\n'


@pytest.fixture(scope="module")
def results(local_aws: OwnCloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the job did in each case, from one Spark session."""
    folder = tmp_path_factory.mktemp("etl")
    local_aws.client("s3").create_bucket(Bucket=BUCKET)
    local_aws.client("glue").create_database(DatabaseInput={"Name": "etl_test"})
    bucket = folder / BUCKET
    for case, files in inputs().items():
        raw = bucket / case.replace(" ", "-") / "raw"
        raw.mkdir(parents=True)
        for name, content in files.items():
            (raw / name).parent.mkdir(parents=True, exist_ok=True)
            (raw / name).write_bytes(content)
    hidden = "folders/raw/2024/_hidden/d.jsonl"
    local_aws.client("s3").put_object(Bucket=BUCKET, Key=hidden, Body=line("hidden"))
    old = "title_id,title,year,genres\ntt0000001,Été à Orléans,1999,\n".encode("cp1252")
    tables = {"official/titles": TITLES.encode(), "by-title/wrong": b"id,name\n1,x\n", "old-titles/titles": old}
    for name, content in tables.items():
        (bucket / name).mkdir()
        (bucket / name / "titles.csv").write_bytes(content)
    cases = [{"name": case, "args": arguments(case)} for case in inputs()]
    again = arguments("official", JOB_RUN_ID="jr_again")
    wrong = f"s3://{BUCKET}/by-title/wrong/titles.csv"
    cases += [
        {"name": "again", "args": again},
        {"name": "wrong titles", "args": arguments("by title", titles_path=wrong)},
        {"name": "overlap", "args": arguments("official", clean_path=f"s3://{BUCKET}/official/"), "count_only": True},
        {"name": "not s3", "args": arguments("official", report_path="/tmp/report")},
    ]
    for name in ("titles_path", "table"):
        given = {key: value for key, value in again.items() if key != name}
        words = ["job.py", *(word for key, value in given.items() for word in (f"--{key}", value))]
        cases.append({"name": f"without {name.removesuffix('_path')}", "argv": words})
    if REAL_REVIEWS.exists():
        raw = bucket / "real" / "raw"
        raw.mkdir(parents=True)
        pd.read_parquet(REAL_REVIEWS).to_json(raw / "reviews.jsonl", orient="records", lines=True, force_ascii=False)
        cases.append({"name": "real", "args": arguments("real"), "count_only": True})
    made: dict[str, Any] = run_driver(
        Path(__file__).with_name("etl_driver.py"), cases, folder, {BUCKET: bucket}, local_aws
    )
    return made


@pytest.fixture(scope="module")
def official(results: dict[str, Any]) -> dict[str, Any]:
    assert "error" not in results["official"], results["official"]["error"]
    result: dict[str, Any] = results["official"]
    return result


def clean_row(result: dict[str, Any], review_id: str) -> dict[str, Any]:
    found = [row for row in result["clean"] if row["review_id"] == review_id]
    assert len(found) == 1, f"{review_id} is {len(found)} times in the clean reviews"
    return found[0]


def test_every_row_that_came_in_is_clean_or_quarantined_or_a_duplicate(official: dict[str, Any]) -> None:
    lines = [
        one
        for content in inputs()["official"].values()
        for one in content.split(b"\n")
        if one.strip(b" \r\xef\xbb\xbf")
    ]
    report = official["report"]
    assert report["rows_in"] == len(lines)
    assert report["rows_in"] == report["rows_out"] + report["quarantined"] + report["duplicates"]
    assert report["rows_out"] == len(official["clean"]) == sum(report["by_split"].values())
    assert report["quarantined"] == len(official["quarantine"]) == sum(report["by_reason"].values())


@pytest.mark.parametrize("reason", REASONS)
def test_a_bad_row_is_quarantined_with_its_reason_and_its_own_line(official: dict[str, Any], reason: str) -> None:
    rows = [row for row in official["quarantine"] if row["reason"] == reason]
    if reason == "unreadable":
        assert [base64.b64decode(row["base64"]) for row in rows] == [REASONS[reason]]
    else:
        assert REASONS[reason].decode() in [row["line"] for row in rows]


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_line_that_is_not_one_json_object_is_malformed(official: dict[str, Any], kind: str) -> None:
    reasons = [row["reason"] for row in official["quarantine"] if row["line"] == MALFORMED[kind].decode()]
    assert reasons == ["malformed_json"]


def test_no_other_row_is_quarantined(official: dict[str, Any]) -> None:
    expected = Counter(REASONS.keys())
    expected.update({"malformed_json": len(MALFORMED), "missing_review": 1})  # the review of tags only
    assert official["report"]["by_reason"] == expected


def test_a_quarantined_row_names_its_source(official: dict[str, Any]) -> None:
    sources = {row["source"] for row in official["quarantine"]}
    assert sources <= {f"s3://{BUCKET}/official/raw/{name}" for name in ("a.jsonl", "b.jsonl")}


@pytest.mark.parametrize("rule", CLEANING)
def test_text_is_cleaned(official: dict[str, Any], rule: str) -> None:
    number = list(CLEANING).index(rule)
    assert clean_row(official, f"clean-{number}")["review"] == f"{rule}: {CLEANING[rule][1]}"


def test_a_line_in_windows_1252_is_read_and_counted(official: dict[str, Any]) -> None:
    assert clean_row(official, "cp1252")["review"] == "A naïve film."
    assert official["report"]["repaired_encoding"] == 1


def test_a_line_that_ends_with_a_carriage_return_is_good(official: dict[str, Any]) -> None:
    assert clean_row(official, "crlf")["label"] == 1


def test_sentiment_is_read_in_short_form_and_any_case(official: dict[str, Any]) -> None:
    row = clean_row(official, "odd-sentiment")
    assert (row["label"], row["sentiment"]) == (0, "negative")


@pytest.mark.parametrize(("review_id", "rating"), [("odd-stars", None), ("text-stars", 7), ("crlf", 8)])
def test_a_rating_is_a_number_of_stars_or_null(official: dict[str, Any], review_id: str, rating: int | None) -> None:
    assert clean_row(official, review_id)["rating"] == rating


def test_the_clean_table_has_the_columns_of_the_contract(official: dict[str, Any]) -> None:
    columns = "review_id title_id title year genres rating review label sentiment words split"
    row = clean_row(official, "crlf")
    assert list(row) == columns.split()
    assert row["words"] == len(row["review"].split())


def test_of_equal_reviews_the_test_copy_stays(official: dict[str, Any]) -> None:
    copies = [row["review_id"] for row in official["clean"] if row["review"].lower() == "the same review"]
    assert copies == ["copy-c"]


def test_of_equal_reviews_in_train_the_lowest_id_stays(official: dict[str, Any]) -> None:
    copies = [row["review_id"] for row in official["clean"] if row["review"].lower() == "twice in train"]
    assert copies == ["twin-1"]
    assert official["report"]["duplicates"] == 3


def test_title_metadata_is_joined_once_and_null_where_unknown(official: dict[str, Any]) -> None:
    known, unknown = clean_row(official, "crlf"), clean_row(official, "test-1")
    assert (known["title"], known["year"], known["genres"]) == ('One, "the" first', 1999, "Comedy|Drama")
    assert (unknown["title"], unknown["year"], unknown["genres"]) == (None, None, None)


def test_the_official_test_split_stays_and_a_fifth_of_the_other_titles_is_validation(official: dict[str, Any]) -> None:
    assert official["report"]["split_rule"] == "official"
    for row in official["clean"]:
        if row["review_id"] in ("test-1", "copy-c"):
            assert row["split"] == "test"
        else:
            assert row["split"] == ("validation" if bucket_of(row["title_id"]) < 20 else "train")


def test_a_row_without_split_is_treated_as_train(official: dict[str, Any]) -> None:
    assert clean_row(official, "no-split")["split"] in ("train", "validation")


def test_without_a_test_split_titles_are_divided_70_10_20(results: dict[str, Any]) -> None:
    result = results["by title"]
    assert result["report"]["split_rule"] == "by title"
    for row in result["clean"]:
        number = bucket_of(row["title_id"])
        assert row["split"] == ("train" if number < 70 else "validation" if number < 80 else "test")
    assert result["report"]["by_split"].keys() == {"train", "validation", "test"}


@pytest.mark.parametrize("case", ["official", "by title"])
def test_no_title_is_in_two_splits(results: dict[str, Any], case: str) -> None:
    splits: dict[str, set[str]] = {}
    for row in results[case]["clean"]:
        splits.setdefault(row["title_id"], set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())


def test_a_second_run_replaces_the_first_and_gives_the_same(results: dict[str, Any], official: dict[str, Any]) -> None:
    again = results["again"]
    assert again["report"] | {"job_run_id": ""} == official["report"] | {"job_run_id": ""}
    for part, key in (("clean", "review_id"), ("quarantine", "line")):
        assert sorted(again[part], key=lambda row: row[key]) == sorted(official[part], key=lambda row: row[key])


def test_the_report_is_stored_under_the_run_id(official: dict[str, Any], local_aws: OwnCloud) -> None:
    stored = local_aws.client("s3").get_object(Bucket=BUCKET, Key="official/report/jr_official.json")["Body"].read()
    assert json.loads(stored) == official["report"]


def test_the_shown_report_holds_every_count(official: dict[str, Any]) -> None:
    words = official["shown"].replace(",", "").split()
    for name in ("rows_in", "rows_out", "quarantined", "duplicates"):
        assert str(official["report"][name]) in words


def test_the_table_is_registered_with_a_partition_for_each_split(official: dict[str, Any], local_aws: OwnCloud) -> None:
    glue = local_aws.client("glue")
    table = glue.get_table(DatabaseName="etl_test", Name="clean_reviews")["Table"]
    assert table["PartitionKeys"] == [{"Name": "split", "Type": "string"}]
    assert table["Parameters"]["classification"] == "parquet"
    partitions = glue.get_partitions(DatabaseName="etl_test", TableName="clean_reviews")["Partitions"]
    assert sorted(part["Values"][0] for part in partitions) == ["test", "train", "validation"]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("empty file", "ValueError: There is no review under s3://etl-test/empty-file/raw/"),
        ("no file", "ValueError: There is no review under s3://etl-test/no-file/raw/"),
        ("no labels", "ValueError: No row under s3://etl-test/no-labels/raw/ has a usable sentiment"),
        ("all bad", "ValueError: All rows under s3://etl-test/all-bad/raw/ are bad"),
        ("a table", "ValueError: No row under s3://etl-test/a-table/raw/ has a usable review or sentiment"),
        ("an array", "ValueError: No row under s3://etl-test/an-array/raw/ has a usable review or sentiment"),
        ("utf-16", "ValueError: b.jsonl under s3://etl-test/utf-16/raw/: packed in a way"),
        ("zip", "ValueError: part.zip under s3://etl-test/zip/raw/: packed in a way"),
        (
            "gzip without its name",
            "ValueError: a.jsonl under s3://etl-test/gzip-without-its-name/raw/: packed in a way",
        ),
        ("wrong titles", "ValueError: s3://etl-test/by-title/wrong/titles.csv lacks the columns"),
        ("overlap", "ValueError: --clean_path and --raw_path overlap"),
        ("not s3", "ValueError: --report_path must be like s3://bucket/folder/"),
    ],
)
def test_bad_input_is_refused_with_a_clear_reason(results: dict[str, Any], case: str, message: str) -> None:
    assert results[case]["error"].startswith(message)


def test_what_is_refused_says_what_is_there_and_what_is_wanted(results: dict[str, Any]) -> None:
    assert results["a table"]["error"].endswith(
        "wanted are JSON Lines, one object a line, with the fields review, sentiment, split, rating, title_id, "
        "review_id; a line there is 'review,sentiment'"
    )


def test_files_in_any_folder_and_compression_are_read_and_hidden_ones_named(results: dict[str, Any]) -> None:
    result = results["folders"]
    assert {row["review_id"] for row in result["clean"]} == {"plain", "packed", "packed-2", "third"}
    assert result["report"]["hidden_files"] == ["folders/raw/2024/_hidden/d.jsonl"]
    assert "not read, a hidden name: folders/raw/2024/_hidden/d.jsonl" in result["shown"]


def test_titles_in_windows_1252_are_read(results: dict[str, Any]) -> None:
    assert [row["title"] for row in results["old titles"]["clean"]] == ["Été à Orléans"]


def test_a_refused_run_leaves_the_last_good_result(results: dict[str, Any]) -> None:
    assert len(results["wrong titles"]["clean"]) == results["by title"]["report"]["rows_out"]


@pytest.mark.skipif(not REAL_REVIEWS.exists(), reason="the real reviews are not on this machine")
def test_no_real_review_vanishes(results: dict[str, Any]) -> None:
    report = results["real"]["report"]
    assert report["rows_in"] == 25_000
    assert report["rows_out"] + report["quarantined"] + report["duplicates"] == 25_000
    assert report["quarantined"] == 0
    assert 0 < report["duplicates"] < 200


def test_only_the_titles_argument_may_be_absent(results: dict[str, Any]) -> None:
    assert "titles_path" not in results["without titles"]["arguments"]
    assert results["without table"]["error"].endswith("the following arguments are required: --table")
