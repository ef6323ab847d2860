"""A request to a serverless endpoint: the memory and the milliseconds that are billed, assumed here for all lessons.

AWS bills by the millisecond that a request keeps the container at work. Nobody has measured that on AWS for this
course; what was measured at home stands in. `USUAL_MS` is of the course's model, as the benchmark of the dearer ones
(`benchmarks/dearer_model.py`) found it, so lessons 07, 09 and 11 lead with one number.
"""

from __future__ import annotations

import json

from helpers import PROJECT
from helpers.money import costs

MEMORY_GB = 2
DEARER = PROJECT / "benchmarks" / "results" / "dearer_model.json"
COURSE = "3-grams"  # the kind of model that the lessons train
_measured = json.loads(DEARER.read_text(encoding="utf-8"))
USUAL_MS: float = _measured["models"][COURSE]["ms"]
# Beside the model a request takes: p50 of one caller, 2.5 ms (benchmarks/results/serving.json), less the 1.6 ms of the
# model that was asked (2-grams; `measured_models.csv`).
OVERHEAD_MS, OVERHEAD_ON = 0.9, "2026-11-22"


def milliseconds(model_ms: float = USUAL_MS) -> float:
    """What a request of one review is billed for, from what the model alone takes."""
    return round(model_ms + OVERHEAD_MS, 2)


def price(requests: float, model_ms: float = USUAL_MS) -> costs.Estimate:
    """So many requests, each of one review; `str` says memory and milliseconds."""
    return costs.serverless(MEMORY_GB, requests, milliseconds(model_ms) / 1000)


ASSUMED = (
    f"Assumed, not measured on AWS: a request keeps {MEMORY_GB} GB at work for {milliseconds():g} ms, as at home: "
    f"{USUAL_MS:g} of the model ({COURSE}, {_measured['date'][:10]}), {OVERHEAD_MS:g} around it ({OVERHEAD_ON}). Left "
    f"out: cold starts, and the data in and out, at "
    f"{costs.price('SageMaker AI', 'Inference data processed in/out us-east-1 serverless')}."
)
