"""The engine's AWS Budgets, corrected (ministack 1.5.33, pinned exactly).

There, any account is answered, a wrong token begins anew, what Budgets itself reckons can be written, and limits that
contradict each other are kept.
Source: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localcloud.store.state import ACCOUNT

Json = dict[str, Any]
Operation = Callable[[Json], Any]
_RECKONED = ("CalculatedSpend", "LastUpdatedTime", "HealthStatus")
_PLANNED = {"MONTHLY": 12, "QUARTERLY": 4}  # time unit -> how many limits are planned
_ROOTS = ("Or", "And", "Not", "Dimensions", "Tags", "CostCategories")


def correct(budgets: Any) -> None:
    """Put the corrections into the engine's Budgets module, once."""
    for operation, answer in budgets._DISPATCH.items():
        budgets._DISPATCH[operation] = _corrected(budgets, answer)


def _corrected(budgets: Any, answer: Operation) -> Operation:
    def refuse(code: str, message: str) -> Any:
        return budgets.error_response_json(code, message, 400)

    def corrected(data: Json) -> Any:
        account, token = data.get("AccountId", ACCOUNT), data.get("NextToken")
        if account != ACCOUNT:
            return refuse("AccessDeniedException", f"Account {ACCOUNT} has no access to the budgets of {account}.")
        for name in {"Budget", "NewBudget"} & set(data):
            problem = problem_of(data[name])
            if problem:
                return refuse("InvalidParameterException", problem)
            data[name] = {member: value for member, value in data[name].items() if member not in _RECKONED}
        for notification in _notifications(data):
            notification["NotificationState"] = "OK"
        status, headers, body = answer(data)
        if token is not None and status == 200:
            listed = next(value for value in json.loads(body).values() if isinstance(value, list))
            if not (token.isascii() and token.isdecimal()) or not listed:
                return refuse("InvalidNextTokenException", "The NextToken is invalid: give the one of the last page.")
        return status, headers, body

    return corrected


def problem_of(budget: Json) -> str:
    """What AWS would say against a budget's limits, period or filter; "" when all is well."""
    limit, planned, unit = budget.get("BudgetLimit"), budget.get("PlannedBudgetLimits"), budget.get("TimeUnit", "")
    period = budget.get("TimePeriod") or {}
    if limit and planned:
        return "Give one of BudgetLimit and PlannedBudgetLimits, not both."
    if not limit and not planned and budget.get("BudgetType") in ("COST", "USAGE"):
        return "A budget of this type needs a BudgetLimit or PlannedBudgetLimits."
    if planned and (unit not in _PLANNED or len(planned) != _PLANNED[unit] or not all(map(str.isdecimal, planned))):
        return "PlannedBudgetLimits are 12 of a MONTHLY or 4 of a QUARTERLY budget, by their starts in epoch seconds."
    if period.get("Start", 0) >= period.get("End", float("inf")):
        return "TimePeriod.Start must be before TimePeriod.End."
    if budget.get("FilterExpression") and not _is_expression(budget["FilterExpression"]):
        return f"Each expression of a FilterExpression has one of {', '.join(_ROOTS)}; Or and And have two or more."
    return ""


def _is_expression(expression: Json) -> bool:
    if len(expression) != 1:
        return False
    ((root, value),) = expression.items()
    if root in ("Or", "And"):
        return len(value) > 1 and all(map(_is_expression, value))
    return _is_expression(value) if root == "Not" else True


def _notifications(data: Json) -> list[Json]:
    """The notifications that a request makes or changes."""
    entries = [entry["Notification"] for entry in data.get("NotificationsWithSubscribers") or ()]
    return entries + [data[name] for name in ("Notification", "NewNotification") if name in data]
