"""What SageMaker's jobs of one status have in common: made, found, changed, stopped, deleted and ended the same way."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from localcloud.cloud import Cloud, arn
from localcloud.jobs import lifecycle
from localcloud.protocol import ServiceError
from localcloud.services.registry import Params

ENDED = {"Completed", "Failed", "Stopped"}


@dataclass(frozen=True)
class JobKind:
    """One kind of job.

    Args:
        kind: the resource part of its ARN, and its kind in the store.
        prefix: how the names of its members begin: `<prefix>Name`, `<prefix>Arn`, `<prefix>Status`.
        end_time: the member for when it has ended.
        called: its name in messages.
    """

    kind: str
    prefix: str
    end_time: str
    called: str

    @property
    def name(self) -> str:
        return f"{self.prefix}Name"

    @property
    def status(self) -> str:
        return f"{self.prefix}Status"

    def create(self, cloud: Cloud, params: Params, **more: Any) -> Params:
        """Record a new job that is InProgress. Returns the answer to its Create request.

        Raises:
            ServiceError: ResourceInUse, when the name is taken.
        """
        name, now = params[self.name], time.time()
        address = {f"{self.prefix}Arn": arn("sagemaker", f"{self.kind}/{name.lower()}")}
        job = {**params, **address, self.status: "InProgress", "CreationTime": now, "LastModifiedTime": now, **more}
        if not cloud.store.insert(self.kind, name, job):
            raise self.taken(name)
        return address

    def taken(self, name: str) -> ServiceError:
        return ServiceError("ResourceInUse", f"{self.called} job names must be unique. The name {name} is taken.")

    def find(self, cloud: Cloud, name: str) -> Params:
        job = cloud.store.get(self.kind, name)
        if job is None:
            raise ServiceError("ResourceNotFound", f"{self.called} job {name} not found.")
        return job

    def update(self, cloud: Cloud, name: str, **members: Any) -> Params | None:
        """Change a job that has not ended. Returns it as it is then, or None when it is gone."""

        def change(job: Params) -> None:
            if job[self.status] not in ENDED:
                job.update(members, LastModifiedTime=time.time())

        return cloud.store.update(self.kind, name, change)

    def stop(self, cloud: Cloud, params: Params, **members: Any) -> Params:
        """Answer a Stop request."""
        name = params[self.name]
        self.find(cloud, name)
        stop = cloud.stop_event(self.kind, name)  # before the change: later it may be the next job's of this name
        job = self.update(cloud, name, **{self.status: "Stopping"}, **members)
        if not job or job[self.status] != "Stopping":
            status = job[self.status] if job else "Deleted"
            raise ServiceError("ValidationException", f"The job {name} is in status {status}; it cannot be stopped.")
        stop.set()
        return {}

    def delete(self, cloud: Cloud, params: Params) -> Params:
        """Answer a Delete request."""
        if self.find(cloud, params[self.name])[self.status] not in ENDED:
            raise ServiceError("ResourceInUse", "Stop the job before deleting it.")
        cloud.store.delete(self.kind, params[self.name])
        return {}

    def finish(self, cloud: Cloud, name: str, status: str, reason: str = "", **members: Any) -> None:
        def change(job: Params) -> None:
            now = time.time()
            job.update(members, **{self.status: status, self.end_time: now}, LastModifiedTime=now)
            if status == "Failed":
                job["FailureReason"] = reason[:1024]

        lifecycle.end(cloud, self.kind, name, change)

    def recover(self, cloud: Cloud, **members: Any) -> None:
        """At start: a job that no thread can finish any more has failed, and says why."""
        for job in cloud.store.all(self.kind):
            if job[self.status] not in ENDED:
                self.finish(cloud, job[self.name], "Failed", lifecycle.INTERRUPTED, **members)
