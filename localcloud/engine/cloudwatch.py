"""The engine's CloudWatch, corrected (ministack 1.5.33, pinned exactly): it keeps the data, reading them is ours.

There, a request without dimensions reads the metrics of all dimensions together (on AWS, the one metric that has none),
units, resolutions, pages and limits are not read, and an alarm looks at no single period.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import math
import re
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
HOUR = 3600
STATISTICS = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")
_MOST_POINTS, _PAGE_OF_METRICS, _PAGE_OF_DATA = 1440, 500, 100_800


class Refused(Exception):
    """A request that CloudWatch does not take: its code and a message."""


def correct(cloudwatch: Any) -> None:
    """Put the corrections into the engine's CloudWatch module, once."""
    put = cloudwatch._put_metric_data

    def put_metric_data(params: Any, request: Json, is_cbor: bool, is_json: bool = False) -> Any:
        try:
            data = [_kept(datum) for datum in request["MetricData"]]
        except Refused as refused:
            return _refuse(cloudwatch, refused)
        return put(params, {**request, "MetricData": data}, is_cbor, is_json)

    cloudwatch._put_metric_data = put_metric_data
    cloudwatch._list_metrics = answering(cloudwatch, _list_metrics)
    cloudwatch._get_metric_statistics = answering(cloudwatch, _statistics)
    cloudwatch._get_metric_data = answering(cloudwatch, _metric_data)


def answering(cloudwatch: Any, answer: Callable[[Any, Json], Json]) -> Callable[..., Any]:
    """A handler of the engine's, by what answers a request in JSON; the door turns CBOR into that."""

    def handler(params: Any, request: Json, is_cbor: bool, is_json: bool = False) -> Any:
        try:
            return cloudwatch._json_ok(answer(cloudwatch, request))
        except Refused as refused:
            return _refuse(cloudwatch, refused)

    return handler


def _refuse(cloudwatch: Any, refused: Refused) -> Any:
    code, message = refused.args
    return cloudwatch._error(code, message, 400, use_json=True)


def _kept(datum: Json) -> Json:
    """A datum as it is kept: of standard resolution, at its minute."""
    name, now = datum["MetricName"], time.time()
    forms = [form for form in ("Value", "Values", "StatisticValues") if form in datum]
    if len(forms) != 1:
        message = f"{name} needs one of Value, Values and StatisticValues; it has {', '.join(forms) or 'none'}."
        raise Refused("InvalidParameterCombination", message)
    values, counts = datum.get("Values", []), datum.get("Counts")
    if len(values) > 150 or (counts is not None and len(counts) != len(values)):
        raise Refused("InvalidParameterValue", f"Values of {name} are at most 150, and Counts as many.")
    statistics = datum.get("StatisticValues", {})
    for value in [datum.get("Value", 0), *values, *statistics.values()]:
        if not abs(value) <= 2.0**360:
            raise Refused("InvalidParameterValue", f"A value of {name} is not from -2^360 to 2^360.")
    resolution = datum.get("StorageResolution", 60)
    if resolution not in (1, 60):
        raise Refused("InvalidParameterValue", f"StorageResolution of {name} is 1 or 60.")
    moment = datum.get("Timestamp", now)
    if not now - 14 * 24 * HOUR < moment < now + 2 * HOUR:
        raise Refused("InvalidParameterValue", f"Timestamp of {name} is over two weeks ago or two hours ahead.")
    return {**datum, "Timestamp": moment // resolution * resolution}


def _list_metrics(cloudwatch: Any, request: Json) -> Json:
    active = time.time() - 3 * HOUR if "RecentlyActive" in request else 0
    found: list[Json] = []
    for (namespace, name, _), points in sorted(cloudwatch._metrics.items()):
        if request.get("Namespace", namespace) != namespace or request.get("MetricName", name) != name or not points:
            continue
        own = points[0]["Dimensions"]
        asked = {(one["Name"], one.get("Value", own.get(one["Name"]))) for one in request.get("Dimensions", [])}
        if asked <= set(own.items()) and any(point["Timestamp"] >= active for point in points):
            dimensions = [{"Name": key, "Value": value} for key, value in own.items()]
            found.append({"Namespace": namespace, "MetricName": name, "Dimensions": dimensions})
    first = offset(request.get("NextToken"), len(found))
    last = first + _PAGE_OF_METRICS
    return {"Metrics": found[first:last], **({"NextToken": str(last)} if last < len(found) else {})}


def offset(token: str | None, count: int) -> int:
    """Where the page of a token begins; a token that none was given for is an error."""
    if token is None:
        return 0
    if not re.fullmatch("[0-9]{1,9}", token) or not 0 < int(token) < count:
        raise Refused("InvalidNextToken", "The NextToken is invalid: give the one of the last page.")
    return int(token)


def points_of(cloudwatch: Any, metric: Json, unit: str | None) -> list[Json]:
    """The points of the metric of exactly these dimensions; of one unit, or of all."""
    dimensions = cloudwatch._dims_from_list(metric.get("Dimensions") or [])
    key = metric["Namespace"], metric["MetricName"], cloudwatch._dims_key(dimensions)
    return [point for point in cloudwatch._metrics.get(key) or [] if unit in (None, point["Unit"])]


def value_of(cloudwatch: Any, points: list[Json], statistic: str) -> float | None:
    """A statistic of the points of one period; None when there is none, as of a percentile of a statistic set."""
    statistics = cloudwatch._calc_stats(points)
    if not statistics:
        return None
    found: float | None = cloudwatch._stat_value(statistics, statistic, points)
    return found


def check_statistic(statistic: str) -> None:
    percentile = re.fullmatch(r"p(\d{1,3}(\.\d{1,10})?)", statistic)
    if statistic not in STATISTICS and not (percentile and float(percentile[1]) <= 100):
        offered = f"{', '.join(STATISTICS)}, and percentiles from p0 to p100"
        raise Refused("InvalidParameterValue", f"{statistic} is not offered by the local AWS: there are {offered}.")


def check_period(period: int) -> None:
    if period not in (1, 5, 10, 20, 30) and (period < 60 or period % 60):
        raise Refused("InvalidParameterValue", f"Period {period} is none of 1, 5, 10, 20, 30 and multiples of 60.")


def _in_periods(points: list[Json], request: Json, period: int) -> dict[int, list[Json]]:
    """The points from StartTime, rounded down as on AWS, until before EndTime; by the start of their period."""
    check_period(period)
    if request["StartTime"] >= request["EndTime"]:
        raise Refused("InvalidParameterValue", "StartTime must be before EndTime.")
    step = min(period, 60)
    start = request["StartTime"] // step * step
    found: dict[int, list[Json]] = defaultdict(list)
    for point in points:
        if start <= point["Timestamp"] < request["EndTime"]:
            found[int(point["Timestamp"] // period) * period].append(point)
    return dict(sorted(found.items()))


def _statistics(cloudwatch: Any, request: Json) -> Json:
    """GetMetricStatistics: a datapoint for each period and unit."""
    plain, extended = request.get("Statistics", []), request.get("ExtendedStatistics", [])
    if bool(plain) == bool(extended):
        raise Refused("InvalidParameterCombination", "Give one of Statistics and ExtendedStatistics.")
    for statistic in extended:
        check_statistic(statistic)
    period = request["Period"]
    periods = _in_periods(points_of(cloudwatch, request, request.get("Unit")), request, period)
    count = math.ceil((request["EndTime"] - request["StartTime"]) / period)
    if count > _MOST_POINTS:
        message = f"You have requested up to {count} datapoints, which exceeds the limit of {_MOST_POINTS}."
        raise Refused("InvalidParameterCombination", f"{message} Ask for a longer Period or a shorter time.")
    found: list[Json] = []
    for start, points in periods.items():
        for unit in dict.fromkeys(point["Unit"] for point in points):
            same = [point for point in points if point["Unit"] == unit]
            values = {name: value_of(cloudwatch, same, name) for name in [*plain, *extended]}
            values = {name: value for name, value in values.items() if value is not None}
            told = values if plain else {"ExtendedStatistics": values}
            found += [{"Timestamp": start, "Unit": unit, **told}] if values else []
    return {"Label": request["MetricName"], "Datapoints": found}


def _metric_data(cloudwatch: Any, request: Json) -> Json:
    """GetMetricData: pages of MaxDatapoints over the points of all queries, one after the other."""
    queries = request["MetricDataQueries"]
    if len({query["Id"] for query in queries}) < len(queries) or len(queries) > _PAGE_OF_METRICS:
        raise Refused("ValidationError", f"MetricDataQueries are at most {_PAGE_OF_METRICS}, with Ids of their own.")
    series: list[tuple[Json, list[tuple[int, float]]]] = []
    for query in queries:
        points = _series(cloudwatch, query, request)
        if query.get("ReturnData", True):
            label = query.get("Label", query["MetricStat"]["Metric"]["MetricName"])
            series.append(({"Id": query["Id"], "Label": label}, points))
    count = sum(len(points) for _, points in series)
    most = min(request.get("MaxDatapoints", _PAGE_OF_DATA), _PAGE_OF_DATA)
    first = offset(request.get("NextToken"), count)
    last, before, results = first + most, 0, list[Json]()
    for result, points in series:
        page = points[max(first - before, 0) : max(last - before, 0)]
        whole = before + len(points) <= last
        if page or (not points and first == 0):
            results.append(
                {
                    **result,
                    "Timestamps": [moment for moment, _ in page],
                    "Values": [value for _, value in page],
                    "StatusCode": "Complete" if whole else "PartialData",
                }
            )
        before += len(points)
    return {"MetricDataResults": results, **({"NextToken": str(last)} if last < count else {})}


def _series(cloudwatch: Any, query: Json, request: Json) -> list[tuple[int, float]]:
    if not re.fullmatch(r"[a-z]\w*", query["Id"], re.ASCII):
        raise Refused("ValidationError", f"The Id {query['Id']} must begin with a lowercase letter and be a word.")
    if "MetricStat" not in query:
        raise Refused("ValidationError", f"The query {query['Id']} needs a MetricStat.")
    if "${" in query.get("Label", ""):
        raise Refused("ValidationError", "Labels with ${...} are not offered by the local AWS: give a plain Label.")
    asked = query["MetricStat"]
    check_statistic(asked["Stat"])
    periods = _in_periods(points_of(cloudwatch, asked["Metric"], asked.get("Unit")), request, asked["Period"])
    values = [(start, value_of(cloudwatch, points, asked["Stat"])) for start, points in periods.items()]
    found = [(start, value) for start, value in values if value is not None]
    return found if request.get("ScanBy") == "TimestampAscending" else found[::-1]
