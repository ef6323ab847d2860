"""AWS Glue workflows that run: jobs started by triggers (`glue_triggers.py`), one after the other or side by side.

A run begins with the workflow's starting trigger, goes on with each CONDITIONAL trigger whose predicate the ended jobs
of the run fulfil, and is COMPLETED, also with failed jobs in it, when nothing runs and nothing is to be started.
Source: https://docs.aws.amazon.com/glue/latest/dg/workflows_overview.html
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import Counter

from localcloud.cloud import Cloud
from localcloud.jobs.container import background
from localcloud.protocol import ServiceError
from localcloud.services import events, glue, glue_triggers
from localcloud.services.glue_triggers import (
    STARTING,
    TRIGGER,
    WORKFLOW,
    batching,
    find_workflow,
    invalid,
    of_workflow,
)
from localcloud.services.registry import Params, operation

log = logging.getLogger("localcloud")
RUN = "glue-workflow-run"
ENDED = {"COMPLETED", "STOPPED", "ERROR"}
POLL_SECONDS = 0.2
_starting = threading.Lock()
_COUNTED = {
    "SUCCEEDED": "Succeeded",
    "FAILED": "Failed",
    "STOPPED": "Stopped",
    "TIMEOUT": "Timeout",
    "ERROR": "Errored",
}


@operation("glue", "CreateWorkflow")
def create_workflow(cloud: Cloud, params: Params) -> Params:
    now = time.time()
    workflow = {**params, "CreatedOn": now, "LastModifiedOn": now}
    if not cloud.store.insert(WORKFLOW, params["Name"], workflow):
        raise ServiceError("AlreadyExistsException", f"Workflow with name {params['Name']} already exists")
    return {"Name": params["Name"]}


@operation("glue", "UpdateWorkflow")
def update_workflow(cloud: Cloud, params: Params) -> Params:
    find_workflow(cloud, params["Name"])
    cloud.store.update(WORKFLOW, params["Name"], lambda body: body.update(params, LastModifiedOn=time.time()))
    return {"Name": params["Name"]}


@operation("glue", "GetWorkflow")
def get_workflow(cloud: Cloud, params: Params) -> Params:
    workflow = find_workflow(cloud, params["Name"])
    runs = _runs(cloud, params["Name"])
    graph = {"Graph": _graph(cloud, params["Name"], None)} if params.get("IncludeGraph") else {}
    return {"Workflow": {**workflow, **graph, **({"LastRun": _described(cloud, runs[0])} if runs else {})}}


@operation("glue", "ListWorkflows")
def list_workflows(cloud: Cloud, params: Params) -> Params:
    names = [workflow["Name"] for workflow in cloud.store.all(WORKFLOW)]
    return _never_empty(glue.cut(names, {"MaxResults": 25, **params}, "Workflows"))


def _never_empty(answer: Params) -> Params:
    """AWS's model of these lists has none without an item: the member is left out."""
    return {key: value for key, value in answer.items() if value}


@operation("glue", "DeleteWorkflow")
def delete_workflow(cloud: Cloud, params: Params) -> Params:
    """The workflow, its runs, and its triggers, which can start nothing without it. No error when there is none."""
    for run in _runs(cloud, params["Name"]):
        cloud.store.delete(RUN, run["WorkflowRunId"])
    for trigger in of_workflow(cloud, params["Name"]):
        glue_triggers.delete_trigger(cloud, {"Name": trigger["Name"]})
    cloud.store.delete(WORKFLOW, params["Name"])
    return {"Name": params["Name"]}


@operation("glue", "StartWorkflowRun")
def start_workflow_run(cloud: Cloud, params: Params) -> Params:
    find_workflow(cloud, params["Name"])
    trigger = next((t for t in of_workflow(cloud, params["Name"]) if t["Type"] in STARTING), None)
    if trigger is None:
        raise invalid(f"Workflow {params['Name']} has no trigger that starts it.")
    return {"RunId": start(cloud, params["Name"], trigger, params.get("RunProperties"))}


def start(
    cloud: Cloud,
    name: str,
    trigger: Params,
    properties: dict[str, str] | None = None,
    event_ids: list[str] | None = None,
) -> str:
    """Start a run of a workflow by its starting trigger. Returns its id.

    Args:
        event_ids: the batch of events that started it; the run's property aws:eventIds, as AWS has it.
    Raises:
        ServiceError: MaxConcurrentRuns runs of it are running.
    """
    workflow = find_workflow(cloud, name)
    run_id = "wr_" + secrets.token_hex(32)
    given = {**workflow.get("DefaultRunProperties", {}), **(properties or {})}
    run = {
        "Name": name,
        "WorkflowRunId": run_id,
        "StartedOn": time.time(),
        "Status": "RUNNING",
        "WorkflowRunProperties": given | ({"aws:eventIds": ",".join(event_ids)} if event_ids else {}),
        "StartingEventBatchCondition": {"BatchSize": batching(trigger)[0]} if event_ids else None,
        "_fired": [],
        "_jobs": [],
    }
    with _starting:
        running = sum(run["Status"] not in ENDED for run in _runs(cloud, name))
        if running >= workflow.get("MaxConcurrentRuns", running + 1):
            raise ServiceError("ConcurrentRunsExceededException", f"Concurrent runs exceeded for workflow {name}")
        cloud.store.insert(RUN, run_id, run)
    _fire(cloud, run, trigger)
    _watch(cloud, run)
    return run_id


@operation("glue", "StartTrigger")
def start_trigger(cloud: Cloud, params: Params) -> Params:
    """An ON_DEMAND trigger fires; the others are activated."""
    trigger = glue_triggers.find(cloud, params["Name"])
    if trigger["Type"] != "ON_DEMAND":
        cloud.store.update(TRIGGER, trigger["Name"], lambda body: body.update(State="ACTIVATED"))
    elif trigger.get("WorkflowName"):
        start(cloud, trigger["WorkflowName"], trigger)
    else:
        glue_triggers.fire(cloud, trigger, {})
    return {"Name": trigger["Name"]}


def notify(cloud: Cloud, name: str, target: Params, event: Params, rule: Params) -> None:
    """An event for a workflow: counted, until its EVENT trigger has enough of them or has waited long enough.

    Raises:
        ServiceError: there is no such workflow, or it has no trigger for events.
    """
    find_workflow(cloud, name)
    trigger = next((t for t in of_workflow(cloud, name) if t["Type"] == "EVENT" and t["State"] != "DEACTIVATED"), None)
    if trigger is None:
        raise invalid(f"Workflow {name} has no EVENT trigger.")
    size = batching(trigger)[0]
    counted: list[str] = []

    def count(body: Params) -> None:
        counted[:] = [*body.get("_events", []), event["id"]]
        body["_events"] = counted if len(counted) < size else []
        body["_first"] = body.get("_first") if len(counted) > 1 else time.time()

    cloud.store.update(TRIGGER, trigger["Name"], count)
    if len(counted) >= size:
        start(cloud, name, trigger, event_ids=counted)
    elif len(counted) == 1:
        _begin_window(cloud, trigger)


def _begin_window(cloud: Cloud, trigger: Params) -> None:
    name, window = trigger["Name"], batching(trigger)[1]
    background.start(lambda: _wait_for_window(cloud, name, window), f"events of {name}")


def _wait_for_window(cloud: Cloud, name: str, window: int) -> None:
    """Fire with fewer events than a batch, when the window since the first of them is over."""
    trigger = cloud.store.get(TRIGGER, name)
    first = (trigger or {}).get("_first", 0.0)
    cloud.stopping.wait(max(0.0, first + window - time.time()))
    counted: list[str] = []

    def take(body: Params) -> None:
        if body.get("_first") == first and not cloud.stopping.is_set():
            counted[:], body["_events"] = body["_events"], []

    trigger = cloud.store.update(TRIGGER, name, take)
    if trigger and counted:
        try:
            start(cloud, trigger["WorkflowName"], trigger, event_ids=counted)
        except ServiceError as error:
            log.warning("trigger %s: %s events start nothing: %s", name, len(counted), error)


def _fire(cloud: Cloud, run: Params, trigger: Params) -> None:
    arguments = {"--WORKFLOW_NAME": run["Name"], "--WORKFLOW_RUN_ID": run["WorkflowRunId"]}
    started = glue_triggers.fire(cloud, trigger, arguments)

    def change(body: Params) -> None:
        body["_fired"].append(trigger["Name"])
        body["_jobs"] += started

    cloud.store.update(RUN, run["WorkflowRunId"], change)


def _watch(cloud: Cloud, run: Params) -> None:
    background.start(lambda: _go_on(cloud, run["WorkflowRunId"]), f"workflow {run['Name']}")


def _go_on(cloud: Cloud, run_id: str) -> None:
    """Watch a run to its end, in a thread of its own."""
    while not cloud.stopping.wait(POLL_SECONDS):
        run = cloud.store.get(RUN, run_id)
        if run is None or run["Status"] in ENDED:
            return
        states = _states(cloud, run)
        if run["Status"] == "RUNNING":
            due = [trigger for trigger in of_workflow(cloud, run["Name"]) if _is_due(trigger, run, states)]
            for trigger in due:
                _fire(cloud, run, trigger)
            if due:
                continue
        else:  # STOPPING: also what was about to start when the stop came
            _stop_jobs(cloud, run)
        if all(state in glue.ENDED for _, state in states):
            _end(cloud, run_id, "STOPPED" if run["Status"] == "STOPPING" else "COMPLETED")
            return


def _end(cloud: Cloud, run_id: str, status: str) -> None:
    cloud.store.update(RUN, run_id, lambda body: body.update(Status=status, CompletedOn=time.time()))


def _is_due(trigger: Params, run: Params, states: list[tuple[str, str]]) -> bool:
    """Whether a CONDITIONAL trigger, not fired in this run yet, has what it waits for."""
    if trigger["Type"] != "CONDITIONAL" or trigger["State"] != "ACTIVATED" or trigger["Name"] in run["_fired"]:
        return False
    predicate = trigger["Predicate"]
    met = [(condition["JobName"], condition["State"]) in states for condition in predicate["Conditions"]]
    return any(met) if predicate.get("Logical") == "ANY" else all(met)


def _states(cloud: Cloud, run: Params) -> list[tuple[str, str]]:
    """Each job of a workflow run and the state of its last attempt."""
    return [(job["JobName"], _state(cloud, job)) for job in run["_jobs"]]


def _state(cloud: Cloud, job: Params) -> str:
    attempt = _last_attempt(cloud, job)
    if attempt is None:
        return "ERROR"
    definition = cloud.store.get(glue.JOB, job["JobName"]) or {"MaxRetries": 0}
    again = attempt["JobRunState"] == "FAILED" and attempt["Attempt"] < definition["MaxRetries"]
    if again and attempt["ErrorMessage"] != glue.INTERRUPTED:
        return "RUNNING"  # it is about to be tried again
    return str(attempt["JobRunState"])


def _last_attempt(cloud: Cloud, job: Params) -> Params | None:
    """The newest job run of an action: the one that it started, or a retry of that."""
    attempt = cloud.store.get(glue.RUN, job["RunId"]) if "RunId" in job else None
    for run in cloud.store.all(glue.RUN) if attempt else []:  # oldest first
        if attempt and run.get("PreviousRunId") == attempt["Id"]:
            attempt = run
    return attempt


def _find(cloud: Cloud, name: str, run_id: str) -> Params:
    run = cloud.store.get(RUN, run_id)
    if run is None or run["Name"] != name:
        raise ServiceError("EntityNotFoundException", f"Workflow run {run_id} of {name} not found.")
    return run


def _runs(cloud: Cloud, name: str) -> list[Params]:
    """The runs of a workflow, newest first."""
    return [run for run in reversed(cloud.store.all(RUN)) if run["Name"] == name]


def _described(cloud: Cloud, run: Params, *, graph: bool = False) -> Params:
    states = Counter(state for _, state in _states(cloud, run))
    statistics = {f"{name}Actions": states.pop(state, 0) for state, name in _COUNTED.items()}
    statistics["WaitingActions"] = states.pop("WAITING", 0)
    statistics["RunningActions"] = states.total()
    statistics["TotalActions"] = len(run["_jobs"])
    errors = "; ".join(job["Error"] for job in run["_jobs"] if "Error" in job)
    return {
        **run,
        "Statistics": statistics,
        "ErrorMessage": errors or None,
        "Graph": _graph(cloud, run["Name"], run) if graph else None,
    }


def _graph(cloud: Cloud, name: str, run: Params | None) -> Params:
    """The triggers and jobs of a workflow as nodes; with a run, also the runs of the jobs in it."""
    nodes: list[Params] = []
    edges: list[Params] = []
    ran = [
        (job["JobName"], cloud.store.get(glue.RUN, job["RunId"]))
        for job in (run or {}).get("_jobs", [])
        if "RunId" in job
    ]
    jobs: dict[str, str] = {}

    def job_node(job: str) -> str:
        if job not in jobs:
            jobs[job] = f"job_{job}"
            details = {"JobDetails": {"JobRuns": [body for other, body in ran if other == job and body]}}
            nodes.append({"Type": "JOB", "Name": job, "UniqueId": jobs[job], **details})
        return jobs[job]

    for trigger in of_workflow(cloud, name):
        place = f"trigger_{trigger['Name']}"
        nodes.append(
            {"Type": "TRIGGER", "Name": trigger["Name"], "UniqueId": place, "TriggerDetails": {"Trigger": trigger}}
        )
        for condition in (trigger.get("Predicate") or {}).get("Conditions", []):
            edges.append({"SourceId": job_node(condition["JobName"]), "DestinationId": place})
        for action in trigger["Actions"]:
            edges.append({"SourceId": place, "DestinationId": job_node(action["JobName"])})
    return {"Nodes": nodes, "Edges": edges}


@operation("glue", "GetWorkflowRun")
def get_workflow_run(cloud: Cloud, params: Params) -> Params:
    run = _find(cloud, params["Name"], params["RunId"])
    return {"Run": _described(cloud, run, graph=params.get("IncludeGraph", False))}


@operation("glue", "GetWorkflowRuns")
def get_workflow_runs(cloud: Cloud, params: Params) -> Params:
    find_workflow(cloud, params["Name"])
    runs = [_described(cloud, run, graph=params.get("IncludeGraph", False)) for run in _runs(cloud, params["Name"])]
    return _never_empty(glue.cut(runs, params, "Runs"))


@operation("glue", "GetWorkflowRunProperties")
def get_workflow_run_properties(cloud: Cloud, params: Params) -> Params:
    return {"RunProperties": _find(cloud, params["Name"], params["RunId"])["WorkflowRunProperties"]}


@operation("glue", "StopWorkflowRun")
def stop_workflow_run(cloud: Cloud, params: Params) -> Params:
    """Ask a run to stop; the thread that watches it stops its jobs."""
    status = _find(cloud, params["Name"], params["RunId"])["Status"]

    def change(run: Params) -> None:  # in one step: a run that ends meanwhile has nobody to end it again
        nonlocal status
        status = run["Status"]
        if status == "RUNNING":
            run["Status"] = "STOPPING"

    cloud.store.update(RUN, params["RunId"], change)
    if status != "RUNNING":
        raise ServiceError("IllegalWorkflowStateException", f"The workflow run is {status}, not RUNNING.")
    return {}


def _stop_jobs(cloud: Cloud, run: Params) -> None:
    for job in run["_jobs"]:
        attempt = _last_attempt(cloud, job)
        if attempt and attempt["JobRunState"] not in {"STOPPING", *glue.ENDED}:
            glue.batch_stop_job_run(cloud, {"JobName": job["JobName"], "JobRunIds": [attempt["Id"]]})


def recover(cloud: Cloud) -> None:
    """Go on with the runs that were running, whose jobs have failed with the local AWS, and with waiting events."""
    for trigger in cloud.store.all(TRIGGER):
        if trigger.get("_events"):
            _begin_window(cloud, trigger)
    for run in cloud.store.all(RUN):
        if run["Status"] not in ENDED:
            _watch(cloud, run)


events.TARGETS["glue", "workflow"] = notify
