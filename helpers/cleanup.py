"""Find what a learner has left running, delete it, and prove that nothing is left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pandas as pd

from helpers.workshop import Workshop

# kind, list operation, key of the list, start of the name's key; in the order in which they can be deleted
_HOSTING = (
    ("endpoint", "list_endpoints", "Endpoints", "Endpoint"),
    ("endpoint configuration", "list_endpoint_configs", "EndpointConfigs", "EndpointConfig"),
    ("model", "list_models", "Models", "Model"),
)


def hosting(ws: Workshop) -> pd.DataFrame:
    """This learner's endpoints, endpoint configurations and models: kind, name, status.

    Only endpoints cost money as long as they exist; configurations and models are entries in a list.
    """
    return pd.DataFrame(list(_hosting(ws)), columns=["kind", "name", "status"])


def delete_hosting(ws: Workshop, *, minutes: float = 10) -> None:
    """Delete all that `hosting` lists, and wait until the endpoints are gone. Nothing there is no error.

    Raises:
        TimeoutError: an endpoint still exists after `minutes`; its deletion goes on.
    """
    sagemaker = boto3.client("sagemaker")
    for kind, name, status in list(_hosting(ws)):
        if kind == "endpoint" and status != "Deleting":
            sagemaker.delete_endpoint(EndpointName=name)
        elif kind == "endpoint configuration":
            sagemaker.delete_endpoint_config(EndpointConfigName=name)
        elif kind == "model":
            sagemaker.delete_model(ModelName=name)
    wait_until_deleted(ws, minutes=minutes)


def wait_until_deleted(ws: Workshop, *, minutes: float = 10) -> None:
    """Wait until this learner has no endpoint that is being deleted. Raises TimeoutError after `minutes`."""
    deadline = time.monotonic() + minutes * 60
    while any(status == "Deleting" for _, _, status in _hosting(ws)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"An endpoint is still being deleted after {minutes:g} minutes; look at the console.")
        time.sleep(0.5)


def _hosting(ws: Workshop) -> Iterator[tuple[str, str, str]]:
    sagemaker: Any = boto3.client("sagemaker")
    for kind, operation, key, start in _HOSTING:
        for page in sagemaker.get_paginator(operation).paginate(NameContains=ws.name("")):
            for item in page[key]:
                # NameContains finds the learner "ann" in "joann", too.
                if item[f"{start}Name"].startswith(ws.name("")):
                    yield kind, item[f"{start}Name"], item.get("EndpointStatus", "")
