"""Fetch the real reviews before the lessons begin, where the progress can be seen: `python -m kit.fetch_reviews`.

Ends with 0 when they are at hand, with NOT_AT_HAND when they cannot be had (one sentence says why), with 1 when
something must be mended first.
"""

from __future__ import annotations

import sys

from helpers.data import reviews

NOT_AT_HAND = 3


def main() -> int:
    try:
        return 0 if reviews.official() else NOT_AT_HAND
    except (OSError, ValueError) as error:  # no room on the disk, a damaged file
        print(f"{error}\nOr go on without the real reviews: COURSE_DATA=sample", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
