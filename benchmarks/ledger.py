"""What reading the ledger of a learner with a thousand training jobs takes, beside describing each job one by one.

`python benchmarks/ledger.py [--jobs 1000] [--repeats 5]` writes `benchmarks/results/ledger.json`. The jobs are records
in the store of a local AWS of its own, written while it is stopped; the ledger then reads them through boto3.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
RESULTS = Path(__file__).parent / "results" / "ledger.json"


def training_job(name: str, then: float) -> dict[str, Any]:
    """A training job that has ended, as the local AWS stores it."""
    steps = ("Starting", "Pending", "Downloading", "Training", "Uploading", "Completed")
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}",
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "SecondaryStatusTransitions": [{"Status": step, "StartTime": then, "EndTime": then} for step in steps],
        "CreationTime": then,
        "LastModifiedTime": then,
        "HyperParameters": {"ngram-max": "3", "alpha": "0.0001"},
        "AlgorithmSpecification": {"TrainingImage": "sklearn", "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::123456789012:role/learner",
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "TrainingTimeInSeconds": 36,
        "BillableTimeInSeconds": 36,
    }


def timed(work: Callable[[], object], repeats: int) -> dict[str, Any]:
    """Median, smallest and largest time of some calls, in seconds."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return {
        "median_s": round(statistics.median(seconds), 3),
        "min_s": round(min(seconds), 3),
        "max_s": round(max(seconds), 3),
        "n": repeats,
    }


def measure(jobs: int, repeats: int) -> dict[str, Any]:
    """Fill a local AWS in the folder of LOCALCLOUD_HOME, and read its ledger."""
    from helpers.models import experiments
    from helpers.money import ledger
    from helpers.workshop import connect
    from localcloud import process
    from localcloud.store import state
    from localcloud.store.resources import Store

    process.start()
    process.stop()
    store = Store(state.home() / "store.db")
    for number in range(jobs):
        name = f"dsaws-bench-sentiment-{number:05}"
        store.insert("training-job", name, training_job(name, time.time() - 86400))
    store.close()
    ws = connect(quiet=True)
    try:
        assert len(ledger.read(ws)) == jobs
        return {
            "ledger": timed(lambda: ledger.read(ws), repeats),
            "one_by_one_in_threads": timed(lambda: experiments.runs("dsaws-bench-"), max(1, repeats // 2)),
        }
    finally:
        process.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lc-bench-") as home:
        os.environ |= {"LOCALCLOUD_HOME": home, "COURSE_CLOUD": "local", "COURSE_LEARNER": "bench"}
        figures = measure(args.jobs, args.repeats)
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load_before": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "jobs": args.jobs,
        **figures,
    }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
