"""Find what a learner has left running, delete it, and prove that nothing is left."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial

import pandas as pd
from botocore.exceptions import BotoCoreError, ClientError

from helpers import PROJECT, preflight
from helpers.aws.client import is_missing, wait_until
from helpers.cleanup import finders, stored
from helpers.cleanup.finders import entries, running_jobs
from helpers.cleanup.left import Finder, Left, NotDeleted, Whose
from helpers.money import ledger
from helpers.money.costs import dollars
from helpers.show.progress import Progress
from helpers.studio import on_aws
from helpers.workshop import Workshop

RECEIPTS = PROJECT / "out"
# In the order of deletion: first what starts something, last what others write to.
FINDERS: dict[str, Finder] = {
    "rules": finders.rules,
    "workflows and triggers": finders.workflows,
    "pipelines": finders.pipelines,
    "AutoML jobs that run": partial(running_jobs, "AutoML job", "auto_ml", "AutoML"),
    "tuning jobs that run": partial(running_jobs, "tuning job", "hyper_parameter_tuning", "HyperParameterTuning"),
    "training jobs that run": partial(running_jobs, "training job", "training", "Training"),
    "processing jobs that run": partial(running_jobs, "processing job", "processing", "Processing"),
    "transform jobs that run": partial(running_jobs, "transform job", "transform", "Transform"),
    "endpoints": finders.endpoints,
    "endpoint configurations": partial(entries, "endpoint configuration", "endpoint_config", "EndpointConfig"),
    "models": partial(entries, "model", "model", "Model"),
    "model packages and groups": finders.packages,
    "Glue jobs": finders.glue_jobs,
    "crawlers": finders.crawlers,
    "databases": finders.databases,
    "log groups and streams": finders.log_groups,
    "alarms": finders.alarms,
    "objects": stored.objects,
    "unfinished uploads": stored.unfinished_uploads,
    "old versions": stored.old_versions,
    "budgets": finders.budgets,
}
HOSTING = ("endpoints", "endpoint configurations", "models")
AUTOMATION = ("rules", "workflows and triggers", "pipelines", "model packages and groups")
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden", "403")


def hosting(ws: Workshop) -> pd.DataFrame:
    """This learner's endpoints, endpoint configurations and models: kind, name, state.

    Only endpoints cost money as long as they exist; configurations and models are entries in a list.
    """
    return _table(ws, HOSTING)


def delete_hosting(ws: Workshop) -> None:
    """Delete all that `hosting` lists, and wait until the endpoints are gone. Nothing there is no error.

    Raises:
        TimeoutError: an endpoint still exists after ten minutes.
    """
    _delete_kinds(ws, HOSTING)


def wait_until_deleted(ws: Workshop) -> None:
    """Wait until this learner has no endpoint that is being deleted. Raises TimeoutError after ten minutes."""
    wait_until(lambda: all(left.state != "Deleting" for left in finders.endpoints(ws)), "end of an endpoint")


def automation(ws: Workshop) -> pd.DataFrame:
    """This learner's rules, triggers, workflows, pipelines and model packages: kind, name, state.

    None of it costs anything while nothing happens.
    """
    return _table(ws, AUTOMATION)


def delete_automation(ws: Workshop) -> None:
    """Delete all that `automation` lists, what starts something first, so that nothing new begins meanwhile.

    Executions that run are stopped, and waited for.

    Raises:
        TimeoutError: an execution has not stopped after ten minutes.
    """
    _delete_kinds(ws, AUTOMATION)


def everything(ws: Workshop) -> pd.DataFrame:
    """All that this learner has in the account: kind, name, state. It deletes nothing.

    What AWS does not let this role look at is a row, too: its state names the permission that is missing.
    """
    return _table(ws, tuple(FINDERS))


def _table(ws: Workshop, every: Iterable[str]) -> pd.DataFrame:
    rows: list[tuple[str, str, str]] = []
    for kinds in every:
        found, problem = look(FINDERS[kinds], ws)
        rows += [(left.kind, left.name, left.state) for left in found]
        rows += [(kinds, "unknown", f"⚠️ {problem}")] if problem else []
    return pd.DataFrame(rows, columns=["kind", "name", "state"])


def _delete_kinds(ws: Workshop, every: Iterable[str]) -> None:
    for kinds in every:
        for left in list(FINDERS[kinds](ws)):
            left.delete()


def delete_everything(ws: Workshop) -> None:
    """Delete all that `everything` lists, with a line that says how far it is. Nothing there is no error.

    What cannot be deleted is printed with the reason, and the rest is deleted all the same. Some things go with others,
    as a Glue job's log groups with the job: they are counted apart.
    """
    progress, number, problems = Progress("Clean up"), 0, []
    progress.update("looking for what is there")
    there = len(everything(ws))
    for kinds, find in FINDERS.items():
        progress.update(f"looking for {kinds}")
        found, problem = look(find, ws)
        problems += [f"{kinds}: {problem}"] if problem else []
        for left in found:
            progress.update(f"{left.kind} {left.name}")
            problem = delete(left)
            number += not problem
            problems += [problem] if problem else []
    gone = there - number - len(problems)
    with_them = f", {gone} gone with them" if gone > 0 else ""
    progress.end(f"{number} things deleted{with_them}, {len(problems)} not", good=not problems)
    for problem in problems:
        print(f"⚠️ {problem}")


def look(find: Finder, ws: Whose) -> tuple[list[Left], str]:
    """What is found, and why the search ended before its end, or nothing."""
    found: list[Left] = []
    try:
        for left in find(ws):  # one by one: what was found before an error stays
            found.append(left)
    except (ClientError, BotoCoreError) as error:
        return found, why(error)
    return found, ""


def delete(left: Left) -> str:
    """Delete one thing; returns why it is still there, or nothing."""
    try:
        left.delete()
    except ClientError as error:
        return "" if is_missing(error) else f"{left.kind} {left.name}: {why(error)}"
    except (BotoCoreError, NotDeleted, TimeoutError) as error:
        return f"{left.kind} {left.name}: {error}"
    return ""


def why(error: ClientError | BotoCoreError) -> str:
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
    if on_aws():
        lines.append("kept     your Studio space, if you work in one: stop it and delete it yourself, its disk costs")
    if bill is not None:
        lines += [f"bill     {ledger.title(bill)}", *ledger.assumed("         ").splitlines()]
    lines.append(f"saved    {path.relative_to(PROJECT).as_posix()}")
    text = "\n".join(lines)
    path.parent.mkdir(exist_ok=True)
    table = f"\n\n{ledger.by(bill).map(dollars).to_string()}" if bill is not None and len(bill) else ""
    path.write_text(f"{text}{table}\n", encoding="utf-8")
    return text
