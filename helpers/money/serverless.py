"""A request to a serverless endpoint: the memory and the milliseconds that are billed, assumed here for all lessons.

AWS bills by the millisecond that a request keeps the container at work. Nobody has measured that on AWS for this
course; what was measured at home stands in, so a million requests cost the same in every lesson that counts them.
"""

from __future__ import annotations

from helpers.money import costs

MEMORY_GB = 2
# Of the model that the lessons train, pairs of words with class weights: its row in `measured_models.csv`.
USUAL_MS = 1.6
# Beside the model a request takes: p50 of one caller, 2.5 ms (benchmarks/results/serving.json), less the model's 1.6.
OVERHEAD_MS = 0.9
MEASURED_ON = "2026-11-22"


def milliseconds(model_ms: float = USUAL_MS) -> float:
    """What a request of one review is billed for, from what the model alone takes."""
    return model_ms + OVERHEAD_MS


def price(requests: float, model_ms: float = USUAL_MS) -> costs.Estimate:
    """So many requests, each of one review; `str` says memory and milliseconds."""
    return costs.serverless(MEMORY_GB, requests, milliseconds(model_ms) / 1000)


ASSUMED = (
    f"Assumed, not measured on AWS: a request keeps {MEMORY_GB} GB at work for {milliseconds():g} ms, as at home on "
    f"{MEASURED_ON} ({USUAL_MS:g} ms of them the model's)."
)
