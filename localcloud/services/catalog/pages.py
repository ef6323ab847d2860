"""Pages of a sorted listing. A token names the last item that was shown, so it holds when others come or go."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from localcloud.services.catalog.keys import invalid
from localcloud.services.registry import Params


def page(names: Sequence[str], params: Params, of: str, *, size: int = 100) -> tuple[list[str], str | None]:
    """The names of one page, and the token of the next or None.

    Args:
        names: sorted.
        of: what is listed; the token of another listing is refused.
        size: how many without MaxResults.

    Raises:
        ServiceError: InvalidInputException, when the NextToken is none of this listing.
    """
    after = _after(params["NextToken"], of) if params.get("NextToken") else None
    rest = [name for name in names if after is None or name > after]
    chosen = rest[: params.get("MaxResults") or size]
    more = len(chosen) < len(rest)
    return chosen, base64.urlsafe_b64encode(json.dumps([of, chosen[-1]]).encode()).decode() if more else None


def _after(token: str, of: str) -> str:
    try:
        listing, name = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (ValueError, TypeError):
        raise invalid("The NextToken is not one that the catalog has given.") from None
    if listing != of or not isinstance(name, str):
        raise invalid("The NextToken is one of another listing.")
    return name
