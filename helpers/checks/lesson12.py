"""Lesson 12's Your turn: an alarm for what a clean-up has left, tried on objects that are put there on purpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3

from helpers.checks.exercise import Exercise
from helpers.workshop import connect

_NAME = "alarm-test/left-behind.txt"


def mistake_in_alarm(alarm: Callable[[Any], Any]) -> str | None:
    """Put two objects into the learner's part of S3, ask the alarm, and take them away again."""
    if not callable(alarm):
        return "A function is asked for: `def my_alarm(ws): ...`, which returns the keys that it finds."
    ws = connect(lesson="12", quiet=True)
    planted = [f"{ws.prefix}/{_NAME}", f"{ws.name(_NAME)}"]
    bucket = boto3.resource("s3").Bucket(ws.bucket)
    for key in planted:
        bucket.put_object(Key=key, Body=b"left behind")
    try:
        found = alarm(ws)
    finally:
        for key in planted:
            bucket.Object(key).delete()
    if isinstance(found, str) or not hasattr(found, "__iter__"):
        return f"It returns a {type(found).__name__}; return a list of keys."
    return _mistake_in_keys([str(key) for key in found], planted, (f"{ws.prefix}/", ws.name("")))


def _mistake_in_keys(found: list[str], planted: list[str], own: tuple[str, str]) -> str | None:
    inside, outside = planted
    if inside not in found and outside not in found:
        return "Two objects were there, and your alarm was silent. It must ask S3 each time, and return whole keys."
    if outside not in found:
        return f"It found `{inside}`, and missed `{outside}`: the tuner of the SDK, too, puts its code at the top."
    if inside not in found:
        return f"It found what lies at the top, and missed `{inside}`, below your prefix."
    if foreign := [key for key in found if not key.startswith(own)]:
        return f"It names what is not yours: `{foreign[0]}`. Others work in this bucket, too."
    return None


turn = Exercise(
    lab="lesson_12",
    name="my_alarm",
    find_mistake=mistake_in_alarm,
    hints=(
        "`list_objects_v2(Bucket=ws.bucket, Prefix=...)` has the objects in `Contents`, if there are any.",
        'Your objects begin in two ways: with `f"{ws.prefix}/"`, and at the top of the bucket with `ws.name("")`.',
    ),
    when_correct="It found both objects that were put there a moment ago. An alarm that was tried is worth something.",
)
