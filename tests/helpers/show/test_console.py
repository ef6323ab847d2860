"""The sketches of the console's pages: each whole, with its source, and in words, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.show import console
from helpers.show.figures import Picture

ALL = sorted(console.PAGES.glob("*.toml"))


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_each_page_is_drawn_and_told(path: Path, shown: list[Picture]) -> None:
    console.page(path.stem)
    assert shown[0].png.startswith(b"\x89PNG")
    assert "A sketch of a page of the console" in shown[0].alt
    assert " 1: " in shown[0].alt


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_each_page_is_whole_and_says_where_it_is_documented(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = console.read(path.stem)
    assert text.startswith("# Source: https://docs.aws.amazon.com/")
    assert found["here"] in found["menu"]
    assert 2 <= len(found["parts"]) <= 6
    assert all(len(one["like"]) <= 48 and len(one["says"]) <= 88 for one in found["parts"])


def test_there_is_no_other_page() -> None:
    with pytest.raises(FileNotFoundError):
        console.page("none")
