"""Everything of one learner's: found, deleted, proven gone.

A lesson says `from helpers import cleanup`: `hosting`, `automation` and `everything` list what is there, their
`delete_…` take it away, `receipt` asks once more and writes down what was left. How each kind is found and deleted
stands in `finders`.
"""

from helpers.cleanup.finders import delete_glue_job
from helpers.cleanup.leftovers import (
    automation,
    delete_automation,
    delete_everything,
    delete_hosting,
    everything,
    hosting,
    receipt,
    wait_until_deleted,
)

__all__ = [
    "automation",
    "delete_automation",
    "delete_everything",
    "delete_glue_job",
    "delete_hosting",
    "everything",
    "hosting",
    "receipt",
    "wait_until_deleted",
]
