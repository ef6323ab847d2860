"""Where the real reviews are, for tests that want them: $COURSE_REVIEWS, as for lessons, or beside the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data" / "imdb" / "train.parquet"
REAL_REVIEWS = Path(os.environ.get("COURSE_REVIEWS") or _BESIDE)
needs_real_reviews = pytest.mark.skipif(
    not REAL_REVIEWS.exists(), reason="needs the real reviews as a Parquet file: COURSE_REVIEWS names it"
)
