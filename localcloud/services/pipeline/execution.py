"""One execution of a pipeline: a thread that starts each step when all before it have succeeded.

A step that fails lets those that run come to their end; no new one starts, and the execution has failed.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localcloud.cloud import Cloud
from localcloud.jobs import lifecycle, s3io
from localcloud.protocol import ServiceError
from localcloud.services import events
from localcloud.services.pipeline import cache, conditions, resources, retries
from localcloud.services.pipeline.definition import Definition, Step, parse
from localcloud.services.pipeline.kinds import KINDS
from localcloud.services.pipeline.values import Scope, Unresolved, read_s3, resolve
from localcloud.services.registry import Params

log = logging.getLogger("localcloud")
KIND = "pipeline-execution"
ENDED = ("Succeeded", "Failed", "Stopped")
STEPS_FAILED = "Step failure: One or multiple steps failed."
POLL_SECONDS = 0.05


@dataclass
class _Active:
    """A step that has been started and has not ended: its job, or the time of its next attempt."""

    step: Step
    began: float
    job: str = ""
    next_attempt: float = 0.0
    retried: int = 0


def run(cloud: Cloud, name: str) -> None:
    """The whole life of one execution, in a thread of its own. Ends in a terminal status whatever happens."""
    status, reason = "Failed", ""
    try:
        status, reason = _Run(cloud, name).run()
    except Exception as error:
        log.exception("pipeline execution %s", name)
        reason = f"InternalServerError: {type(error).__name__}: {error}"
    finish(cloud, name, status, reason)


def finish(cloud: Cloud, name: str, status: str, reason: str) -> None:
    """Record the end of an execution, and of the steps that end with it."""

    def change(execution: Params) -> None:
        for record in execution["_steps"].values():
            if record["StepStatus"] not in ENDED:
                record.update(StepStatus=status, EndTime=time.time())
                if status == "Failed":
                    record["FailureReason"] = reason[:1024]
        execution.update(PipelineExecutionStatus=status, LastModifiedTime=time.time())
        if reason:
            execution["FailureReason"] = reason[:1300]

    lifecycle.end(cloud, KIND, name, change)
    events.execution_changed(cloud, cloud.store.get(KIND, name), "Executing")


class _Run:
    def __init__(self, cloud: Cloud, name: str) -> None:
        body = cloud.store.get(KIND, name)
        assert body is not None
        pipeline = cloud.store.get("pipeline", body["_pipeline"]) or {}
        self._cloud, self._name = cloud.acting_as(pipeline.get("RoleArn"), "SageMaker"), name
        self._stop = cloud.stop_event(KIND, name)
        self._execution = body
        self._definition: Definition = parse(body["_definition"])
        self._records: dict[str, Params] = body["_steps"]
        self._active: dict[str, _Active] = {}
        self._failed = False

    def run(self) -> tuple[str, str]:
        """Status and reason of the end. No job goes on after it, also when this raises."""
        try:
            return self._go_on()
        except Exception:
            for active in self._active.values():
                if active.job:
                    resources.stop(self._cloud, active.step, active.job)
            raise

    def _go_on(self) -> tuple[str, str]:
        stopping = False
        while True:
            if self._cloud.stopping.is_set():
                return "Failed", lifecycle.INTERRUPTED
            if self._stop.is_set() and not stopping:
                stopping = True
                self._stop_active()
            for active in list(self._active.values()):
                self._look_after(active)
            while not stopping and not self._failed and self._start_next():
                if self._stop.is_set():
                    break
            if not self._active:
                break
            time.sleep(POLL_SECONDS)
        if self._stop.is_set() and not self._failed:
            return "Stopped", ""
        return ("Failed", STEPS_FAILED) if self._failed else ("Succeeded", "")

    def _start_next(self) -> bool:
        """Start one step that may run now; False when there is none."""
        if len(self._active) >= self._most_at_once():
            return False
        outcomes = {
            name: record["Metadata"]["Condition"]["Outcome"] == "True"
            for name, record in self._records.items()
            if record["StepStatus"] == "Succeeded" and "Condition" in record.get("Metadata", {})
        }
        left_out = self._definition.left_out(outcomes)
        done = {name for name, record in self._records.items() if record["StepStatus"] == "Succeeded"}
        for step in self._definition.steps.values():
            if step.name not in self._records and step.name not in left_out and step.before <= done:
                self._start(step)
                return True
        return False

    def _most_at_once(self) -> int:
        """MaxParallelExecutionSteps, which UpdatePipelineExecution may change meanwhile."""
        execution = self._cloud.store.get(KIND, self._name) or {}
        configured = execution.get("ParallelismConfiguration") or {}
        return int(configured.get("MaxParallelExecutionSteps") or len(self._definition.steps))

    def _start(self, step: Step) -> None:
        now = time.time()
        attempt = self._execution.get("_attempts", {}).get(step.name, 0) + 1
        record = {"StepName": step.name, "StepStatus": "Starting", "StartTime": now, "AttemptCount": attempt}
        if step.display_name:
            record["StepDisplayName"] = step.display_name
        if step.description:
            record["StepDescription"] = step.description
        self._records[step.name] = record
        self._save(step)
        try:
            if step.type == "Condition":
                self._decide(step)
            elif step.type == "Fail":
                message = str(resolve(step.arguments.get("ErrorMessage", ""), self._scope()))
                self._end(step, "Failed", message, Metadata={"Fail": {"ErrorMessage": message[:3072]}})
            elif not self._reuse(step):
                self._active[step.name] = _Active(step, now)
                self._attempt(self._active[step.name])
        except Unresolved as error:
            self._end(step, "Failed", f"ClientError: {error}")

    def _decide(self, step: Step) -> None:
        resolved = resolve(step.arguments["Conditions"], self._scope())
        outcome = str(all(conditions.holds(one) for one in resolved))
        self._end(step, "Succeeded", Metadata={"Condition": {"Outcome": outcome}}, _properties={"Outcome": outcome})

    def _reuse(self, step: Step) -> bool:
        """Take an earlier run's result when the step is cached; else remember by what this run can be found."""
        if not KINDS[step.type].cache:
            return False
        signature = cache.key(step.type, resolve(step.arguments, self._scope()))
        record = self._records[step.name]
        record["_signature"] = signature
        if not step.cache.get("Enabled"):
            return False
        since = time.time() - (cache.seconds(step.cache["ExpireAfter"]) or 0)
        pipeline = self._execution["PipelineArn"]
        executions = [one for one in self._cloud.store.all(KIND) if one["PipelineArn"] == pipeline]
        found = cache.hit(executions, step.name, signature, since)
        if found is None:
            return False
        source, earlier = found
        same = {"Metadata": earlier["Metadata"], "_properties": earlier["_properties"]}
        self._end(step, "Succeeded", CacheHitResult={"SourcePipelineExecutionArn": source}, **same)
        return True

    def _attempt(self, active: _Active) -> None:
        """Make what the step makes; on a refusal, plan another attempt or end the step."""
        step, kind = active.step, KINDS[active.step.type]
        name = resources.new_name(step, self._name)
        tags = [
            {"Key": "sagemaker:pipeline-execution-arn", "Value": self._execution["PipelineExecutionArn"]},
            {"Key": "sagemaker:pipeline-step-name", "Value": step.name},
        ]
        try:
            arguments = resolve(step.arguments, self._scope(job=name))
            active.job, arn = resources.create(self._cloud, step, arguments, name, tags)
        except Unresolved:
            raise
        except Exception as error:
            if not isinstance(error, ServiceError):
                log.exception("step %s of %s", step.name, self._name)
            reason = f"ClientError: Failed to invoke sagemaker:{kind.create}. Error Details: {error}"
            self._retry_or_fail(active, retries.type_of_refusal(error), reason)
            return
        self._records[step.name].update(StepStatus="Executing", Metadata={kind.metadata: {"Arn": arn}})
        self._save(step)
        if not kind.stop:
            self._look_after(active)  # most of what is no job is there at once

    def _look_after(self, active: _Active) -> None:
        step = active.step
        if not active.job:
            if self._records[step.name]["StepStatus"] == "Stopping":
                self._end(step, "Stopped")
            elif time.time() >= active.next_attempt:
                self._records[step.name]["AttemptCount"] += 1
                try:
                    self._attempt(active)
                except Unresolved as error:
                    self._end(step, "Failed", f"ClientError: {error}")
            return
        status, reason = resources.state(self._cloud, step, active.job)
        if status == "Succeeded":
            found = resources.properties(self._cloud, step, active.job)
            self._end(step, "Succeeded", _properties=found)
        elif status == "Failed":
            self._retry_or_fail(active, retries.type_of_failure(reason, step.type), reason)
        elif status == "Stopped":
            self._end(step, "Stopped")
        elif self._records[step.name]["StepStatus"] == "Stopping" and not KINDS[step.type].stop:
            self._end(step, "Stopped")  # an endpoint comes up by itself; the pipeline does not wait for it

    def _retry_or_fail(self, active: _Active, kind: str | None, reason: str) -> None:
        age = time.time() - active.began
        wait = retries.wait_before_next(active.step.retries, kind, active.retried, age)
        if wait is None or self._records[active.step.name]["StepStatus"] == "Stopping":
            self._end(active.step, "Failed", reason)
            return
        active.job, active.retried, active.next_attempt = "", active.retried + 1, time.time() + wait
        self._records[active.step.name]["FailureReason"] = reason[:1024]  # of the last attempt, until one succeeds
        self._save(active.step)

    def _stop_active(self) -> None:
        for active in self._active.values():
            self._records[active.step.name]["StepStatus"] = "Stopping"
            self._save(active.step)
            if active.job:
                resources.stop(self._cloud, active.step, active.job)

    def _end(self, step: Step, status: str, reason: str = "", **members: Any) -> None:
        record = self._records[step.name]
        record.update(members, StepStatus=status, EndTime=time.time())
        record.pop("FailureReason", None)
        if status == "Failed":
            record["FailureReason"] = reason[:1024]
        self._failed = self._failed or status == "Failed" or (status == "Stopped" and not self._stop.is_set())
        self._active.pop(step.name, None)
        self._save(step)

    def _save(self, step: Step) -> None:
        record = self._records[step.name]

        def change(execution: Params) -> None:
            execution["_steps"][step.name] = record
            execution["LastModifiedTime"] = time.time()

        self._cloud.store.update(KIND, self._name, change)

    def _scope(self, job: str = "") -> Scope:
        execution = self._execution
        known = {name: record["_properties"] for name, record in self._records.items() if "_properties" in record}

        def property_file(step: str, name: str) -> str:
            output, path = self._definition.steps[step].property_files[name]
            uri = resources.output_uri(known[step], output)
            if uri is None:
                raise Unresolved(f"Step {step} has no output {output}.")
            return s3io.join_uri(uri, path)

        variables = {
            "StartDateTime": _iso(execution["_started"]),
            "CurrentDateTime": _iso(time.time()),
            "PipelineName": execution["_pipeline"],
            "PipelineArn": execution["PipelineArn"],
            "PipelineExecutionId": self._name,
            "PipelineExecutionArn": execution["PipelineExecutionArn"],
            "TrainingJobName": job,
            "ProcessingJobName": job,
        }
        s3 = self._cloud.client("s3")
        return Scope(execution["_parameters"], variables, known, property_file, lambda uri: read_s3(s3, uri))


def _iso(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
