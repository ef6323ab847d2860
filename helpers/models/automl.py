"""Low-code beside code: what an AutoML job has tried, and ways to a model by minutes, dollars and lines of code."""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
import time
import tokenize
from collections.abc import Callable
from typing import Any

import pandas as pd

from helpers.aws import jobs
from helpers.aws.client import client, listed
from helpers.models import experiments
from helpers.money import costs

NOTEBOOK = "ml.t3.medium Studio-JupyterLab"  # where the code of a notebook runs on AWS
_NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def candidates(name: str) -> pd.DataFrame:
    """The candidates of an AutoML job, best first: one row each, by the name of its training job.

    Columns: objective (the value of the job's metric; missing without one), and what `jobs.training_table` knows of the
    training job: status, billed seconds, instance, hyperparameters, metrics.
    """
    rows = []
    for candidate in listed(client("sagemaker"), "list_candidates_for_auto_ml_job", "Candidates[]", AutoMLJobName=name):
        final = candidate.get("FinalAutoMLJobObjectiveMetric", {})
        step = candidate["CandidateSteps"][-1]["CandidateStepName"]
        rows.append({"job": step, "objective": final.get("Value"), "minimize": final.get("Type") == "Minimize"})
    table = pd.DataFrame(rows, columns=["job", "objective", "minimize"])
    order = table.sort_values("objective", ascending=bool(table["minimize"].any()), kind="stable")
    details = jobs.training_table(only=list(order["job"])).set_index("job")
    return order.set_index("job")[["objective"]].join(details)


def dollars(trained: pd.DataFrame) -> float:
    """What the training jobs of a table such as `candidates` cost on AWS, those that are billed already.

    AWS chooses the machines of an AutoML job: NaN when the price table has no price for one of them.
    """
    return float(experiments.usd(trained.dropna(subset=["billed seconds"])).sum(skipna=False))


def notebook_dollars(minutes: float) -> float:
    """What these minutes of a notebook's machine cost on AWS; it costs as much while nothing runs."""
    return costs.price("SageMaker AI", NOTEBOOK).usd * minutes / 60


def timed(work: Callable[[], float]) -> tuple[float, float]:
    """The result of `work()`, and the minutes that it took."""
    started = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - started) / 60


def lines(*functions: Callable[..., Any]) -> int:
    """How many lines of code some functions have; comments, docstrings and blank lines do not count."""
    return sum(_lines(textwrap.dedent(inspect.getsource(function))) for function in functions)


def _lines(source: str) -> int:
    counted: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            counted |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            docstring = node.body[0]
            counted -= set(range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1))
    return len(counted)
