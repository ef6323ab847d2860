"""Jobs that end before their script does, and jobs that wait for a core."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from botocore.exceptions import ClientError
from own_cloud import wait_until
from training_jobs import Training

STUBBORN = """
    import os, signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)  # {mark}"
    subprocess.Popen([sys.executable, "-c", code])
    subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    if os.fork() == 0:  # a daemon: detached twice, and its parent ends at once
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-c", code])
        os._exit(0)
    os.wait()
    open("/opt/ml/model/partial.txt", "w").write("so far")
    print("everything runs", flush=True)
    time.sleep(300)
"""


def processes(mark: str) -> list[psutil.Process]:
    """Live processes that carry the mark in their command line."""
    found = []
    for process in psutil.process_iter():
        try:
            if mark in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


@pytest.fixture
def mark() -> Iterator[str]:
    """A text to know a test's processes by; whatever it left is killed."""
    mark = f"mark-{os.getpid()}-{time.monotonic_ns()}"
    yield mark
    for process in processes(mark):
        process.kill()


def test_stop_ends_a_job_that_ignores_it_and_all_that_it_detached(training: Training, mark: str) -> None:
    name = training.start(STUBBORN.replace("{mark}", mark))
    training.reaches(name, "everything runs")
    assert len(processes(mark)) >= 3
    began = time.monotonic()
    training.client.stop_training_job(TrainingJobName=name)
    assert training.describe(name)["TrainingJobStatus"] == "Stopping"
    job = training.ended(name)
    assert job["TrainingJobStatus"] == "Stopped"
    assert time.monotonic() - began < 10
    assert processes(mark) == []


def test_a_stopped_job_keeps_the_model_it_has_so_far(training: Training) -> None:
    script = """
        import signal, sys, time
        def on_stop(*_):
            open("/opt/ml/model/m.txt", "w").write("saved at the stop")
            sys.exit(0)
        signal.signal(signal.SIGTERM, on_stop)
        print("ready", flush=True)
        time.sleep(300)
    """
    name = training.start(script)
    training.reaches(name, "ready")
    training.client.stop_training_job(TrainingJobName=name)
    job = training.ended(name)
    assert job["TrainingJobStatus"] == "Stopped"
    assert job["ModelArtifacts"]["S3ModelArtifacts"].endswith("/output/model.tar.gz")
    assert "FailureReason" not in job


def test_a_script_that_never_ends_meets_its_time_limit(training: Training, mark: str) -> None:
    began = time.monotonic()
    job = training.run(f"while True: pass  # {mark}", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert time.monotonic() - began < 15
    assert processes(job["TrainingJobName"]) == []


def test_what_a_job_leaves_running_ends_with_it(training: Training, mark: str) -> None:
    script = f"""
        import subprocess, sys
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)  # {mark}"], start_new_session=True)
    """
    assert training.run(script)["TrainingJobStatus"] == "Completed"
    assert processes(mark) == []


def test_a_job_that_has_ended_cannot_be_stopped(training: Training) -> None:
    job = training.run("pass")
    with pytest.raises(ClientError, match="status Completed") as refused:
        training.client.stop_training_job(TrainingJobName=job["TrainingJobName"])
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_job_stopped_at_any_moment_ends(training: Training) -> None:
    """Stop requests that race with every station of a job's life never leave it half stopped."""

    def race(number: int) -> str:
        name = training.start("pass")
        time.sleep(0.02 * number)
        try:
            training.client.stop_training_job(TrainingJobName=name)
        except ClientError as refused:
            if "status Completed" not in str(refused):
                raise
        return name

    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(race, range(16)))
    assert {training.ended(name)["TrainingJobStatus"] for name in names} <= {"Stopped", "Completed"}


@pytest.fixture
def taken_cores(training: Training) -> Iterator[list[str]]:
    """As many jobs as the machine has cores, all in Training."""
    script = "import time; print('running', flush=True); time.sleep(300)"
    names = [training.start(script) for _ in range(os.cpu_count() or 1)]
    try:
        for name in names:
            training.reaches(name, "running", seconds=90)  # a core may be taken by a test's Glue run
        yield names
    finally:
        for name in names:
            if training.describe(name)["TrainingJobStatus"] == "InProgress":
                training.client.stop_training_job(TrainingJobName=name)
        for name in names:
            training.ended(name)


def test_jobs_run_side_by_side_and_the_next_waits_for_a_core(training: Training, taken_cores: list[str]) -> None:
    statuses = {training.describe(name)["SecondaryStatus"] for name in taken_cores}
    assert statuses == {"Training"}
    waiting = training.start("print('at last')")
    wait_until(lambda: training.describe(waiting)["SecondaryStatus"] == "Pending", 5)
    assert training.describe(waiting)["TrainingJobStatus"] == "InProgress"
    training.client.stop_training_job(TrainingJobName=taken_cores[0])
    job = training.ended(waiting)
    assert job["TrainingJobStatus"] == "Completed"
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]][:3] == ["Starting", "Pending", "Downloading"]


def test_a_waiting_job_can_be_stopped(training: Training, taken_cores: list[str]) -> None:
    waiting = training.start("print('never')")
    wait_until(lambda: training.describe(waiting)["SecondaryStatus"] == "Pending", 5)
    training.client.stop_training_job(TrainingJobName=waiting)
    job = training.ended(waiting, seconds=3)
    assert job["TrainingJobStatus"] == "Stopped"
    assert training.log(waiting) == []
