"""Lesson 12's Your turn: the worked answer, another right one, and plausible wrong ones with words of their hints.

The tests prove them all; the check brings its own objects.
"""

from typing import Any

# solution
import boto3


def my_alarm(ws):
    s3, found = boto3.client("s3"), []
    for beginning in (f"{ws.prefix}/", ws.name("")):
        listing = s3.list_objects_v2(Bucket=ws.bucket, Prefix=beginning)
        found += [item["Key"] for item in listing.get("Contents", [])]
    return found


# end solution


def _below(*beginnings: str) -> Any:
    """An alarm that looks below these beginnings of keys, with PREFIX and NAME for the learner's two."""

    def alarm(ws: Any) -> list[str]:
        bucket = boto3.resource("s3").Bucket(ws.bucket)
        places = [beginning.format(PREFIX=f"{ws.prefix}/", NAME=ws.name("")) for beginning in beginnings]
        return [item.key for place in places for item in bucket.objects.filter(Prefix=place)]

    return alarm


RIGHT = {"my_alarm": {"by the resource": _below("{NAME}", "{PREFIX}")}}
WRONG = {
    "my_alarm": {
        _below("{PREFIX}"): "missed `dsaws-",
        _below("{NAME}"): "below your prefix",
        lambda ws: []: "was silent",
        lambda ws: boto3.client("s3").list_objects_v2(Bucket=ws.bucket, Prefix=ws.prefix)["KeyCount"]: "returns a int",
        lambda ws: [*_below("{PREFIX}", "{NAME}")(ws), "data-science-on-aws/neighbour/raw.csv"]: "not yours",
        "s3.list_objects_v2": "A function is asked for",
    }
}
