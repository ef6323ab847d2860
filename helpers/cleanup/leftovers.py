"""Find what a learner has left running, delete it, and prove that nothing is left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pandas as pd
from botocore.exceptions import BotoCoreError, ClientError

from helpers import PROJECT, preflight
from helpers.cleanup.finders import (
    FINDERS,
    Finder,
    Left,
    NotDeleted,
    endpoint_configurations,
    endpoints,
    is_gone,
    models,
    wait_until,
)
from helpers.cleanup.finders import (
    delete_glue_job as delete_glue_job,
)
from helpers.money import ledger
from helpers.money.costs import dollars
from helpers.show.progress import Progress
from helpers.workshop import Workshop

RECEIPTS = PROJECT / "out"
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden", "403")


def hosting(ws: Workshop) -> pd.DataFrame:
    """This learner's endpoints, endpoint configurations and models: kind, name, status.

    Only endpoints cost money as long as they exist; configurations and models are entries in a list.
    """
    return pd.DataFrame(
        [(left.kind, left.name, left.state) for left in _hosting(ws)], columns=["kind", "name", "status"]
    )


def delete_hosting(ws: Workshop) -> None:
    """Delete all that `hosting` lists, and wait until the endpoints are gone. Nothing there is no error.

    Raises:
        NotDeleted: an endpoint still exists after ten minutes.
    """
    for left in list(_hosting(ws)):
        left.delete()


def wait_until_deleted(ws: Workshop) -> None:
    """Wait until this learner has no endpoint that is being deleted. Raises NotDeleted after ten minutes."""
    wait_until(lambda: all(left.state != "Deleting" for left in endpoints(ws)), "The deletion of an endpoint")


def _hosting(ws: Workshop) -> Iterator[Left]:
    for find in (endpoints, endpoint_configurations, models):
        yield from find(ws)


# --- all of the course ---------------------------------------------------------------------------------------------


def everything(ws: Workshop) -> pd.DataFrame:
    """All that this learner has in the account: kind, name, state. It deletes nothing.

    What AWS does not let this role look at is a row, too: its state names the permission that is missing.
    """
    rows: list[tuple[str, str, str]] = []
    for kinds, find in FINDERS.items():
        found, problem = _look(find, ws)
        rows += [(left.kind, left.name, left.state) for left in found]
        rows += [(kinds, "unknown", f"⚠️ {problem}")] if problem else []
    return pd.DataFrame(rows, columns=["kind", "name", "state"])


def delete_everything(ws: Workshop) -> None:
    """Delete all that `everything` lists, with a line that says how far it is. Nothing there is no error.

    What cannot be deleted is printed with the reason, and the rest is deleted all the same.
    """
    progress, number, problems = Progress("Clean up"), 0, []
    for kinds, find in FINDERS.items():
        progress.update(f"looking for {kinds}")
        found, problem = _look(find, ws)
        problems += [f"{kinds}: {problem}"] if problem else []
        for left in found:
            progress.update(f"{left.kind} {left.name}")
            problem = _delete(left)
            number += not problem
            problems += [problem] if problem else []
    progress.end(f"{number} things deleted, {len(problems)} not", good=not problems)
    for problem in problems:
        print(f"⚠️ {problem}")


def _look(find: Finder, ws: Workshop) -> tuple[list[Left], str]:
    """What is found, and why the search ended before its end, or nothing."""
    found: list[Left] = []
    try:
        for left in find(ws):  # one by one: what was found before an error stays
            found.append(left)
    except (ClientError, BotoCoreError) as error:
        return found, _why(error)
    return found, ""


def _delete(left: Left) -> str:
    """Delete one thing; returns why it is still there, or nothing."""
    try:
        left.delete()
    except ClientError as error:
        return "" if is_gone(error) else f"{left.kind} {left.name}: {_why(error)}"
    except (BotoCoreError, NotDeleted, TimeoutError) as error:
        return f"{left.kind} {left.name}: {error}"
    return ""


def _why(error: ClientError | BotoCoreError) -> str:
    """What AWS says; of a missing permission, its name. A service that cannot be reached is told, too."""
    if not isinstance(error, ClientError):
        return str(error)
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code not in _DENIED:
        return f"{code}: {message}"
    action = re.search(r"perform: ([\w-]+:\w+)", message)
    return f"not allowed: {action[1] if action else error.operation_name}"


def receipt(ws: Workshop, bill: pd.DataFrame | None = None) -> str:
    """Look again for all that `everything` finds, and write down what came of it, with the date.

    Args:
        bill: the ledger as it was before the clean-up. The clean-up deletes most of what it was read from, so the
            receipt keeps it, by lesson and service.

    Returns:
        The receipt. It is also kept as a file in the course's folder `out/`, which it names.
    """
    found, now = everything(ws), datetime.now(UTC)
    learner = ws.name("").removeprefix("dsaws-").rstrip("-")
    path = RECEIPTS / f"receipt-{learner}-{now:%Y%m%dT%H%M%SZ}.txt"
    finding = "Nothing of yours is left." if found.empty else f"NOT CLEAN: {len(found)} findings, listed below."
    lines = [
        f"RECEIPT  {finding}",
        f"date     {now:%Y-%m-%d %H:%M} UTC",
        f"place    {ws.place}, region {ws.region}",
        f"learner  {learner}: names that begin with {ws.name('')}, objects below {ws.s3()}",
        f"asked    {len(FINDERS)} listings: {', '.join(FINDERS)}",
        *(f"found    {row.kind} {row.name} {row.state}".rstrip() for row in found.itertuples(index=False)),
        "kept     the records of ended jobs and queries, their lineage, CloudWatch's metrics: they cost nothing;",
        f"         the bucket {ws.bucket}, which others may use",
    ]
    if environments := preflight.environments():
        lines.append(f"kept     on this machine, for the next time: {', '.join(environments)}")
    if bill is not None:
        lines.append(f"bill     {ledger.title(bill)}")
    lines.append(f"saved    {path.relative_to(PROJECT).as_posix()}")
    text = "\n".join(lines)
    path.parent.mkdir(exist_ok=True)
    table = f"\n\n{ledger.by(bill).map(dollars).to_string()}" if bill is not None and len(bill) else ""
    path.write_text(f"{text}{table}\n", encoding="utf-8")
    return text
