"""`connect()`: where am I, and everything a lesson needs to work there. No lesson asks more than this."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import logging
import os
import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import boto3
import rich
from botocore.exceptions import BotoCoreError, ClientError

from helpers import front_end, roles
from helpers.aws import tags
from helpers.studio import on_aws

OPENED = "opened"  # the kind of a learner's notes that says which lessons somebody has opened
LONGEST_LEARNER = 16  # for dsaws-LEARNER-WHAT-TIME has 32 characters at most where it names a search
_LIKE_A_HASH = re.compile(r"[0-9a-f]{8}$")


@dataclass(frozen=True)
class Workshop:
    """What `connect()` found. `str(workshop)` is the one line it prints.

    Attributes:
        learner: a short name, of letters and digits; nobody else in the account has it.
        role, events_role: what jobs and endpoints run as, and what a rule of EventBridge starts something as.
        reader_role: what a job can run as that may read and not write; the usual role where no template made one.
        workgroup: Athena's, for this learner's queries.
        lesson: which one this is, as "05"; "" outside of the lessons.
    """

    place: str
    region: str
    account: str
    learner: str
    bucket: str
    role: str
    events_role: str
    reader_role: str
    workgroup: str
    lesson: str = ""

    @property
    def prefix(self) -> str:
        """Where this learner's keys begin, without a slash at the end."""
        return f"data-science-on-aws/{self.learner}"

    @property
    def database(self) -> str:
        """This learner's database of the Glue Data Catalog."""
        return f"dsaws_{self.learner}"

    @property
    def tags(self) -> dict[str, str]:
        """What everything that is made here is marked with."""
        lesson = {"lesson": self.lesson} if self.lesson else {}
        return {"course": "data-science-on-aws", "learner": self.learner, **lesson}

    @property
    def session(self) -> Any:
        """A SageMaker SDK v3 session on the course's bucket (made on first use: its import takes seconds)."""
        from sagemaker.core.helper.session_helper import Session

        return Session(
            boto3.Session(region_name=self.region),
            default_bucket=self.bucket,
            default_bucket_prefix=self.prefix,
        )

    def s3(self, key: str = "") -> str:
        """The address of a key below this learner's prefix: `s3://bucket/prefix/key`."""
        return f"s3://{self.bucket}/{self.prefix}/{key}"

    def name(self, what: str) -> str:
        """A name for a resource of this learner: jobs and endpoints of sixty attendees live in one account."""
        return f"dsaws-{self.learner}-{what}"

    def __str__(self) -> str:
        return f"Connected to {self.place} · region {self.region} · your data: {self.s3()}"


def connect(*, lesson: str = "", quiet: bool = False) -> Workshop:
    """Connect this notebook to AWS where there is AWS, else to the local AWS of this machine, starting it if needed.

    From then on boto3 puts the tags of the course, the learner and the lesson on all that is created.

    In SageMaker Studio (and wherever COURSE_CLOUD=aws is set) the account at hand is used. Anywhere else the local AWS
    is, even when the machine has AWS credentials: nothing a learner tries at home may cost money by accident.

    Raises:
        RuntimeError: the local AWS cannot start, or the AWS account does not answer; says what to do next.
    """
    workshop = replace(_connect_to_aws() if on_aws() else _connect_at_home(), lesson=lesson)
    tags.put_on_everything(workshop.tags)
    boto3.setup_default_session()
    if lesson and front_end.attended():
        _note_opening(workshop)
    _show_sdk_logs()
    # The SDK would refuse a role that lacks anything which any kind of job may need, as network interfaces.
    os.environ.setdefault("SAGEMAKER_VALIDATE_ROLE", "false")
    if not quiet:
        print(workshop)
    return workshop


def _connect_at_home() -> Workshop:
    """Start the local AWS, and lead boto3 and the SDK to it. The learner is COURSE_LEARNER, or the system's user."""
    from localcloud import environment, process
    from localcloud.store import state

    try:
        endpoint = process.start()
    except process.CannotStart as error:
        raise RuntimeError(f"{error}\nRun `python3 course.py doctor` to see what is wrong.") from None
    environment.lead(endpoint)
    place, role = "the local AWS on this machine", state.ROLE_ARN
    learner = short_name(os.environ.get("COURSE_LEARNER") or _user())
    made = {"notebook": role, "jobs": role, "events": role, "reader": state.READER_ROLE_ARN}
    if process.makes_learners():  # strict mode: the learner's own roles, and no more rights than theirs
        values = {"account": state.ACCOUNT, "region": state.REGION, "bucket": state.BUCKET}
        made = roles.make(boto3.Session().client, learner=learner, **values)
        place = f"{place}, strict" if process.runs_strict() else place
    environment.lead(endpoint, made["notebook"])
    workgroup = f"dsaws-{learner}"
    roles_made = {"role": made["jobs"], "events_role": made["events"], "reader_role": made["reader"]}
    return Workshop(place, state.REGION, state.ACCOUNT, learner, state.BUCKET, workgroup=workgroup, **roles_made)


def _note_opening(ws: Workshop) -> None:
    """Keep that somebody has opened this lesson today, for `progress`; a note less is no reason to stop."""
    key, body = f"{ws.prefix}/{OPENED}/{ws.lesson}.json", json.dumps({"date": f"{date.today()}"})
    with contextlib.suppress(ClientError, BotoCoreError):
        boto3.client("s3").put_object(Bucket=ws.bucket, Key=key, Body=body.encode())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "learner"


def _connect_to_aws() -> Workshop:
    """Ask the account at hand who the learner is, and what was made for the learner there."""
    from helpers import account

    os.environ.setdefault("AWS_DEFAULT_REGION", account.region())
    return Workshop(**account.found(short_name(account.owner())))


def short_name(name: str) -> str:
    """A learner's name for prefixes, names and tags: at most 16 letters and digits.

    A name that is short and plain stays as it is. Any other ends in eight digits of its hash, and no plain one does:
    two names become one only if these digits agree.
    """
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    if plain == name and 0 < len(plain) <= LONGEST_LEARNER and not _LIKE_A_HASH.search(plain):
        return plain
    # Without a hyphen: what begins with "dsaws-ann-" must be Ann's, and not Ann-B's.
    digits = hashlib.sha256(name.encode()).hexdigest()[:8]
    return (plain or "learner")[: LONGEST_LEARNER - len(digits)] + digits


def _show_sdk_logs() -> None:
    """Let what the SageMaker SDK logs (a job's own lines, with `train(logs=True)`) appear below the cell, once."""
    logger = logging.getLogger("sagemaker")
    if not any(isinstance(handler, _NotebookHandler) for handler in logger.handlers):
        logger.addHandler(_NotebookHandler())
        logger.setLevel(logging.INFO)
        logger.propagate = False
        # As into a file: for Jupyter, rich would make a widget of the SDK's wait, which no stored notebook can show.
        rich.reconfigure(force_jupyter=False, force_terminal=False)


class _NotebookHandler(logging.Handler):
    """Prints a job's log as the learner's script writes it, the job's name and end, and the SDK's warnings.

    The SDK puts the stream's name on a line before each line of a log. Its driver, which runs in the container, writes
    some 150 lines about its own set-up before it starts the script: they are left out here, and stay in CloudWatch.
    """

    def __init__(self) -> None:
        super().__init__()
        self._in_driver: set[str] = set()  # streams whose script has not begun

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        stream, separator, line = message.partition(":\n")
        if separator and "/algo-" in stream:
            self._show(stream, line)
        elif message.startswith(("Training Job Name:", "Final Resource Status:")):
            print(message.replace("[bold]", ""))
        elif record.levelno >= logging.WARNING and message not in _HARMLESS:
            print(message)

    def _show(self, stream: str, line: str) -> None:
        if line == "Starting training script":
            self._in_driver.add(stream)
        if line.startswith("Executing command:"):
            self._in_driver.discard(stream)
        # A line with + is the shell's trace of the driver.
        if stream not in self._in_driver and not line.startswith("+"):
            print(line)


_HARMLESS = {
    "No region provided. Using default region.",  # connect() has set the region
    "Not displaing the training container logs as 'wait' is set to False.",  # the SDK's spelling
}
