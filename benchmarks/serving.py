"""An endpoint of the local AWS beside plain FastAPI and uvicorn: the same model, the same four functions, one run.

`python benchmarks/serving.py [--requests 1500] [--rounds 3]` writes `benchmarks/results/serving.json`:
requests per second, p50 and p99 for 1, 8 and 32 callers at once. The two servers are asked in turns. The caller is one
program for both, with kept connections and requests that were signed and built before the clock runs, so what boto3
takes is in neither; one more line says what a caller of boto3 sees. Each request holds one review.

FastAPI and uvicorn (pinned here, without extras) are installed into a folder that is thrown away, and run in the Python
of the same scikit-learn image. The model is lesson 05's, of 2-grams, trained on the real reviews when they are there
(../shared/data/imdb), else on synthetic ones; the results say which.
"""

from __future__ import annotations

import argparse
import asyncio
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
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import psutil
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
RESULTS = Path(__file__).parent / "results" / "serving.json"
REVIEWS = PROJECT.parent / "shared" / "data" / "imdb" / "train.parquet"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
PINNED = ("fastapi==0.165.0", "uvicorn==0.54.0")
CALLERS = (1, 8, 32)
APP = """
import os, sys
import inference
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

model = inference.model_fn(os.environ["MODEL"])
app = FastAPI()


def answer(body, content_type, accept):
    return inference.output_fn(inference.predict_fn(inference.input_fn(body, content_type), model), accept)


@app.post("/invocations")
async def invocations(request: Request):
    body, kind = (await request.body()).decode(), request.headers["content-type"]
    content, kind = await run_in_threadpool(answer, body, kind, request.headers.get("accept"))
    return Response(content, media_type=kind)
"""


def make_model(python: Path, folder: Path) -> tuple[list[str], str]:
    """Train lesson 05's model into `folder/model`; return a hundred reviews to ask about, and what they are."""
    from helpers.data.synthetic import synthetic_reviews

    real = REVIEWS.exists()
    rows = pd.read_parquet(REVIEWS) if real else synthetic_reviews(10_000)
    rows = rows.sample(frac=1, random_state=0).assign(label=lambda r: (r["sentiment"] == "positive").astype(int))
    (folder / "train").mkdir()
    rows[["review", "label", "title_id"]].iloc[100:].to_parquet(folder / "train/part.parquet", index=False)
    variables = {"SM_CHANNEL_TRAIN": "train", "SM_MODEL_DIR": "model", "SM_OUTPUT_DATA_DIR": "output"}
    variables = {name: str(folder / value) for name, value in variables.items()}
    script = PROJECT / "jobs/sklearn/train.py"
    subprocess.run([python, script, "--ngram-max", "2"], check=True, env={**os.environ, **variables}, cwd=folder)
    kind = "the real reviews" if real else "synthetic reviews"
    return rows["review"].head(100).tolist(), f"2-grams, trained on {len(rows) - 100:,} of {kind}"


def deploy(ws: Any, model: Path) -> str:
    """Serve a model folder as an endpoint of the local AWS; return its name."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(model, arcname=".")
    boto3.client("s3").put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/bench/model.tar.gz", Body=archive.getvalue())
    client = boto3.client("sagemaker")
    container = {"Image": IMAGE, "ModelDataUrl": ws.s3("bench/model.tar.gz")}
    client.create_model(ModelName="bench", ExecutionRoleArn=ws.role, PrimaryContainer=container)
    variant = {"VariantName": "v", "ModelName": "bench", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    client.create_endpoint_config(EndpointConfigName="bench", ProductionVariants=[variant])
    client.create_endpoint(EndpointName="bench", EndpointConfigName="bench")
    client.get_waiter("endpoint_in_service").wait(EndpointName="bench", WaiterConfig={"Delay": 1})
    return "bench"


@contextmanager
def fastapi(python: Path, folder: Path, port: int) -> Iterator[None]:
    """FastAPI around the model's own inference.py, in the image's Python, until the block ends."""
    packages = folder / "packages"
    subprocess.run([sys.executable, "-m", "uv", "pip", "install", "-q", "--target", packages, *PINNED], check=True)
    (folder / "app.py").write_text(APP)
    places = os.pathsep.join(str(place) for place in (folder, packages, folder / "model/code"))
    command = [python, "-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "info"]
    with (folder / "uvicorn.log").open("w") as log:
        environment = {**os.environ, "PYTHONPATH": places, "MODEL": str(folder / "model")}
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        server.terminate()
        server.wait(10)


def requests_for(url: str, bodies: list[bytes], sign: SigV4Auth | None) -> list[bytes]:
    """Complete HTTP requests, one for each body, signed when the server wants that."""
    _, _, host, path = url.split("/", 3)
    made = []
    for body in bodies:
        headers = {"content-type": "application/json", "accept": "application/json", "host": host}
        request = AWSRequest(method="POST", url=url, headers=headers, data=body)
        if sign:
            sign.add_auth(request)
        lines = [f"POST /{path} HTTP/1.1", *(f"{k}: {v}" for k, v in request.headers.items())]
        made.append("\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body)
    return made


async def ask(port: int, requests: list[bytes], callers: int, number: int) -> tuple[float, list[float]]:
    """Send `number` requests by so many callers, each of which waits for its answer before it sends the next.

    Returns:
        seconds from the first request to the last answer, and the milliseconds of each request.
    """
    from localcloud.hosting.unix_http import read_answer

    left, times = iter(range(number)), []

    async def caller() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for turn in left:
            began = time.perf_counter()
            writer.write(requests[turn % len(requests)])
            answer = await read_answer(reader)
            times.append(1000 * (time.perf_counter() - began))
            assert answer.status == 200, answer.content
            if answer.headers.get("connection") == "close":  # the local AWS's server does so after 1,000 requests
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return time.perf_counter() - began, times


def figures(seconds: float, times: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {
        "requests_per_s": round(len(times) / seconds, 1),
        "p50_ms": round(cuts[49], 2),
        "p99_ms": round(cuts[98], 2),
    }


def compare(servers: dict[str, tuple[int, list[bytes]]], number: int, rounds: int) -> dict[str, Any]:
    """Ask the servers in turns; of all rounds the median of each figure."""
    results: dict[str, Any] = {}
    for callers in CALLERS:
        found: dict[str, list[dict[str, float]]] = {name: [] for name in servers}
        for turn in range(rounds + 1):
            for name, (port, requests) in servers.items():
                measured = figures(*asyncio.run(ask(port, requests, callers, number if turn else 100)))
                if turn:  # the first turn warms up
                    found[name].append(measured)
                    print(f"  {callers:>2} callers, {name}: {measured}", flush=True)
        results[f"{callers} at once"] = {
            name: {key: round(statistics.median(one[key] for one in several), 2) for key in several[0]}
            for name, several in found.items()
        }
        ours, plain = (results[f"{callers} at once"][name]["p50_ms"] for name in servers)
        results[f"{callers} at once"]["p50 ratio"] = round(ours / plain, 2)
    return results


def by_boto3(endpoint: str, bodies: list[bytes], number: int) -> dict[str, float]:
    """What one caller sees who uses boto3."""
    runtime, times = boto3.client("sagemaker-runtime"), []
    began = time.perf_counter()
    for turn in range(number):
        asked = time.perf_counter()
        body = bodies[turn % len(bodies)]
        runtime.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=body)["Body"].read()
        times.append(1000 * (time.perf_counter() - asked))
    return figures(time.perf_counter() - began, times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    os.environ.setdefault("LOCALCLOUD_IMAGES", str(PROJECT / ".localcloud" / "images"))
    os.environ["LOCALCLOUD_HOME"] = home = tempfile.mkdtemp(prefix="bench-")
    from helpers.workshop import connect
    from localcloud import process
    from localcloud.jobs import images

    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    machine += f", {psutil.virtual_memory().total / 2**30:.0f} GB"
    results: dict[str, Any] = {"date": datetime.now(UTC).date().isoformat(), "machine": machine, "beside": PINNED}
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        ws = connect(quiet=True)
        python = images.ensure("sklearn-1.9-0")
        texts, results["model"] = make_model(python, folder)
        bodies = [json.dumps(text).encode() for text in texts]
        endpoint = deploy(ws, folder / "model")
        address = os.environ["AWS_ENDPOINT_URL"]
        ours = int(address.rpartition(":")[2])
        plain = ours + 1
        credentials = boto3.Session().get_credentials().get_frozen_credentials()
        sign = SigV4Auth(credentials, "sagemaker", ws.region)
        with fastapi(python, folder, plain):
            signed = requests_for(f"{address}/endpoints/{endpoint}/invocations", bodies, sign)
            bare = requests_for(f"http://127.0.0.1:{plain}/invocations", bodies, None)
            wait_for(plain)
            servers = {"local AWS": (ours, signed), "FastAPI": (plain, bare)}
            results |= compare(servers, arguments.requests, arguments.rounds)
            results["1 caller, by boto3"] = by_boto3(endpoint, bodies, arguments.requests // 3)
    finally:
        process.stop()
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


def wait_for(port: int) -> None:
    """Wait until something listens."""
    deadline = time.monotonic() + 60
    while True:
        try:
            asyncio.run(ask(port, [], 1, 0))
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    main()
