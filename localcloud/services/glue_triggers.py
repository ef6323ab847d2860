"""AWS Glue triggers: what starts the jobs of a workflow (`glue_workflows.py`), or jobs by themselves.

Types EVENT (events from EventBridge, counted as EventBatchingCondition says), ON_DEMAND and CONDITIONAL (when jobs of
the same workflow run have ended). SCHEDULED is not offered: a schedule of EventBridge can start a workflow instead.
Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-trigger.html
"""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services import glue
from localcloud.services.registry import Params, operation

TRIGGER, WORKFLOW = "glue-trigger", "glue-workflow"
STARTING = ("EVENT", "ON_DEMAND")  # a workflow begins with one of these
DEFAULT_WINDOW_SECONDS = 900


def invalid(message: str) -> ServiceError:
    return ServiceError("InvalidInputException", message)


def find_workflow(cloud: Cloud, name: str) -> Params:
    workflow = cloud.store.get(WORKFLOW, name)
    if workflow is None:
        raise ServiceError("EntityNotFoundException", f"Workflow {name} not found.")
    return workflow


@operation("glue", "CreateTrigger")
def create_trigger(cloud: Cloud, params: Params) -> Params:
    kind, workflow = params["Type"], params.get("WorkflowName")
    if kind == "SCHEDULED":
        raise invalid(
            "SCHEDULED triggers are not offered here: use a schedule of EventBridge, whose target the workflow is."
        )
    if workflow:
        find_workflow(cloud, workflow)
        if kind in STARTING and any(t["Type"] in STARTING for t in of_workflow(cloud, workflow)):
            raise invalid(f"Workflow {workflow} has a trigger that starts it; it can have only one.")
    elif kind != "ON_DEMAND":
        raise invalid(f"{kind} triggers are offered here as parts of a workflow: give a WorkflowName.")
    if params.get("StartOnCreation") and kind != "CONDITIONAL":
        raise invalid(f"StartOnCreation is not supported for {kind} triggers.")
    trigger = {
        **{key: value for key, value in params.items() if key != "StartOnCreation"},
        "State": "ACTIVATED" if params.get("StartOnCreation") else "CREATED",
    }
    _check(trigger)
    if not cloud.store.insert(TRIGGER, params["Name"], trigger):
        raise ServiceError("AlreadyExistsException", f"Trigger with name {params['Name']} already exists")
    return {"Name": params["Name"]}


def _check(trigger: Params) -> None:
    """What could not run is refused. A job need not exist yet, as on AWS."""
    for action in trigger["Actions"]:
        if not action.get("JobName") or action.get("CrawlerName"):
            raise invalid("Each action needs a JobName here; crawlers in workflows are not offered.")
    conditions = (trigger.get("Predicate") or {}).get("Conditions", [])
    if (trigger["Type"] == "CONDITIONAL") != bool(conditions):
        raise invalid("CONDITIONAL triggers, and only they, need a Predicate with Conditions.")
    for condition in conditions:
        if not condition.get("JobName") or not condition.get("State"):
            raise invalid("Each condition needs a JobName and a State here; crawlers in workflows are not offered.")
    if trigger.get("EventBatchingCondition") and trigger["Type"] != "EVENT":
        raise invalid("Only EVENT triggers have an EventBatchingCondition.")


def of_workflow(cloud: Cloud, workflow: str) -> list[Params]:
    return [trigger for trigger in cloud.store.all(TRIGGER) if trigger.get("WorkflowName") == workflow]


def find(cloud: Cloud, name: str) -> Params:
    trigger = cloud.store.get(TRIGGER, name)
    if trigger is None:
        raise ServiceError("EntityNotFoundException", f"Trigger with name {name} not found.")
    return trigger


@operation("glue", "GetTrigger")
def get_trigger(cloud: Cloud, params: Params) -> Params:
    return {"Trigger": find(cloud, params["Name"])}


@operation("glue", "GetTriggers")
def get_triggers(cloud: Cloud, params: Params) -> Params:
    return glue.cut(_depending(cloud, params), params, "Triggers")


@operation("glue", "ListTriggers")
def list_triggers(cloud: Cloud, params: Params) -> Params:
    return glue.cut(glue.tagged_names(_depending(cloud, params), params), params, "TriggerNames")


def _depending(cloud: Cloud, params: Params) -> list[Params]:
    job = params.get("DependentJobName")
    every = cloud.store.all(TRIGGER)
    return [trigger for trigger in every if not job or any(a["JobName"] == job for a in trigger["Actions"])]


@operation("glue", "UpdateTrigger")
def update_trigger(cloud: Cloud, params: Params) -> Params:
    change = {key: value for key, value in params["TriggerUpdate"].items() if key not in ("Name", "Schedule")}
    _check({**find(cloud, params["Name"]), **change})
    return {"Trigger": cloud.store.update(TRIGGER, params["Name"], lambda trigger: trigger.update(change))}


@operation("glue", "DeleteTrigger")
def delete_trigger(cloud: Cloud, params: Params) -> Params:
    cloud.store.delete(TRIGGER, params["Name"])  # as on AWS, no error when there is none
    return {"Name": params["Name"]}


@operation("glue", "StopTrigger")
def stop_trigger(cloud: Cloud, params: Params) -> Params:
    """A deactivated trigger does not fire; the events that it has counted are forgotten."""
    trigger = find(cloud, params["Name"])
    if trigger["Type"] == "ON_DEMAND":
        raise invalid("An ON_DEMAND trigger cannot be stopped: it fires when it is started, and only then.")
    cloud.store.update(TRIGGER, trigger["Name"], lambda body: body.update(State="DEACTIVATED", _events=[], _first=0))
    return {"Name": trigger["Name"]}


def fire(cloud: Cloud, trigger: Params, more: dict[str, str]) -> list[Params]:
    """Start the trigger's jobs. Returns for each what became of it: JobName and RunId, or JobName and Error."""
    started = []
    for action in trigger["Actions"]:
        request = {key: action[key] for key in ("JobName", "Timeout") if action.get(key)}
        request["Arguments"] = {**action.get("Arguments", {}), **more}
        try:
            run = glue.start_job_run(cloud, {**request, "_trigger": trigger["Name"]})
            started.append({"JobName": action["JobName"], "RunId": run["JobRunId"]})
        except ServiceError as error:  # no such job, or too many runs of it: the workflow run says so
            started.append({"JobName": action["JobName"], "Error": f"{error.code}: {error}"})
    return started


def batching(trigger: Params) -> tuple[int, int]:
    """How many events make a batch, and after how many seconds a smaller one is enough."""
    condition = trigger.get("EventBatchingCondition") or {"BatchSize": 1}
    return condition["BatchSize"], condition.get("BatchWindow") or DEFAULT_WINDOW_SECONDS
