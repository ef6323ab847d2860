"""One query while it runs, as it is handed to who executes its statement."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from localcloud.cloud import Cloud
from localcloud.services.athena import workgroups
from localcloud.services.athena.lookup import Lookup
from localcloud.services.registry import Params
from localcloud.sql.statements import Statement
from localcloud.sql.task import Limits

QUERY = "athena-query"
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
TIME_LIMIT_SECONDS = 30 * 60  # AWS's default quota for queries


@dataclass
class Run:
    """One query while it runs.

    Attributes:
        execution: as it was when the query was started.
        output: the folder on S3 for what the query answers, with a slash at its end.
        folder: a folder of its own on this machine.
        statistics: what is known of the query so far.
    """

    cloud: Cloud
    execution: Params
    statement: Statement
    parameters: tuple[str, ...]
    output: str
    folder: Path
    lookup: Lookup
    statistics: Params = field(default_factory=dict)

    @property
    def identity(self) -> str:
        return str(self.execution["QueryExecutionId"])

    @property
    def group(self) -> str:
        return str(self.execution["WorkGroup"])

    def stopped(self) -> bool:
        return self.cloud.stopping.is_set() or self.cloud.stop_event(QUERY, self.identity).is_set()

    def limits(self) -> Limits:
        group = self.cloud.store.get(workgroups.WORKGROUP, self.group) or {}
        cutoff = group.get("Configuration", {}).get("BytesScannedCutoffPerQuery")
        return Limits(seconds=TIME_LIMIT_SECONDS, scan_bytes=cutoff)
