"""A job's lines go to CloudWatch Logs in requests that it takes."""

from __future__ import annotations

import pytest

from localcloud.engine.logs import MOST_BYTES, OVERHEAD
from localcloud.jobs.log_stream import batches


@pytest.mark.parametrize(
    ("lines", "requests"), [(["a", "b"], 1), ([], 0), (["x"] * 2500, 3), (["é" * 1000] * 600, 2), (["x" * 2**21], 3)]
)
def test_no_line_is_lost_and_no_request_too_large(lines: list[str], requests: int) -> None:
    found = list(batches(lines))
    assert len(found) == requests
    assert "".join("".join(batch) for batch in found) == "".join(lines)
    assert all(sum(len(line.encode()) + OVERHEAD for line in batch) <= MOST_BYTES for batch in found)


def test_an_empty_line_is_a_blank() -> None:
    assert list(batches(["", "a"])) == [[" ", "a"]]
