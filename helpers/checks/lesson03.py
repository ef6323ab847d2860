"""Lesson 03's Your turn: a cleaning rule in Spark, put into the lesson's script and run as a Glue job on all."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import boto3
import pandas as pd

from helpers.aws import jobs
from helpers.checks.exercise import Exercise
from helpers.data import lake
from helpers.money import budget, costs
from helpers.workshop import Workshop

AS_IT_IS = 'F.col("review")'  # what the lesson's script does to a review
BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def mistake_in_rule(rule: Any, ws: Workshop, script: str) -> str | None:
    """Run the lesson's job with the learner's rule, which is billed as any, and return the hint for what it wrote."""
    if not isinstance(rule, str):
        return f'`my_rule` is a {type(rule).__name__}; write the expression as text: `my_rule = "F.…"`.'
    try:
        compile(rule.strip(), "my_rule", "eval")
    except SyntaxError as error:
        return f"Python cannot read it as one expression: {error.msg}."
    if AS_IT_IS not in script:
        return f"The script has no `{AS_IT_IS}` any more, where your rule is to stand. Run its cell again."
    try:
        _run(ws, script.replace(AS_IT_IS, rule.strip()))
    except jobs.JobFailed as error:
        return f"The job ends as {str(error).splitlines()[0]}"
    written = pd.read_parquet(ws.s3("scratch/first/"))
    return mistake_in_texts(texts(ws), dict(zip(written["review_id"], written["review"], strict=True)))


def texts(ws: Workshop) -> dict[str, str]:
    """The raw reviews by their ids: of lines that can be read, and ids that are there once."""
    found: dict[str, list[str]] = {}
    for line in lake.lines(ws, "raw/reviews/"):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and row.get("review") and row.get("review_id"):
            found.setdefault(row["review_id"], []).append(row["review"])
    return {review_id: several[0] for review_id, several in found.items() if len(several) == 1}


def mistake_in_texts(before: Mapping[str, str], after: Mapping[str, str | None]) -> str | None:
    """What a rule got wrong: a break that is left, words glued, lost or changed.

    Of a review with other markup or entities the words are not compared: a rule may clean these, too.
    """
    left = [review_id for review_id in before if BREAK.search(after.get(review_id) or "")]
    if left:
        return f"A line break is still in {len(left):,} reviews. They are written as `<br />`."
    for review_id, text in before.items():
        plain = BREAK.sub(" ", text)
        if "<" in plain or "&" in plain:
            continue
        wanted, got = plain.split(), (after.get(review_id) or "").split()
        if got != wanted:
            return f"{_why_words_differ(got, wanted)} See the review {review_id}."
    return None


def _why_words_differ(got: list[str], wanted: list[str]) -> str:
    if "".join(got) == "".join(wanted):
        return "Words are glued together where a line break was. Put a space in its place."
    if len(got) < len(wanted):
        return "Words are lost with the line breaks: `.*` goes on to the last `>` of a review."
    return "Your rule changes more than line breaks: the words are not those of the raw review."


def _run(ws: Workshop, script: str) -> None:
    glue, first = boto3.client("glue"), ws.name("reviews-etl-first")
    boto3.client("s3").put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/jobs/first.py", Body=script)
    budget.check(ws, costs.glue_job(dpus=2, minutes=1))
    paths = {"--raw_path": ws.s3("raw/reviews/"), "--out_path": ws.s3("scratch/first/")}
    jobs.wait_for_glue(first, glue.start_job_run(JobName=first, Arguments=paths)["JobRunId"])


turn = Exercise(
    lab="lesson_03",
    name="my_rule",
    find_mistake=mistake_in_rule,
    hints=(
        'Begin with `my_rule = \'F.regexp_replace("review", "…", "…")\'`: what is to go, and what comes in its place?',
        "A break is written `<br />`: that is the pattern, as it stands. In its place a space, or words are glued.",
    ),
    when_correct="Your rule ran on every review in the lake: no line break is left, and no word is lost.",
    uses=("ws", "script"),
)
