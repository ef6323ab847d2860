"""Each kind of dirt is found, counted and shown by one short example."""

from __future__ import annotations

import json
from typing import Any

from helpers.data import quality


def line(review: str | None = "A good film.", **fields: Any) -> bytes:
    row = {"review": review, "sentiment": "positive", "title_id": "tt1", **fields}
    return json.dumps(row, ensure_ascii=False).encode()


def found(*lines: bytes) -> dict[str, tuple[int, str]]:
    table = quality.find(lines)
    return {row.kind: (row.lines, row.example) for row in table.itertuples()}


def test_clean_lines_have_no_dirt() -> None:
    assert quality.find([line(), line("Another one, don't you think? 3 < 4 & 5 > 4; é ü œ")]).empty


def test_each_kind_is_found() -> None:
    lines = {
        "line break as markup": line("One.<br /><br />Two."),
        "other markup": line("An <i>odd</i> film."),
        "entity": line("Tom &amp; Ann"),
        "mojibake": line("It isnâ€™t."),
        "control character": line("Well\x85 no."),
        "no review": line(None),
        "other label or none": line("x", sentiment="neutral"),
        "no title": line("y", title_id=None),
        "not UTF-8": "It isn’t.".encode("cp1252"),
        "not JSON": line("cut off")[:20],
    }
    for kind, dirty in lines.items():
        assert list(found(dirty)) == [kind]


def test_a_review_that_comes_again_counts_once_for_each_copy() -> None:
    assert found(line("The Same."), line("the same."), line("The same."))["same review again"][0] == 2


def test_lines_that_are_json_but_no_review_are_no_json_lines_of_reviews() -> None:
    assert list(found(b"3", b"[]", b'{"other": 1}')) == ["not JSON"]


def test_the_most_frequent_kind_comes_first_with_its_share() -> None:
    table = quality.find([line("a<br />"), line("b<br />"), line("c", sentiment=None), line("d")])
    assert list(table["kind"]) == ["line break as markup", "other label or none"]
    assert list(table["share"]) == [0.5, 0.25]


def test_an_example_is_short_and_shows_what_is_invisible() -> None:
    count, example = found(line("word " * 100 + "\x85" + " word" * 100))["control character"]
    assert count == 1
    assert r"\x85" in example
    assert len(example) < 60


def test_a_short_example_is_whole_and_a_long_one_has_both_ends() -> None:
    assert quality.example(['{"review": "long"}', '{"review": ""}']) == '{"review": ""}'
    long = quality.example(['{"review": "' + "good " * 100 + '", "title_id": null}'])
    assert long.startswith('{"review": "good ')
    assert long.endswith(' good ", "title_id": null}')
    assert len(long) < 190
