"""Lesson 05's Your turn: a training job that differs from the first in one hyperparameter, the learner's choice."""

from __future__ import annotations

from typing import Any

from helpers.aws import jobs
from helpers.aws.client import client
from helpers.checks.exercise import Exercise
from helpers.models.training import job_name

DEFAULTS = {"ngram-max": 3, "min-df": 3, "max-features": None, "nb-alpha": 1.0, "C": 16.0}  # of jobs/sklearn/train.py
_METRIC = "validation:accuracy"


def mistake_in_change(change: Any, trainer: Any, channels: Any, job: jobs.Json) -> str | None:
    """Start a job with this change, which is billed as any, say how it did, and return the hint for what is wrong.

    Args:
        change: the name of a hyperparameter, and its value.
        trainer, channels, job: the lesson's function and its channels, and the first job as it was described.
    """
    if not isinstance(change, list | tuple) or len(change) != 2:
        return 'Two things are asked for, a name and a value, as `("ngram-max", 2)`.'
    name, value = change
    if name not in DEFAULTS:
        return f"`train.py` knows no argument `{name}`: the job would end at once. It knows {', '.join(DEFAULTS)}."
    if value == DEFAULTS[name]:
        return f"The first job has `{name}` = {value}, too: you would pay for the same model again."
    yours = trainer("mine", {"ngram-max": 3, name: value})
    yours.train(input_data_config=channels, wait=False, logs=False)
    try:
        ended = jobs.wait_for_training(job_name(yours))
    except jobs.JobFailed:
        failed = client("sagemaker").describe_training_job(TrainingJobName=job_name(yours))
        return f"The job has failed, and is billed: `{failed['FailureReason'][:300]}`"
    before, after = jobs.final_metrics(job)[_METRIC], jobs.final_metrics(ended)[_METRIC]
    print(f"With {name} = {value} {_METRIC} is {after:.4f}; the first job has {before:.4f}.")
    return None


turn = Exercise(
    lab="lesson_05",
    name="my_change",
    find_mistake=mistake_in_change,
    hints=(
        "`min-df` is how many reviews must use an n-gram: what if rarer ones count, too, or only frequent ones?",
        '`("C", 1)` is a way between the jobs "strict" and "three".',
    ),
    when_correct="A job of your own, with one difference to the first. What it changed, the line above says.",
    uses=("trainer", "channels", "job"),
)
