"""Synthetic movie reviews with the shape, the difficulty and the dirt of the IMDb reviews; no network needed.

The texts are mixed and 4 % of the labels are wrong (see `synthetic_writer.py`), so that a good linear model is right on
some 90 % of the reviews of titles that it has not seen, never on all.

Rows are made in blocks of 1,000 with 100 titles of their own. A block depends on the seed and on its number alone, so
the first 4,000 of a million rows are the same 4,000 rows, and a block can be made without those before it. Random
numbers come from raw bits through exact arithmetic: the same seed gives the same bytes on every machine.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice

import pandas as pd

from helpers.data.synthetic_writer import Draw, draws, expand, paragraphs, pick, rules

# One of twelve tried: no name and no turn of phrase goes with an opinion by chance (tests: test_telling_words.py).
SEED = 29
BLOCK = 1_000
TITLES_PER_BLOCK = 100
FIRST_TITLE = 90_000_001  # real IMDb ids are far from 90 million
COLUMNS = ["review", "sentiment", "split", "rating", "title_id", "review_id"]
# Genre -> what a review calls such a film, and several of them.
GENRES = {
    "Thriller": ("thriller", "thrillers"),
    "Comedy": ("comedy", "comedies"),
    "Drama": ("drama", "dramas"),
    "Horror": ("horror story", "horror stories"),
    "Sci-Fi": ("science fiction tale", "science fiction tales"),
    "Romance": ("love story", "love stories"),
    "Western": ("western", "westerns"),
}
RATINGS = {"negative": (1, 1, 1, 1, 2, 2, 3, 3, 4, 4), "positive": (7, 7, 8, 8, 9, 9, 10, 10, 10, 10)}
# Chance that a review of a title is positive: ten kinds of titles, 58 % over all.
QUALITY = (0.05, 0.15, 0.30, 0.50, 0.62, 0.70, 0.78, 0.86, 0.90, 0.96)


# review, sentiment, split, rating, title_id
Row = tuple[str | None, str | None, str, int | None, str | None]
PRONOUNS = {
    "he": {"he": "he", "his": "his", "him": "him"},
    "she": {"he": "she", "his": "her", "him": "her"},
}


@dataclass(frozen=True)
class _Title:
    """An invented title: what its row in titles.csv holds, and what its reviews have in common."""

    title_id: str
    name: str
    year: int
    genre: str
    genres: str
    splits: tuple[str, ...]
    quality: float  # chance that a review is positive
    listed: bool  # in titles.csv
    slots: list[dict[str, str]]  # what fills the slots of a review: "movie" or "film", the name in quotes or not


def _person(gender: str, draw: Draw) -> tuple[str, str]:
    last = expand(pick(rules()["last"], draw), "~", draw)
    return f"{pick(rules()['first ' + gender], draw)} {last}", last


def _story(genre: str, draw: Draw) -> dict[str, str]:
    """Slot -> text: the name, the people and the plot of a title."""
    gender, second_gender = pick(("he", "she"), draw), pick(("he", "she"), draw)
    story = {**PRONOUNS[gender], "film": "film"}
    story["lead"], story["lead_last"] = _person(gender, draw)
    story["director"], story["director_last"] = _person(pick(("he", "she"), draw), draw)
    story["second"], story["second_his"] = _person(second_gender, draw)[0], PRONOUNS[second_gender]["his"]
    story["hero"], story["side"] = pick(rules()[f"hero {gender}"], draw), pick(rules()[f"side {second_gender}"], draw)
    story["place"], story["year"] = expand(pick(rules()["place"], draw), "~", draw), str(1950 + int(draw() * 61))
    story["genre"], story["genres"] = GENRES[genre]
    sources = {slot: f"{genre} {slot}" for slot in ("role", "incident", "trouble", "goal")}
    for slot, rule in {**sources, "side_role": "side_role", "nth": "nth", "title": "name"}.items():
        story[slot] = expand(pick(rules()[rule], draw), "~", draw) % story
    return story


def _titles(seed: int, block: int) -> list[_Title]:
    """The 100 titles of a block, every fourth for testing; the very first is in both splits, as one real title is."""
    draw = draws(seed, block, 0)
    genres = [(pick(tuple(GENRES), draw), pick(tuple(GENRES), draw)) for _ in range(TITLES_PER_BLOCK)]
    stories = [_story(genre, draw) for genre, _ in genres]
    titles = []
    for number, (story, pair) in enumerate(zip(stories, genres, strict=True)):
        story["other"] = stories[number - 1 - int(draw() * 50)]["title"]
        slots = [
            {**story, "film": film, "title": quote + story["title"] + quote}
            for film in ("movie", "film")
            for quote in ("", "", '"')
        ]
        splits = ("train", "test") if block == number == 0 else (("test",) if number % 4 == 3 else ("train",))
        titles.append(
            _Title(
                title_id=f"tt{FIRST_TITLE + block * TITLES_PER_BLOCK + number}",
                name=story["title"],
                year=int(story["year"]),
                genre=pair[0],
                genres="|".join(sorted(set(pair))),
                splits=splits,
                quality=pick(QUALITY, draw),
                listed=draw() >= 0.03,
                slots=slots,
            )
        )
    return titles


def _with_dirt(text: str, title: str, draw: Draw) -> str:
    """The text as it may arrive: one in six reviews carries one kind of dirt, besides line breaks as markup."""
    x = draw()
    if x < 0.03:  # Windows-1252 punctuation that was read as Latin-1: C1 control characters
        return text.replace("'", "\x92").replace(", but ", " \x96 but ").replace(". ", "\x85 ", 1)
    if x < 0.04:  # mojibake: UTF-8 that was read as Windows-1252
        return text.replace("'", "’").replace(", ", " — ", 1).encode().decode("cp1252", errors="ignore")
    if x < 0.065:
        escaped = text.replace(" and ", " & ", 1).replace("&", "&amp;")
        return escaped.replace('"', "&quot;").replace("'", "&#39;")
    if x < 0.08:
        return text.replace(title, f"<i>{title}</i>") if title in text else f"<b>{text}</b>"
    if x < 0.11:
        odd = pick(("  ", "\t", "\xa0", " \n"), draw)
        return f" {text.replace('. ', '.' + odd, 3)}{odd}"
    if x < 0.16:  # not dirt: a real apostrophe, as some keyboards write it
        return text.replace("'", "’")
    return text


def _review(title: _Title, draw: Draw) -> tuple[str, str, int]:
    """Text, sentiment and rating of a new review; 4 % of the sentiments are wrong, and mostly the rating with them."""
    sentiment = "positive" if draw() < title.quality else "negative"
    rating = pick(RATINGS[sentiment], draw)
    noise = draw()
    parts = paragraphs(11 - rating if noise < 0.03 else rating, title.genre, draw)
    if 0.03 <= noise < 0.04:
        sentiment = "negative" if sentiment == "positive" else "positive"
    text = ("<br /><br />" if draw() < 0.57 else " ").join(parts) % pick(title.slots, draw)
    return _with_dirt(text, title.name, draw), sentiment, rating


def _with_gap(row: Row, draw: Draw) -> Row:
    """The row, in 2 % of the cases with a field that is empty, missing or unknown."""
    text, sentiment, split, rating, title_id = row
    x = draw()
    if x < 0.005:
        text = pick((None, "", "   ", "<br /><br />"), draw)
    elif x < 0.010:
        sentiment = pick((None, "neutral", "POS"), draw)
    elif x < 0.014:
        title_id = None
    elif x < 0.020:
        rating = None
    return text, sentiment, split, rating, title_id


def _duplicate(row: Row, split: str, title_id: str | None, draw: Draw) -> Row:
    """The row again: half of the time with other markup, one time in three filed under another title."""
    text, sentiment, first_split, rating, first_title = row
    if text and draw() < 0.5:
        text = text.replace("<br /><br />", " ") if "<br />" in text else text.replace(". ", ".  ")
    if draw() < 0.66:
        split, title_id = first_split, first_title
    return text, sentiment, split, rating, title_id


def _block(seed: int, block: int) -> list[Row]:
    """The 1,000 rows of a block."""
    titles, draw = _titles(seed, block), draws(seed, block, 1)
    rows: list[Row] = []
    for number in range(BLOCK):
        x = draw()
        title = titles[int((x + x * x) * TITLES_PER_BLOCK / 2)]  # 7 to 20 reviews a title on average
        split = title.splits[number % len(title.splits)]
        if draw() < 0.014 and rows:
            rows.append(_duplicate(pick(rows, draw), split, title.title_id, draw))
        else:
            text, sentiment, rating = _review(title, draw)
            rows.append(_with_gap((text, sentiment, split, rating, title.title_id), draw))
    return rows


def frame_of(rows: Iterable[tuple[object, ...]]) -> pd.DataFrame:
    """Rows in the order of COLUMNS as a frame: text columns, and `rating` as a whole number; None becomes missing."""
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype({"rating": "Int64"} | {name: "str" for name in COLUMNS if name != "rating"})


def iter_synthetic(rows: int, seed: int = SEED, chunk: int = 10_000) -> Iterator[pd.DataFrame]:
    """Synthetic reviews in frames of `chunk` rows, at flat memory however many there are.

    The columns are those of `synthetic_reviews`. Rows depend on the seed alone, neither on `rows` nor on `chunk`.
    """
    every = (row for block in count() for row in _block(seed, block))
    numbered = ((*row, f"synthetic-{number:08d}") for number, row in enumerate(islice(every, rows)))
    while part := list(islice(numbered, chunk)):
        yield frame_of(part)


def synthetic_reviews(rows: int = 4_000, seed: int = SEED) -> pd.DataFrame:
    """Synthetic reviews with the columns review, sentiment, split, rating, title_id, review_id.

    Like the real reviews they carry dirt: markup in half of the rows, entities, broken encodings, odd white space,
    duplicates (1-2 %), empty reviews (0.5 %), missing or unknown sentiments (0.5 %), missing ratings and titles.
    About three quarters of the rows are "train"; exactly one title is in both splits.
    """
    return pd.concat(iter_synthetic(rows, seed), ignore_index=True)


def synthetic_titles(rows: int = 4_000, seed: int = SEED) -> pd.DataFrame:
    """The titles of the first `rows` synthetic reviews: title_id, title, year (int), genres ("Comedy|Drama").

    About 100 titles for 1,000 reviews. Some 3 % of the titles are missing, as in real title lists.
    """
    titles = (title for block in range(-(-rows // BLOCK)) for title in _titles(seed, block))
    known = [(title.title_id, title.name, title.year, title.genres) for title in titles if title.listed]
    return pd.DataFrame(known, columns=["title_id", "title", "year", "genres"])


def damaged(line: bytes, review_id: str) -> bytes:
    """A JSON line (without its end) as a careless export leaves it: about 1 in 500 is broken, always the same ones.

    One in 1,000 is cut short, so it is no JSON any more; one in 1,000 is in Windows-1252 and is no valid UTF-8.
    """
    kind = zlib.crc32(review_id.encode()) % 1_000
    if kind == 0:
        return line[: len(line) * 6 // 10]
    if kind == 1:
        return line.decode().replace("'", "’").replace(". ", "… ", 1).encode("cp1252", errors="ignore")
    return line
