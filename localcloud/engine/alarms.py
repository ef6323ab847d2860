"""The engine's CloudWatch alarms, corrected: looked at period by period, and found by what they are.

The engine takes all data of a metric's name together, whatever the dimensions, and looks when data come, not when time
goes by. Here an alarm is looked at whenever it is described. It tells nobody: actions are refused.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
import time
from typing import Any

from localcloud.engine.cloudwatch import Json, Refused, answering, check_period, check_statistic, points_of, value_of

_BREACHES = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")
_MORE = 2  # periods that are looked at beyond those that are evaluated, for data in place of missing ones
_OF_A_METRIC = ("Namespace", "MetricName", "Statistic", "ExtendedStatistic", "Period", "Unit")


def correct(cloudwatch: Any) -> None:
    """Put the corrections into the engine's CloudWatch module, once."""
    put, describe = cloudwatch._put_metric_alarm, cloudwatch._describe_alarms

    def put_metric_alarm(params: Any, request: Json, is_cbor: bool, is_json: bool = False) -> Any:
        problem = _problem(request)
        if problem:
            return cloudwatch._error("ValidationError", problem, 400, use_json=True)
        answer = put(params, request, is_cbor, is_json)
        if "ExtendedStatistic" in request and answer[0] == 200:
            del cloudwatch._alarms[request["AlarmName"]]["Statistic"]  # the engine's default
        return answer

    def describe_alarms(params: Any, request: Json, is_cbor: bool, is_json: bool = False) -> Any:
        cloudwatch._evaluate_all_alarms()
        if "AlarmNames" in request and "AlarmNamePrefix" in request:
            message = "Give one of AlarmNames and AlarmNamePrefix."
            return cloudwatch._error("ValidationError", message, 400, use_json=True)
        if "ActionPrefix" in request:  # no alarm here has an action
            return cloudwatch._json_ok({"MetricAlarms": [], "CompositeAlarms": []})
        if "NextToken" in request and request["NextToken"] not in cloudwatch._alarms:
            message = "The NextToken is invalid: give the one of the last page."
            return cloudwatch._error("InvalidNextToken", message, 400, use_json=True)
        return describe(params, request, is_cbor, is_json)

    def evaluate(alarm: Json) -> None:
        _evaluate(cloudwatch, alarm)

    cloudwatch._put_metric_alarm = put_metric_alarm
    cloudwatch._describe_alarms = describe_alarms
    cloudwatch._describe_alarms_for_metric = answering(cloudwatch, _of_a_metric)
    cloudwatch._evaluate_alarm = evaluate


def _problem(request: Json) -> str:
    """What CloudWatch would say against an alarm on one metric; "" when all is well."""
    needed = ("MetricName", "Namespace", "Period", "Threshold")
    missing = [name for name in needed if name not in request]
    if missing:
        return f"An alarm on a metric needs {', '.join(missing)}."
    if ("Statistic" in request) == ("ExtendedStatistic" in request):
        return "Give one of Statistic and ExtendedStatistic."
    try:
        check_statistic(request.get("Statistic") or request["ExtendedStatistic"])
        check_period(request["Period"])
    except Refused as refused:
        return str(refused.args[1])
    if request.get("TreatMissingData", "missing") not in _TREATMENTS:
        return f"TreatMissingData is one of {', '.join(_TREATMENTS)}."
    if request.get("DatapointsToAlarm", 1) > request["EvaluationPeriods"]:
        return "DatapointsToAlarm must not be more than EvaluationPeriods."
    return ""


def _of_a_metric(cloudwatch: Any, request: Json) -> Json:
    """DescribeAlarmsForMetric: the alarms on exactly this metric, with what else is given."""
    cloudwatch._evaluate_all_alarms()

    def dimensions(alarm: Json) -> Json:
        found: Json = cloudwatch._dims_from_list(alarm.get("Dimensions") or [])
        return found

    def fits(alarm: Json) -> bool:
        same = all(alarm.get(name) == request[name] for name in _OF_A_METRIC if name in request)
        return same and dimensions(alarm) == dimensions(request)

    return {"MetricAlarms": [alarm for alarm in cloudwatch._alarms.values() if fits(alarm)]}


def _evaluate(cloudwatch: Any, alarm: Json) -> None:
    period, count = alarm["Period"], alarm["EvaluationPeriods"]
    statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
    end = time.time() // period * period  # whole periods only
    values: list[float] = []
    points = points_of(cloudwatch, alarm, alarm.get("Unit"))
    for number in range(1, count + _MORE + 1):
        start = end - number * period
        within = [point for point in points if start <= point["Timestamp"] < start + period]
        value = value_of(cloudwatch, within, statistic)
        if value is not None and len(values) < count:
            values.append(value)
    breaches = _BREACHES[alarm["ComparisonOperator"]]
    breaching = sum(breaches(value, alarm["Threshold"]) for value in values)
    old, needed = alarm["StateValue"], alarm.get("DatapointsToAlarm") or count
    new = state_of(alarm["TreatMissingData"], breaching, len(values), needed, count) or old
    if new != old:
        told = ", ".join(f"{value:g}" for value in values) or "no data"
        reason = f"{breaching} of the last {len(values)} datapoints ({told}) cross {alarm['Threshold']:g}."
        alarm.update(StateValue=new, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
        cloudwatch._record_history(alarm["AlarmName"], old, new, reason)


def state_of(treatment: str, breaching: int, present: int, needed: int, count: int) -> str | None:
    """The state by the datapoints of the last periods; None: as it was.

    Args:
        treatment: what a period without data counts as.
        breaching: how many of those that are present cross the threshold.
        needed: how many must, of `count` periods.
    """
    missing = count - present
    if treatment == "breaching":
        breaching += missing
    elif treatment == "missing":
        if not present:
            return "INSUFFICIENT_DATA"
        needed = min(needed, present)
    elif treatment == "ignore" and breaching < needed <= breaching + missing:
        return None
    return "ALARM" if breaching >= needed else "OK"
