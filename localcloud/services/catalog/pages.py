"""Pages of a sorted listing. A token names the last item that was shown, so it holds when others come or go."""

from __future__ import annotations

import base64
import bisect
import json
from collections.abc import Callable, Sequence
from itertools import islice

from localcloud.services.catalog.keys import invalid
from localcloud.services.registry import Params


def page(
    names: Sequence[str],
    params: Params,
    of: str,
    *,
    size: int = 100,
    wanted: Callable[[str], bool] = lambda name: True,
) -> tuple[list[str], str | None]:
    """The names of one page, and the token of the next or None.

    Args:
        names: sorted.
        of: what is listed; the token of another listing is refused.
        size: how many without MaxResults.
        wanted: whether a name is of the listing; it is asked no more of than the page needs.

    Raises:
        ServiceError: InvalidInputException, when the NextToken is none of this listing.
    """
    start = bisect.bisect_right(names, _after(params["NextToken"], of)) if params.get("NextToken") else 0
    size = params.get("MaxResults") or size
    chosen = list(islice(filter(wanted, islice(names, start, None)), size + 1))
    if len(chosen) <= size:
        return chosen, None
    return chosen[:size], base64.urlsafe_b64encode(json.dumps([of, chosen[size - 1]]).encode()).decode()


def _after(token: str, of: str) -> str:
    try:
        listing, name = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (ValueError, TypeError):
        raise invalid("The NextToken is not one that the catalog has given.") from None
    if listing != of or not isinstance(name, str):
        raise invalid("The NextToken is one of another listing.")
    return name
