"""Retry policies of steps: which failures are of which type, and when to try again.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html
"""

from __future__ import annotations

from typing import Any

from localcloud.protocol import ServiceError

TYPES = {
    *("Step.SERVICE_FAULT", "Step.THROTTLING"),
    *("SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"),
}
DEFAULT_ATTEMPTS = 5
MAXIMUM_ATTEMPTS, MAXIMUM_MINUTES = 20, 14400
_NOT_RETRIED = ("Condition", "Fail", "Endpoint")
_RETRIED_INSIDE = ("Tuning",)  # such a job retries its own training jobs


def problem(policies: tuple[Any, ...], step_type: str) -> str | None:
    """What is wrong with the RetryPolicies of a step, or None."""
    if policies and step_type in _NOT_RETRIED:
        return f"steps of type {step_type} have no RetryPolicies."
    for policy in policies:
        kinds = policy.get("ExceptionType")
        if not kinds or not isinstance(kinds, list) or set(kinds) - TYPES:
            return f"the ExceptionType of a retry policy is a list of {', '.join(sorted(TYPES))}, not {kinds!r}."
        if "MaxAttempts" in policy and "ExpireAfterMin" in policy:
            return "a retry policy has either MaxAttempts or ExpireAfterMin."
        for member, low, high in (
            ("MaxAttempts", 1, MAXIMUM_ATTEMPTS),
            ("ExpireAfterMin", 1, MAXIMUM_MINUTES),
            ("IntervalSeconds", 0, None),
            ("BackoffRate", 0, None),
        ):
            value = policy.get(member, low)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or value < low or (high and value > high):
                return f"the {member} of a retry policy must be at least {low}{f', at most {high}' if high else ''}."
    return None


def type_of_refusal(error: Exception) -> str | None:
    """The exception type of a Create call that was refused or that broke, or None."""
    if not isinstance(error, ServiceError) or error.status >= 500:
        return "Step.SERVICE_FAULT"
    if error.code in ("ResourceLimitExceeded", "ResourceLimitExceededException"):
        return "SageMaker.RESOURCE_LIMIT"
    return "Step.THROTTLING" if error.code == "ThrottlingException" else None


def type_of_failure(reason: str, step_type: str) -> str | None:
    """The exception type of a job's FailureReason, or None: the job itself is to blame."""
    if reason.startswith("CapacityError"):
        return "SageMaker.CAPACITY_ERROR"
    if reason.startswith("InternalServerError") and step_type not in _RETRIED_INSIDE:
        return "SageMaker.JOB_INTERNAL_ERROR"
    return None


def wait_before_next(policies: tuple[dict[str, Any], ...], kind: str | None, earlier: int, age: float) -> float | None:
    """Seconds until the next attempt, or None: no more.

    Args:
        kind: the exception type of the failure.
        earlier: how often this step has been retried already.
        age: seconds since the first attempt began.
    """
    policy = next((one for one in policies if kind in one["ExceptionType"]), None)
    if policy is None:
        return None
    wait = float(policy.get("IntervalSeconds", 1) * policy.get("BackoffRate", 2.0) ** earlier)
    if "ExpireAfterMin" in policy:
        return wait if age + wait <= 60 * policy["ExpireAfterMin"] else None
    return wait if earlier < policy.get("MaxAttempts", DEFAULT_ATTEMPTS) else None
