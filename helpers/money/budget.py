"""A budget of this learner's: set once, in lesson 00, checked before each launch that costs.

It is kept in the learner's part of S3, and compared with the ledger: at once, on AWS as at home (there, with what it
would cost). AWS's own Budgets watch the bill of a whole account, up to a day late; one is made, too.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pandas as pd
from botocore.exceptions import ClientError

from helpers.money import ledger
from helpers.money.costs import Estimate, dollars
from helpers.workshop import Workshop

WARNING = 0.8
_KEY = "budget.json"


class OverBudget(RuntimeError):
    """This launch would go past the budget; the message says how to go on all the same."""


def set_budget(ws: Workshop, usd: float = 5.0, *, email: str = "") -> None:
    """Set or change what this learner wants to spend in the whole course, here and in AWS Budgets (`watch_account`).

    What was spent before the first setting does not count.

    Args:
        email: where AWS Budgets is to write when the account's bill reaches 80 % of it; "" for nowhere.
    """
    _check_amount(usd)
    since = (_kept(ws) or {}).get("since") or datetime.now(UTC).isoformat()  # a changed budget counts from the first
    body = json.dumps({"usd": usd, "since": since}).encode()
    boto3.client("s3").put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/{_KEY}", Body=body)
    print(
        f"Your budget is {dollars(usd)}. From {dollars(WARNING * usd)} on you are warned; "
        f"past {dollars(usd)} the check before a launch ends in an error."
    )
    watch_account(ws, usd, email)


def budget(ws: Workshop) -> float | None:
    """The learner's budget in dollars; None when there is none."""
    kept = _kept(ws)
    return float(kept["usd"]) if kept else None


def spent(ws: Workshop) -> float:
    """The dollars of the ledger since the learner's budget was first set: after a clean-up a new one begins at zero."""
    table, since = ledger.read(ws), (_kept(ws) or {}).get("since")
    return ledger.total(table[~(table["started"] < pd.Timestamp(since))] if since else table)


def _kept(ws: Workshop) -> dict[str, Any] | None:
    try:
        content = boto3.client("s3").get_object(Bucket=ws.bucket, Key=f"{ws.prefix}/{_KEY}")["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return None
        raise
    kept: dict[str, Any] = json.loads(content)
    return kept


def check(ws: Workshop, *estimates: Estimate, allow: bool = False) -> None:
    """Print what a launch will cost, and compare it, and what is spent, with the budget: a warning from 80 % on.

    Without a budget nothing is compared.

    Raises:
        OverBudget: the launch would go past the budget, and `allow` does not say that it may.
    """
    for estimate in estimates:
        print(estimate)
    limit = budget(ws)
    if limit is None:
        print("No budget is set. `budget.set_budget(ws, usd=5)` sets one, as in lesson 00.")
        return
    before, coming = spent(ws), sum(estimate.usd for estimate in estimates)
    launch = f", this launch {dollars(coming)}" if estimates else ""
    line = f"so far on AWS {dollars(before)}{launch}, budget {dollars(limit)}"
    if before + coming > limit and not allow:
        raise OverBudget(
            f"This launch goes past your budget: {line}. To launch all the same, check with `allow=True`, "
            "or set a higher budget with `budget.set_budget`."
        )
    share = (before + coming) / limit
    print(f"⚠️ {share:.0%} of the budget: {line}" if share >= WARNING else f"💰 {line}")


def watch_account(ws: Workshop, usd: float, email: str = "") -> None:
    """Make or change a monthly budget in AWS Budgets; AWS writes to `email` when the account has spent 80 % of it.

    It watches all costs of the account, those of other people too: AWS does not know who a learner is. A role that
    may not make budgets is told so, and nothing else changes.

    Source: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CreateBudget.html
    """
    _check_amount(usd)
    budgets, name = boto3.client("budgets"), ws.name("budget")
    wanted: dict[str, Any] = {
        "BudgetName": name,
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": f"{usd:.2f}", "Unit": "USD"},
    }
    notification = {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 100 * WARNING,
        "ThresholdType": "PERCENTAGE",
    }
    subscribers = [{"SubscriptionType": "EMAIL", "Address": email}]
    told = [{"Notification": notification, "Subscribers": subscribers}] if email else []
    try:
        try:
            budgets.create_budget(AccountId=ws.account, Budget=wanted, NotificationsWithSubscribers=told)
        except budgets.exceptions.DuplicateRecordException:
            # It is replaced: a notification cannot be given other addresses in one step.
            budgets.delete_budget(AccountId=ws.account, BudgetName=name)
            budgets.create_budget(AccountId=ws.account, Budget=wanted, NotificationsWithSubscribers=told)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("AccessDeniedException", "AccessDenied"):
            raise
        print(f"⚠️ Your role may not make a budget in AWS Budgets ({error}). Your own, above, holds all the same.")
        return
    mail = f"a mail goes to {email} at {dollars(WARNING * usd)}" if email else "no mail, as no address is given"
    print(f"AWS Budgets watches with {dollars(usd)} a month for the whole account; {mail}.")


def _check_amount(usd: float) -> None:
    if not isinstance(usd, int | float) or not 0 < usd < 1e6:
        raise ValueError(f"A budget of {usd!r} USD is none: give dollars above zero, as `usd=5`.")
