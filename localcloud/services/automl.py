"""SageMaker AutoML jobs that search: data analysis, then candidates, each a training job, and the best of them.

A controller thread per job starts a processing job that checks and splits the data, then keeps as many candidates going
as this machine has cores, and asks `automl_search/search.py` for the next. AWS's own jobs fine-tune language models
(text) or train XGBoost, linear and neural models (tabular); here every candidate is a scikit-learn pipeline.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development.html
"""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from localcloud.cloud import Cloud
from localcloud.jobs import s3io
from localcloud.jobs.container import background
from localcloud.jobs.lifecycle import INTERRUPTED
from localcloud.protocol import ServiceError
from localcloud.services import processing, training
from localcloud.services.automl_search import request, steps
from localcloud.services.job_kind import ENDED, JobKind
from localcloud.services.listing import cut, page
from localcloud.services.registry import Params, operation

if TYPE_CHECKING:
    from localcloud.services.automl_search.search import Search

log = logging.getLogger("localcloud")
JOBS = JobKind("automl-job", "AutoMLJob", end_time="EndTime", called="AutoML")
POLL_SECONDS = 0.1
MOST_REASONS = 5  # PartialFailureReasons of the model


@operation("sagemaker", "CreateAutoMLJobV2")
def create_automl_job(cloud: Cloud, params: Params) -> Params:
    name = params[JOBS.name]
    question = request.read(params)
    for uri in (params["OutputDataConfig"]["S3OutputPath"], question.specification):
        if uri and not uri.startswith("s3://"):
            raise request.invalid(f"{uri} is not an s3://bucket/key address.")
    if any(job[JOBS.name].lower() == name.lower() for job in cloud.store.all(JOBS.kind)):
        raise JOBS.taken(name)
    answer = JOBS.create(
        cloud,
        params,
        AutoMLProblemTypeConfigName=question.kind,
        AutoMLJobSecondaryStatus="Starting",
        _trials=[],
        _metric=None,
    )
    background.start(lambda: _run(cloud, name), f"AutoML {name}")
    return answer


@operation("sagemaker", "DescribeAutoMLJobV2")
def describe_automl_job(cloud: Cloud, params: Params) -> Params:
    job = JOBS.find(cloud, params[JOBS.name])
    candidates = _candidates(cloud, job)
    failed = [c for c in candidates if c["CandidateStatus"] == "Failed"]
    reasons = [f"{c['CandidateName']}: {c.get('FailureReason')}"[:1024] for c in failed[:MOST_REASONS]]
    partial = [{"PartialFailureMessage": reason} for reason in reasons]
    return {**job, "BestCandidate": _best(candidates), "PartialFailureReasons": partial or None}


@operation("sagemaker", "ListAutoMLJobs")
def list_automl_jobs(cloud: Cloud, params: Params) -> Params:
    return page(cloud.store.all(JOBS.kind), params, "AutoMLJobSummaries", name=JOBS.name)


@operation("sagemaker", "ListCandidatesForAutoMLJob")
def list_candidates(cloud: Cloud, params: Params) -> Params:
    candidates = _candidates(cloud, JOBS.find(cloud, params[JOBS.name]))
    for member, key in (("StatusEquals", "CandidateStatus"), ("CandidateNameEquals", "CandidateName")):
        if params.get(member):
            candidates = [candidate for candidate in candidates if candidate[key] == params[member]]
    by = params.get("SortBy", "CreationTime")
    if by == "FinalObjectiveMetricValue":
        candidates = [candidate for candidate in candidates if candidate["ObjectiveStatus"] == "Succeeded"]
        candidates.sort(key=_value)
    else:
        candidates.sort(key=lambda candidate: candidate["CandidateStatus" if by == "Status" else by])
    if params.get("SortOrder", "Ascending") == "Descending":
        candidates.reverse()
    return cut(candidates, params, "Candidates")


@operation("sagemaker", "StopAutoMLJob")
def stop_automl_job(cloud: Cloud, params: Params) -> Params:
    return JOBS.stop(cloud, params, AutoMLJobSecondaryStatus="Stopping")


def _candidates(cloud: Cloud, job: Params) -> list[Params]:
    """The candidates of a job, in the order of their start."""
    if not job["_metric"]:
        return []
    trials = [cloud.store.get(training.KIND, name) for name in job["_trials"]]
    text, regression = job["AutoMLProblemTypeConfigName"] == "TextClassification", job["_problem"] == "Regression"
    return [steps.candidate(trial, job["_metric"], text=text, regression=regression) for trial in trials if trial]


def _value(candidate: Params) -> float:
    return float(candidate["FinalAutoMLJobObjectiveMetric"]["Value"])


def _best(candidates: list[Params]) -> Params | None:
    good = [candidate for candidate in candidates if candidate["ObjectiveStatus"] == "Succeeded"]
    if not good:
        return None
    pick = min if good[0]["FinalAutoMLJobObjectiveMetric"]["Type"] == "Minimize" else max
    return pick(good, key=_value)


def _set(cloud: Cloud, name: str, secondary: str) -> None:
    """Record how far a job is; once it is Stopping, its secondary status stays so, too."""

    def change(job: Params) -> None:
        if job[JOBS.status] == "InProgress":
            job.update(AutoMLJobSecondaryStatus=secondary, LastModifiedTime=time.time())

    cloud.store.update(JOBS.kind, name, change)


def _run(cloud: Cloud, name: str) -> None:
    """The controller of one job. Ends it in a terminal status whatever happens."""
    status, secondary, reason = "Failed", "Failed", ""
    try:
        status, secondary, reason = _Controller(cloud, JOBS.find(cloud, name)).run()
    except (s3io.TransferFailed, ServiceError) as error:
        reason = str(error)
    except Exception as error:
        log.exception("AutoML job %s", name)
        reason = f"InternalServerError: {type(error).__name__}: {error}"
    finally:
        JOBS.finish(cloud, name, status, reason, AutoMLJobSecondaryStatus=secondary)


class _Stopped(Exception):
    """The job has been asked to stop while its data was analysed, or its time was over."""


class _Controller:
    """Takes one job from its data to its best candidate."""

    def __init__(self, cloud: Cloud, job: Params) -> None:
        self._cloud, self._job, self._name = cloud.acting_as(job["RoleArn"], "SageMaker"), job, job[JOBS.name]
        self._question = request.read(job)
        self._deadline = time.monotonic() + self._question.seconds
        self._stop = cloud.stop_event(JOBS.kind, self._name)
        self._running: dict[str, int] = {}

    def run(self) -> tuple[str, str, str]:
        """Status, secondary status and reason of the end."""
        from localcloud.services.automl_search.search import Search  # Optuna takes a while to load

        try:
            schema = self._analyse()
            problem, text = schema["problem"], self._question.kind == "TextClassification"
            metric = self._question.metric_of(problem)
            self._resolve(problem, metric)
            kind = "text" if text else "regression" if problem == "Regression" else "classification"
            search = Search(kind, maximize=metric not in request.MINIMIZED)
            _set(self._cloud, self._name, "TrainingModels" if text else "ModelTuning")
            self._try_candidates(search)
        except _Stopped:
            pass
        finally:  # no candidate goes on without the job
            for name in self._running:
                self._stop_candidate(name)
        return self._outcome()

    def _outcome(self) -> tuple[str, str, str]:
        if self._stop.is_set():
            return "Stopped", "Stopped", ""
        if self._cloud.stopping.is_set():
            return "Failed", "Failed", INTERRUPTED
        candidates = _candidates(self._cloud, JOBS.find(self._cloud, self._name))
        if _best(candidates):
            return "Completed", "MaxAutoMLJobRuntimeReached" if self._late() else "MaxCandidatesReached", ""
        if self._late():
            return "Failed", "Failed", "MaxAutoMLJobRuntimeInSeconds was over before a candidate was complete."
        reasons = [c["FailureReason"] for c in candidates if c.get("FailureReason")]
        none_in_time = "no candidate was complete within MaxRuntimePerTrainingJobInSeconds."
        return "Failed", "Failed", f"All candidates failed: {reasons[0] if reasons else none_in_time}"

    def _late(self) -> bool:
        return time.monotonic() > self._deadline

    def _over(self) -> bool:
        """Whether nothing new may start."""
        return self._stop.is_set() or self._cloud.stopping.is_set() or self._late()

    def _resolve(self, problem: str, metric: str) -> None:
        resolved: Params = {
            "AutoMLJobObjective": {"MetricName": metric},
            "CompletionCriteria": {"MaxCandidates": self._question.candidates},
        }
        if self._question.kind == "Tabular":
            resolved["AutoMLProblemTypeResolvedAttributes"] = {"TabularResolvedAttributes": {"ProblemType": problem}}
        JOBS.update(self._cloud, self._name, ResolvedAttributes=resolved, _metric=metric, _problem=problem)

    def _analyse(self) -> Params:
        """Run the processing job, and return the schema that it has found.

        Raises:
            _Stopped: it was stopped, or out of time.
            ServiceError: the data cannot be used; with the reason.
        """
        _set(self._cloud, self._name, "AnalyzingData")
        steps.upload_code(self._cloud, self._job)
        name = f"{self._name}-data-{secrets.token_hex(4)}"
        processing.create_processing_job(self._cloud, steps.data_request(self._job, self._question, name))
        while True:
            job = self._cloud.store.get(processing.JOBS.kind, name)
            if job is None or job["ProcessingJobStatus"] in ENDED:
                break
            if self._over():
                self._stop_quietly(lambda: processing.stop_processing_job(self._cloud, {processing.JOBS.name: name}))
            time.sleep(POLL_SECONDS)
        if job and job["ProcessingJobStatus"] == "Completed":
            return steps.schema(self._cloud, self._job)
        if self._over():
            raise _Stopped
        reason = (job or {}).get("ExitMessage") or (job or {}).get("FailureReason") or f"{name} was stopped."
        raise request.invalid(reason)

    def _try_candidates(self, search: Search) -> None:
        started, parallel = 0, os.cpu_count() or 1
        while self._running or (started < self._question.candidates and not self._over()):
            while len(self._running) < parallel and started < self._question.candidates and not self._over():
                self._start_candidate(search, started)
                started += 1
            self._look_after_candidates(search)
            time.sleep(POLL_SECONDS)

    def _start_candidate(self, search: Search, number: int) -> None:
        asked, recipe = search.ask()
        name = f"{self._name}-{number + 1:03d}-{secrets.token_hex(4)}"
        wanted = steps.training_request(self._job, recipe, name, self._question.seconds_each)
        training.create_training_job(self._cloud, wanted)
        self._cloud.store.update(JOBS.kind, self._name, lambda job: job["_trials"].append(name))
        self._running[name] = asked

    def _look_after_candidates(self, search: Search) -> None:
        metric = JOBS.find(self._cloud, self._name)["_metric"]
        for name, asked in list(self._running.items()):
            trial = self._cloud.store.get(training.KIND, name)
            if trial is None or trial["TrainingJobStatus"] in training.TERMINAL:
                found = steps.candidate(trial, metric, text=False, regression=False) if trial else {}
                search.tell(asked, _value(found) if found.get("ObjectiveStatus") == "Succeeded" else None)
                del self._running[name]
            elif trial["TrainingJobStatus"] == "InProgress" and self._over():
                self._stop_candidate(name)

    def _stop_candidate(self, name: str) -> None:
        self._stop_quietly(lambda: training.stop_training_job(self._cloud, {"TrainingJobName": name}))

    @staticmethod
    def _stop_quietly(stop: Callable[[], object]) -> None:
        try:
            stop()
        except ServiceError:
            pass  # it has ended by itself meanwhile, or stops already


def recover(cloud: Cloud) -> None:
    """After the training jobs' own: the candidates of a job that has failed by it stay."""
    JOBS.recover(cloud, AutoMLJobSecondaryStatus="Failed")
