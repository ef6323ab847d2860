"""One module per AWS service or job kind. Importing this package registers every operation we own."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.cloud import Cloud
from localcloud.services import (  # noqa: F401 - importing a module registers its operations
    athena,
    automl,
    catalog,
    comprehend,
    crawler,
    endpoints,
    events,
    glue,
    glue_tags,
    glue_triggers,
    glue_workflows,
    invoke,
    job_search,
    model_packages,
    models,
    pipelines,
    pricing,
    processing,
    tags,
    textract,
    training,
    transform,
    tuning,
)
from localcloud.services.registry import AWAITED, OPERATIONS

# Run at start, before the first request: end or revive what the last server left unfinished.
RECOVERIES: list[Callable[[Cloud], None]] = [
    events.recover,
    athena.recover,
    training.recover,
    tuning.recover,
    processing.recover,
    automl.recover,  # after the jobs that it consists of
    transform.recover,
    endpoints.recover,
    glue.recover,
    glue_workflows.recover,
    crawler.recover,
    pipelines.recover,
]

__all__ = ["AWAITED", "OPERATIONS", "RECOVERIES"]
