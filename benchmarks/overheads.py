"""What the local AWS adds to the work itself, each measured beside the plain alternative in one run.

`python benchmarks/overheads.py [--repeats 5]` writes `benchmarks/results/overheads.json`:

- a training job (script mode, boto3) beside the same script started by hand in the same image;
- a Glue job run beside `spark-submit` of the same script on the same files with the same settings;
- the time from `python -m localcloud start` to a ready server, and the server's memory when nothing runs.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import psutil

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
RESULTS = Path(__file__).parent / "results" / "overheads.json"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
TRAIN = """
import os, pathlib, time
rows = sum(len(p.read_bytes()) for p in pathlib.Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir())
time.sleep(2)
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(str(rows))
"""
SPARK = """
import sys
from awsglue.utils import getResolvedOptions
from pyspark.sql import SparkSession, functions as F
args = getResolvedOptions(sys.argv, ["JOB_NAME", "source", "target"])
spark = SparkSession.builder.getOrCreate()
frame = spark.read.json(args["source"])
counts = frame.groupBy("group").agg(F.count("*").alias("n"), F.avg(F.length("text")).alias("length"))
counts.write.mode("overwrite").parquet(args["target"])
frame.repartition("group").write.mode("overwrite").partitionBy("group").parquet(args["target"] + "all/")
"""


def spread(seconds: list[float]) -> dict[str, Any]:
    """Median, smallest and largest of some measurements, in seconds."""
    return {
        "median_s": round(statistics.median(seconds), 3),
        "min_s": round(min(seconds), 3),
        "max_s": round(max(seconds), 3),
        "n": len(seconds),
    }


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def start_times(repeats: int) -> dict[str, Any]:
    from localcloud import process

    seconds, memory = [], []
    for _ in range(repeats):
        process.stop()
        seconds.append(timed(process.start))
        server = process.running()
        assert server
        time.sleep(1)
        memory.append(server.memory_info().rss / 2**20)
    return {"ready": spread(seconds), "idle_memory_mb": round(statistics.median(memory), 1)}


def training(ws: Any, repeats: int) -> dict[str, Any]:
    from localcloud.jobs import images

    sagemaker, s3 = boto3.client("sagemaker"), boto3.client("s3")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        member = tarfile.TarInfo("train.py")
        member.size = len(TRAIN)
        tar.addfile(member, io.BytesIO(TRAIN.encode()))
    s3.put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/bench/sourcedir.tar.gz", Body=archive.getvalue())
    data = os.urandom(5 * 2**20)
    s3.put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/bench/train/data.bin", Body=data)
    python = images.ensure("sklearn-1.9-0")

    def direct() -> None:
        with tempfile.TemporaryDirectory() as folder:
            (root := Path(folder), (root / "train").mkdir(), (root / "model").mkdir())
            (root / "train/data.bin").write_bytes(data)
            (root / "train.py").write_text(TRAIN)
            variables = {"SM_CHANNEL_TRAIN": f"{folder}/train", "SM_MODEL_DIR": f"{folder}/model"}
            subprocess.run([python, root / "train.py"], check=True, env={**os.environ, **variables})

    def as_job() -> None:
        name = f"bench-{time.time_ns()}"
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": ws.s3("bench/train/")}}
        sagemaker.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            RoleArn=ws.role,
            HyperParameters={
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": ws.s3("bench/sourcedir.tar.gz"),
            },
            InputDataConfig=[{"ChannelName": "train", "DataSource": source}],
            OutputDataConfig={"S3OutputPath": ws.s3("bench/out")},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )
        while (job := sagemaker.describe_training_job(TrainingJobName=name))["TrainingJobStatus"] == "InProgress":
            time.sleep(0.02)
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")

    return side_by_side("script by hand", direct, "training job", as_job, repeats)


def glue(ws: Any, repeats: int) -> dict[str, Any]:
    from localcloud.jobs import images, spark

    client, s3 = boto3.client("glue"), boto3.client("s3")
    lines = "\n".join(json.dumps({"group": f"g{i % 7}", "text": f"row {i} " * 60}) for i in range(50_000))
    s3.put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/bench/rows/rows.jsonl", Body=lines.encode())
    s3.put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/bench/spark.py", Body=SPARK.encode())
    command = {"Name": "glueetl", "ScriptLocation": ws.s3("bench/spark.py"), "PythonVersion": "3"}
    name = f"bench-{time.time_ns()}"
    client.create_job(Name=name, Role=ws.role, Command=command, GlueVersion="5.1", WorkerType="G.1X", NumberOfWorkers=2)
    python = images.ensure("glue-5.1")
    java = spark.find_java(python)

    def bare() -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "bucket/bench/rows").mkdir(parents=True)
            (root / "tmp").mkdir()
            (root / "bucket/bench/rows/rows.jsonl").write_text(lines)
            (root / "spark.py").write_text(SPARK)
            spark.write_conf(root / "conf", {"bucket": root / "bucket"}, os.cpu_count() or 1, "4g")
            environment = {**os.environ, **spark.spark_env(python, java, root / "conf", root / "tmp")}
            submit = [python.parent / "spark-submit", root / "spark.py", "--JOB_NAME", "bench"]
            submit += ["--source", "s3://bucket/bench/rows/", "--target", "s3://bucket/bench/out/"]
            subprocess.run(submit, check=True, env=environment, capture_output=True)

    def as_run() -> None:
        arguments = {"--source": ws.s3("bench/rows/"), "--target": ws.s3("bench/spark-out/")}
        run = client.start_job_run(JobName=name, Arguments=arguments)["JobRunId"]
        while True:
            state = client.get_job_run(JobName=name, RunId=run)["JobRun"]
            if state["JobRunState"] not in ("STARTING", "RUNNING", "WAITING"):
                break
            time.sleep(0.05)  # each question is work of the server, which the run pays for
        assert state["JobRunState"] == "SUCCEEDED", state.get("ErrorMessage")

    return side_by_side("spark-submit", bare, "Glue job run", as_run, repeats)


def side_by_side(
    first: str, one: Callable[[], None], second: str, other: Callable[[], None], repeats: int
) -> dict[str, Any]:
    """Run both in turn, so that what else the machine does falls on both; the first round only warms up."""
    one(), other()
    ones, others = [], []
    for number in range(repeats):
        ones.append(timed(one))
        others.append(timed(other))
        print(f"  {number + 1}: {first} {ones[-1]:.2f} s, {second} {others[-1]:.2f} s", flush=True)
    plain, ours = statistics.median(ones), statistics.median(others)
    return {
        first: spread(ones),
        second: spread(others),
        "overhead_s": round(ours - plain, 3),
        "ratio": round(ours / plain, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    os.environ.setdefault("LOCALCLOUD_IMAGES", str(PROJECT / ".localcloud" / "images"))
    home = tempfile.mkdtemp(prefix="bench-")
    os.environ["LOCALCLOUD_HOME"] = home
    from helpers.workshop import connect
    from localcloud import process

    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    machine += f", {psutil.virtual_memory().total / 2**30:.0f} GB"
    results: dict[str, Any] = {"date": datetime.now(UTC).date().isoformat(), "machine": machine}
    try:
        print("start", flush=True)
        results["start"] = start_times(repeats)
        ws = connect(quiet=True)
        print("training", flush=True)
        results["training job"] = training(ws, repeats)
        print("glue", flush=True)
        results["glue job run"] = glue(ws, repeats)
    finally:
        process.stop()
        shutil.rmtree(home, ignore_errors=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
