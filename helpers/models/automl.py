"""Low-code: an AutoML job, what it has tried, and what ran."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from botocore.exceptions import ClientError

from helpers.aws import jobs
from helpers.aws.client import client, listed

_TRAINING = "AWS::SageMaker::TrainingJob"
_REFUSED = {"ResourceLimitExceeded", "AccessDeniedException"}


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


def what_ran(tried: pd.DataFrame) -> str:
    """What the best of some `candidates` is, in words: an open model that stood in for Amazon's names itself.

    AWS's own candidates have no hyperparameter `model`; of them the machine is known.
    """
    if tried.empty:
        return "nothing"
    best = tried.iloc[0]
    if isinstance(model := best.get("model"), str):
        return f"open {model} in place of Amazon's"
    machine = best.get("instance")
    return f"Amazon's model, trained on {machine}" if isinstance(machine, str) else "Amazon's model"
