"""Two exports of a film club for lab 02: two days, one name of file, and a column that is nearly all numbers."""

from __future__ import annotations

from pathlib import Path

from helpers.data.synthetic import synthetic_reviews

DAYS = ("2026-11-02", "2026-11-03")
NAME, COLUMNS = "reviews.csv", ("film", "stars", "review")
ROWS = 500  # of each day


def write_exports(folder: str | Path) -> list[Path]:
    """Write `<day>/reviews.csv` for each of DAYS: film, stars and review, with bars between, in UTF-8.

    The texts are of the synthetic sample. Where a customer gave no stars, the export says "n/a".
    """
    reviews = synthetic_reviews(3 * ROWS).dropna(subset=["review", "title_id"])
    plain = reviews["review"].str.replace(r'[|"\s]+', " ", regex=True).str.strip()
    stars = reviews["rating"].astype("string").fillna("n/a")
    reviews = reviews.assign(review=plain, stars=stars)[plain != ""]
    written = []
    for number, day in enumerate(DAYS):
        path = Path(folder) / day / NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ["|".join(COLUMNS)]
        for row in reviews.iloc[number * ROWS : (number + 1) * ROWS].itertuples():
            lines.append(f"F{row.title_id[2:]}|{row.stars}|{row.review}")
        path.write_bytes(("\n".join(lines) + "\n").encode())
        written.append(path)
    return written
