"""`Job`: start and end of a job run."""

import sys
from collections.abc import Mapping

from .context import GlueContext


class Job:
    """A job run. Job bookmarks are not offered locally, so a run always sees all input."""

    def __init__(self, glue_context: GlueContext) -> None:
        self.glue_context = glue_context
        self.name: str | None = None

    def init(self, job_name: str, args: Mapping[str, str] | None = None) -> None:
        """Begins the run. Raises NotImplementedError if the run was started with job bookmarks on."""
        if any(word.endswith("job-bookmark-enable") for word in sys.argv):
            raise NotImplementedError("Job bookmarks are not offered by the local Glue")
        self.name = job_name

    def commit(self) -> None:
        """Ends the run. On AWS this saves the job bookmark; here there is none to save."""
        if self.name is None:
            raise RuntimeError("Job.commit() before Job.init(): call job.init(args['JOB_NAME'], args) first")
