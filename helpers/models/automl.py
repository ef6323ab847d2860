"""Low-code beside code: what an AutoML job has tried, and ways to a model by minutes, dollars and lines of code."""

from __future__ import annotations

import ast
import inspect
import io
import math
import textwrap
import time
import tokenize
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
from botocore.exceptions import ClientError

from helpers.aws import jobs
from helpers.aws.client import client, listed
from helpers.models import experiments
from helpers.money import costs

NOTEBOOK = "ml.t3.medium Studio-JupyterLab"  # where the code of a notebook runs on AWS
_TRAINING = "AWS::SageMaker::TrainingJob"
_REFUSED = {"ResourceLimitExceeded", "AccessDeniedException"}
_NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def run(request: jobs.Json) -> jobs.Json | None:
    """Start an AutoML job (CreateAutoMLJobV2), wait for it and return its description.

    None, with the reason printed, where the account or the role does not allow it, or where the job fails: AWS chooses
    the machine, and a new account has a quota of zero for most with a GPU.
    """
    try:
        client("sagemaker").create_auto_ml_job_v2(**request)
        return jobs.wait_for_automl(request["AutoMLJobName"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in _REFUSED:
            raise
        reason: Exception = error
    except jobs.JobFailed as error:
        reason = error
    print(f"⚠️ No model of AutoML, and the lesson goes on without it. {reason}")
    return None


def candidates(job: jobs.Json | None) -> pd.DataFrame:
    """The candidates of an AutoML job that `run` has returned, best first: one row each, none without a job.

    Columns: objective (the value of the job's metric; missing without one), and what `jobs.training_table` knows of the
    last training job among the candidate's steps: status, billed seconds, instance, hyperparameters, metrics. A row has
    the name of that training job, or, where no step is one, of the candidate.
    """
    rows, trained = [], []
    for candidate in _listed(job):
        final = candidate.get("FinalAutoMLJobObjectiveMetric", {})
        steps = [step for step in candidate["CandidateSteps"] if step["CandidateStepType"] == _TRAINING]
        name = steps[-1]["CandidateStepName"] if steps else candidate["CandidateName"]
        trained += [name] if steps else []
        rows.append({"job": name, "objective": final.get("Value"), "minimize": final.get("Type") == "Minimize"})
    table = pd.DataFrame(rows, columns=["job", "objective", "minimize"])
    order = table.sort_values("objective", ascending=bool(table["minimize"].any()), kind="stable")
    found = order.set_index("job")[["objective"]]
    return found.join(jobs.training_table(only=trained).set_index("job")) if trained else found


def _listed(job: jobs.Json | None) -> Iterable[jobs.Json]:
    if job is None:
        return []
    sagemaker = client("sagemaker")
    return listed(sagemaker, "list_candidates_for_auto_ml_job", "Candidates[]", AutoMLJobName=job["AutoMLJobName"])


def dollars(trained: pd.DataFrame) -> float:
    """What the training jobs of a table such as `candidates` cost on AWS, those that are billed already.

    AWS chooses the machines of an AutoML job: NaN when the price table has no price for one of them, or where no
    training job is known.
    """
    if "billed seconds" not in trained:
        return math.nan if len(trained) else 0.0
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
