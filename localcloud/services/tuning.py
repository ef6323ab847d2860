"""SageMaker hyperparameter tuning that searches: each trial is a training job of its own.

A controller thread per tuning job keeps up to MaxParallelTrainingJobs trials running, asks `tuning_search.py` for the
next values and tells it what the trials achieved.
"""

from __future__ import annotations

import logging
import math
import secrets
import time
from collections.abc import Callable
from typing import Any

from localcloud.cloud import Cloud
from localcloud.jobs import script_mode
from localcloud.jobs.container import background
from localcloud.jobs.lifecycle import INTERRUPTED
from localcloud.protocol import ServiceError
from localcloud.services import training
from localcloud.services.job_kind import ENDED, JobKind
from localcloud.services.listing import cut, page
from localcloud.services.registry import Params, operation

log = logging.getLogger("localcloud")
JOBS = JobKind(
    "hyper-parameter-tuning-job",
    "HyperParameterTuningJob",
    end_time="HyperParameterTuningEndTime",
    called="Tuning",
)
POLL_SECONDS = 0.1
_COPIED = (
    *("RoleArn", "InputDataConfig", "OutputDataConfig", "StoppingCondition", "CheckpointConfig", "Environment"),
    *("VpcConfig", "EnableNetworkIsolation", "EnableManagedSpotTraining", "EnableInterContainerTrafficEncryption"),
)


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


@operation("sagemaker", "CreateHyperParameterTuningJob")
def create_tuning_job(cloud: Cloud, params: Params) -> Params:
    name = params[JOBS.name]
    _check(cloud, params)
    answer = JOBS.create(cloud, params, _trials=[])
    background.start(lambda: _run(cloud, name), f"tuning {name}")
    return answer


def _check(cloud: Cloud, params: Params) -> None:
    config = params["HyperParameterTuningJobConfig"]
    definition = params.get("TrainingJobDefinition")
    if not definition:
        raise _invalid("A tuning job needs a TrainingJobDefinition.")
    objective = config.get("HyperParameterTuningJobObjective")
    if not objective:
        raise _invalid("A tuning job needs a HyperParameterTuningJobObjective.")
    metrics = definition["AlgorithmSpecification"].get("MetricDefinitions", [])
    if objective["MetricName"] not in {metric["Name"] for metric in metrics}:
        raise _invalid(
            f"A metric is required for this hyperparameter tuning job objective. {objective['MetricName']} is not "
            "among the MetricDefinitions of the training job."
        )
    limits = config["ResourceLimits"]
    from localcloud.services.tuning_search import Search  # Optuna takes a while to load

    search = Search(config, maximize=True, seed=0)
    static = definition.get("StaticHyperParameters", {})
    both = sorted(set(static) & set(search.space.distributions))
    if both:
        raise _invalid(f"Parameters are both static and tuned: {', '.join(both)}.")
    if config["Strategy"] == "Grid":
        wanted = limits.get("MaxNumberOfTrainingJobs")
        if wanted and wanted != search.grid_size():
            raise _invalid(f"The grid has {search.grid_size()} points; leave MaxNumberOfTrainingJobs out or set it so.")
    elif not limits.get("MaxNumberOfTrainingJobs"):
        raise _invalid("ResourceLimits needs MaxNumberOfTrainingJobs.")
    trial = _trial_request(params, "trial", {})
    training.check(trial)
    with training.within_quotas(cloud, trial, times=limits["MaxParallelTrainingJobs"]):
        pass  # each trial asks again when it begins
    for parent in _parents(params):
        _check_parent(params, JOBS.find(cloud, parent))


def _parents(job: Params) -> list[str]:
    warm = job.get("WarmStartConfig") or {}
    return [parent[JOBS.name] for parent in warm.get("ParentHyperParameterTuningJobs", [])]


def _is_identical(job: Params) -> bool:
    """Whether the trials of a job are compared with those of its parents."""
    return bool((job.get("WarmStartConfig") or {}).get("WarmStartType") == "IdenticalDataAndAlgorithm")


def _check_parent(job: Params, parent: Params) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html"""
    name, objective = parent[JOBS.name], "HyperParameterTuningJobObjective"
    new, old = job["TrainingJobDefinition"], parent["TrainingJobDefinition"]
    if parent[JOBS.status] not in ENDED:
        raise _invalid(f"The parent tuning job {name} has not ended.")
    if job["HyperParameterTuningJobConfig"][objective] != parent["HyperParameterTuningJobConfig"][objective]:
        raise _invalid(f"The objective metric must be that of the parent tuning job {name}.")
    if _count(job) != _count(parent):
        raise _invalid(f"Static and tuned parameters must be as many as those of the parent tuning job {name}.")
    if _is_identical(job) and (_data(new), _image(new)) != (_data(old), _image(old)):
        raise _invalid(
            f"With IdenticalDataAndAlgorithm, the input data and the training image must be those of the parent tuning "
            f"job {name}. If they differ, WarmStartType is TransferLearning."
        )


def _count(job: Params) -> int:
    ranges = job["HyperParameterTuningJobConfig"].get("ParameterRanges") or {}
    static = job["TrainingJobDefinition"].get("StaticHyperParameters") or {}
    return len(static) + sum(len(of_a_kind) for of_a_kind in ranges.values())


def _image(definition: Params) -> str:
    return str(definition["AlgorithmSpecification"]["TrainingImage"])


def _data(definition: Params) -> dict[str, Params]:
    """The channels' sources by name; not those in which the SDK sends the code."""
    channels = {channel["ChannelName"]: channel["DataSource"] for channel in definition.get("InputDataConfig", [])}
    return {name: source for name, source in channels.items() if name not in script_mode.CODE_CHANNELS}


@operation("sagemaker", "DescribeHyperParameterTuningJob")
def describe_tuning_job(cloud: Cloud, params: Params) -> Params:
    return _described(cloud, JOBS.find(cloud, params[JOBS.name]))


def _described(cloud: Cloud, job: Params) -> Params:
    trials = _trials(cloud, job)
    compared = [*trials, *_trials_of_parents(cloud, job)] if _is_identical(job) else []
    counts = [trial["TrainingJobStatus"] for trial in trials]
    objectives = [trial["ObjectiveStatus"] for trial in trials]
    seconds = sum(trial.get("_seconds") or 0 for trial in trials)
    return {
        **job,
        "TrainingJobStatusCounters": {
            "Completed": counts.count("Completed"),
            "InProgress": counts.count("InProgress") + counts.count("Stopping"),
            "Stopped": counts.count("Stopped"),
            "NonRetryableError": counts.count("Failed"),
            "RetryableError": 0,
        },
        "ObjectiveStatusCounters": {kind: objectives.count(kind) for kind in ("Succeeded", "Pending", "Failed")},
        "BestTrainingJob": _best(job, trials),
        "OverallBestTrainingJob": _best(job, compared),
        "ConsumedResources": {"RuntimeInSeconds": seconds},
    }


def _trials_of_parents(cloud: Cloud, job: Params) -> list[Params]:
    """The trials of those parents that have not been deleted."""
    parents = [(name, cloud.store.get(JOBS.kind, name)) for name in _parents(job)]
    return [{**trial, "TuningJobName": name} for name, body in parents if body for trial in _trials(cloud, body)]


def _best(job: Params, trials: list[Params]) -> Params | None:
    good = [trial for trial in trials if trial["ObjectiveStatus"] == "Succeeded"]
    pick = max if _maximizes(job) else min
    return pick(good, key=_value) if good else None


def _value(trial: Params) -> float:
    return float(trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"])


def _maximizes(job: Params) -> bool:
    objective = job["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    return bool(objective["Type"] == "Maximize")


def _trials(cloud: Cloud, job: Params) -> list[Params]:
    """A summary of each training job of a tuning job, in the order of their start."""
    objective = job["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    summaries = []
    for item in job["_trials"]:
        trial = cloud.store.get(training.KIND, item["name"])
        if trial is None:
            continue
        value = objective_value(trial, objective["MetricName"])
        over = trial["TrainingJobStatus"] in training.TERMINAL
        good = value is not None and trial["TrainingJobStatus"] in ("Completed", "Stopped")
        summary = {key: trial.get(key) for key in ("TrainingStartTime", "TrainingEndTime", "FailureReason")}
        summary |= {
            "TrainingJobName": item["name"],
            "TrainingJobArn": trial["TrainingJobArn"],
            "CreationTime": trial["CreationTime"],
            "TrainingJobStatus": trial["TrainingJobStatus"],
            "TunedHyperParameters": item["tuned"],
            "ObjectiveStatus": "Pending" if not over else "Succeeded" if good else "Failed",
            "_seconds": trial.get("TrainingTimeInSeconds"),
        }
        if good and over:
            metric = {"Type": objective["Type"], "MetricName": objective["MetricName"], "Value": value}
            summary["FinalHyperParameterTuningJobObjectiveMetric"] = metric
        summaries.append(summary)
    return summaries


def objective_value(trial: Params, metric: str) -> float | None:
    """The last finite value of a metric that a training job has reported."""
    for item in trial.get("FinalMetricDataList", []):
        if item["MetricName"] == metric and math.isfinite(item["Value"]):
            return float(item["Value"])
    return None


@operation("sagemaker", "ListHyperParameterTuningJobs")
def list_tuning_jobs(cloud: Cloud, params: Params) -> Params:
    summaries = []
    for job in cloud.store.all(JOBS.kind):
        config = job["HyperParameterTuningJobConfig"]
        both = {key: config[key] for key in ("Strategy", "ResourceLimits") if key in config}
        summaries.append({**_described(cloud, job), **both})
    return page(summaries, params, "HyperParameterTuningJobSummaries", name=JOBS.name)


@operation("sagemaker", "ListTrainingJobsForHyperParameterTuningJob")
def list_trials(cloud: Cloud, params: Params) -> Params:
    job = JOBS.find(cloud, params[JOBS.name])
    trials = _trials(cloud, job)
    wanted = params.get("StatusEquals")
    trials = [trial for trial in trials if not wanted or trial["TrainingJobStatus"] == wanted]
    if params.get("SortBy") == "FinalObjectiveMetricValue":  # as on AWS: only the jobs that have a value
        trials = [trial for trial in trials if trial["ObjectiveStatus"] == "Succeeded"]
    sort_key = _SORT_KEYS[params.get("SortBy", "Name")]
    trials.sort(key=sort_key, reverse=params.get("SortOrder", "Ascending") == "Descending")
    return cut(trials, params, "TrainingJobSummaries")


_SORT_KEYS: dict[str, Callable[[Params], Any]] = {
    "Name": lambda trial: trial["TrainingJobName"],
    "CreationTime": lambda trial: trial["CreationTime"],
    "Status": lambda trial: trial["TrainingJobStatus"],
    "FinalObjectiveMetricValue": lambda trial: _value(trial),
}


@operation("sagemaker", "StopHyperParameterTuningJob")
def stop_tuning_job(cloud: Cloud, params: Params) -> Params:
    return JOBS.stop(cloud, params)


@operation("sagemaker", "DeleteHyperParameterTuningJob")
def delete_tuning_job(cloud: Cloud, params: Params) -> Params:
    return JOBS.delete(cloud, params)


def _trial_request(job: Params, name: str, tuned: dict[str, str]) -> Params:
    """The CreateTrainingJob request of one trial."""
    definition, config = job["TrainingJobDefinition"], job["HyperParameterTuningJobConfig"]
    metric = config["HyperParameterTuningJobObjective"]["MetricName"]
    resources = definition.get("ResourceConfig") or {}
    pool = definition.get("HyperParameterTuningResourceConfig")
    if pool and not resources:
        resources = {key: pool[key] for key in ("InstanceType", "InstanceCount", "VolumeSizeInGB") if key in pool}
    return {
        **{key: definition[key] for key in _COPIED if key in definition},
        "TrainingJobName": name,
        "AlgorithmSpecification": definition["AlgorithmSpecification"],
        "ResourceConfig": resources,
        "HyperParameters": {
            **definition.get("StaticHyperParameters", {}),
            "_tuning_objective_metric": metric,
            **tuned,
        },
    }


def _run(cloud: Cloud, name: str) -> None:
    """The controller of one tuning job. Ends it in a terminal status whatever happens."""
    status, reason = "Failed", ""
    try:
        status, reason = _Controller(cloud, JOBS.find(cloud, name)).run()
    except Exception as error:
        log.exception("tuning job %s", name)
        reason = f"InternalServerError: {type(error).__name__}: {error}"
    finally:
        JOBS.finish(cloud, name, status, reason)


class _Controller:
    """Keeps the trials of one tuning job going until its budget is spent, a goal is reached, or it is stopped."""

    def __init__(self, cloud: Cloud, job: Params) -> None:
        self._cloud, self._job, self._name = cloud, job, job[JOBS.name]
        self._config = job["HyperParameterTuningJobConfig"]
        limits = self._config["ResourceLimits"]
        from localcloud.services.tuning_search import Search

        self._search = Search(self._config, maximize=_maximizes(job), seed=self._config.get("RandomSeed"))
        grid = self._config["Strategy"] == "Grid"
        self._budget: int = self._search.grid_size() if grid else limits["MaxNumberOfTrainingJobs"]
        self._parallel: int = limits["MaxParallelTrainingJobs"]
        self._deadline = time.monotonic() + limits.get("MaxRuntimeInSeconds", math.inf)
        self._metric = self._config["HyperParameterTuningJobObjective"]["MetricName"]
        self._running: dict[str, int] = {}
        self._stop = cloud.stop_event(JOBS.kind, self._name)

    def run(self) -> tuple[str, str]:
        """Status and reason of the end. No trial goes on after it, also when this raises."""
        try:
            return self._search_on()
        finally:
            for trial in self._running:
                _stop_quietly(self._cloud, trial)

    def _search_on(self) -> tuple[str, str]:
        self._warm_start()
        started = 0
        while self._running or (started < self._budget and not self._over()):
            while len(self._running) < self._parallel and started < self._budget and not self._over():
                self._start_trial(started)
                started += 1
            self._look_after_trials()
            time.sleep(POLL_SECONDS)
        if self._cloud.stopping.is_set():
            return "Failed", INTERRUPTED
        if self._stop.is_set():
            return "Stopped", ""
        if not _best(self._job, _trials(self._cloud, JOBS.find(self._cloud, self._name))):
            return "Failed", f"No training job succeeded with a value for the metric {self._metric}."
        return "Completed", ""

    def _over(self) -> bool:
        """Whether no new trial may start."""
        stopping = self._stop.is_set() or self._cloud.stopping.is_set() or time.monotonic() > self._deadline
        return stopping or self._goal_reached()

    def _goal_reached(self) -> bool:
        goal = (self._config.get("TuningJobCompletionCriteria") or {}).get("TargetObjectiveMetricValue")
        if goal is None:
            return False
        best = _best(self._job, _trials(self._cloud, JOBS.find(self._cloud, self._name)))
        if best is None:
            return False
        reached = _value(best) >= goal if self._search.maximize else _value(best) <= goal
        return bool(reached)

    def _warm_start(self) -> None:
        for parent in _parents(self._job):
            for trial in _trials(self._cloud, JOBS.find(self._cloud, parent)):
                if trial["ObjectiveStatus"] == "Succeeded":
                    self._search.learn(trial["TunedHyperParameters"], _value(trial))

    def _start_trial(self, number: int) -> None:
        asked, tuned = self._search.ask()
        trial = f"{self._name}-{number + 1:03d}-{secrets.token_hex(4)}"
        request = _trial_request(self._job, trial, tuned)
        tuning_arn = self._job["HyperParameterTuningJobArn"]
        training.create_training_job(self._cloud, {**request, "TuningJobArn": tuning_arn})
        item = {"name": trial, "tuned": tuned}
        self._cloud.store.update(JOBS.kind, self._name, lambda job: job["_trials"].append(item))
        self._running[trial] = asked

    def _look_after_trials(self) -> None:
        for trial, asked in list(self._running.items()):
            job = self._cloud.store.get(training.KIND, trial)
            if job is None or job["TrainingJobStatus"] in training.TERMINAL:
                value = objective_value(job, self._metric) if job and job["TrainingJobStatus"] != "Failed" else None
                self._search.tell(asked, value, training.metric_history(trial, self._metric, last=True))
                del self._running[trial]
            elif job["TrainingJobStatus"] == "InProgress":
                history = training.metric_history(trial, self._metric)
                late = self._stop.is_set() or time.monotonic() > self._deadline
                if late or self._search.should_stop(asked, history):
                    _stop_quietly(self._cloud, trial)


def _stop_quietly(cloud: Cloud, trial: str) -> None:
    try:
        training.stop_training_job(cloud, {"TrainingJobName": trial})
    except ServiceError:
        pass  # it has ended by itself meanwhile


def recover(cloud: Cloud) -> None:
    JOBS.recover(cloud)
