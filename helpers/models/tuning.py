"""What searches of the course share: names that fit, and the metric that they are judged by."""

from __future__ import annotations

import time

from helpers.models.training import METRICS
from helpers.workshop import Workshop

OBJECTIVE = "validation:accuracy"
# The tuner of the SDK wants them anew: it does not take over those of its trainer.
METRIC_DEFINITIONS = [{"Name": metric.name, "Regex": metric.regex} for metric in METRICS]
_LONGEST = 32  # characters of the name of a tuning or an AutoML job: their trials' names, of 63, begin with it


def job_name(ws: Workshop, what: str) -> str:
    """A new name for a tuning or AutoML job, such as `dsaws-ada-random-692205a1`: the learner, what for, the time."""
    stamp = f"-{int(time.time()):x}"
    return ws.name(what)[: _LONGEST - len(stamp)].rstrip("-") + stamp
