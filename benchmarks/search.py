"""Is the Bayesian search of the local AWS better than a random one, and what does a tuning job add to its trials?

- `python benchmarks/search.py surface [--reviews 12000]` trains on the real reviews (../shared/data/imdb) at all points
  of a grid over lesson 06's search space and writes the accuracies to `results/search-surface.json`.
- `python benchmarks/search.py strategies [--seeds 30]` lets each strategy search that measured surface, interpolated
  between its points, with equal budget; it reads the stored file and needs no reviews.
- `python benchmarks/search.py speed` runs a tuning job beside a pool of processes that runs the same script as often,
  and as many at a time.

The last two write to `results/search.json`.
"""

from __future__ import annotations

import argparse
import copy
import io
import itertools
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
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pandas as pd
import psutil
from scipy.interpolate import RegularGridInterpolator
from scipy.stats import t as student

PROJECT = Path(__file__).resolve().parents[1]
JOB = PROJECT / "jobs" / "sklearn"
sys.path[:0] = [str(PROJECT), str(JOB)]
RESULTS = Path(__file__).parent / "results" / "search.json"
SURFACE = RESULTS.with_name("search-surface.json")
REVIEWS = PROJECT.parent / "shared" / "data" / "imdb" / "train.parquet"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"

# Lesson 06's space, and the points of each parameter at which the surface is measured.
GRID: dict[str, list[float]] = {
    "ngram-max": [1, 2, 3],
    "min-df": [2, 3, 5, 10],
    "nb-alpha": [0.01, 0.1, 0.3, 1, 3, 10],
    "C": [0.01, 0.1, 0.3, 1, 3, 10, 30, 100],
}
LOGARITHMIC = {"nb-alpha", "C"}
RANGES = {
    "IntegerParameterRanges": [
        {"Name": "ngram-max", "MinValue": "1", "MaxValue": "3", "ScalingType": "Linear"},
        {"Name": "min-df", "MinValue": "2", "MaxValue": "10", "ScalingType": "Linear"},
    ],
    "ContinuousParameterRanges": [
        {"Name": "nb-alpha", "MinValue": "0.01", "MaxValue": "10", "ScalingType": "Logarithmic"},
        {"Name": "C", "MinValue": "0.01", "MaxValue": "100", "ScalingType": "Logarithmic"},
    ],
}
TRIALS = 20
PARTS = ("train", "validation")


def measure_surface(reviews: int) -> None:
    """Train the course's model at each point of the grid; a quarter of the titles is held out."""
    import train
    from sklearn.model_selection import GroupShuffleSplit

    rows = pd.read_parquet(REVIEWS).sample(reviews, random_state=0)
    rows["label"] = (rows["sentiment"] == "positive").astype(int)
    split = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
    fitted, held = (rows.iloc[part] for part in next(split.split(rows, groups=rows["title_id"])))
    texts = [train.prepare(text) for text in fitted["review"]]
    held_texts = [train.prepare(text) for text in held["review"]]
    labels, held_labels = fitted["label"].to_numpy(), held["label"].to_numpy()
    count_terms, accuracies = train.count_terms, []
    warnings.simplefilter("ignore")  # liblinear's, at large C, as in the real job's log
    started = time.perf_counter()
    for ngram_max, min_df in itertools.product(GRID["ngram-max"], GRID["min-df"]):
        arguments = train.parse_arguments(["--ngram-max", str(ngram_max), "--min-df", str(min_df), "--train", "x"])
        counted = count_terms(texts, arguments)
        # The counts, nine tenths of a training's time, are the same for every nb-alpha and C. `fit` changes its copy.
        train.count_terms = lambda texts, arguments, counted=counted: copy.deepcopy(counted)
        weighted = None
        for nb_alpha, c in itertools.product(GRID["nb-alpha"], GRID["C"]):
            arguments.nb_alpha, arguments.C = nb_alpha, c
            model, _ = train.fit(texts, labels, arguments)
            if weighted is None:
                weighted = model["tfidf"].transform(held_texts)  # the same for all of them, too
            scores = model["classifier"].decision_function(weighted)
            accuracies.append(round(train.measure(held_labels, scores)["accuracy"], 5))
        print(f"{ngram_max}-grams, min-df {min_df}: best {max(accuracies[-48:]):.4f}", flush=True)
    found = {
        **about(),
        "reviews": {"train": len(fitted), "validation": len(held)},
        "seconds": round(time.perf_counter() - started),
        "grid": GRID,
        "validation:accuracy": accuracies,
    }
    SURFACE.write_text(json.dumps(found) + "\n")


def about() -> dict[str, Any]:
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    machine += f", {psutil.virtual_memory().total / 2**30:.0f} GB"
    return {"date": datetime.now(UTC).date().isoformat(), "machine": machine}


class Surface:
    """The measured accuracies, between the points of the grid interpolated on each parameter's own scale."""

    def __init__(self) -> None:
        self.found = json.loads(SURFACE.read_text())
        grid = self.found["grid"]
        axes = [np.log(values) if name in LOGARITHMIC else np.array(values, float) for name, values in grid.items()]
        accuracies = np.array(self.found["validation:accuracy"]).reshape([len(axis) for axis in axes])
        self.best, self._names = float(accuracies.max()), list(grid)
        self._interpolate = RegularGridInterpolator(axes, accuracies)

    def __call__(self, tuned: dict[str, str]) -> float:
        point = [np.log(float(tuned[n])) if n in LOGARITHMIC else float(tuned[n]) for n in self._names]
        return float(self._interpolate(point)[0])


def best_so_far(surface: Surface, strategy: str, seed: int, parallel: int) -> list[float]:
    """One search, `parallel` trials under way at a time: the best value after each of its trials."""
    from localcloud.services.tuning_search import Search

    search = Search({"Strategy": strategy, "ParameterRanges": RANGES}, maximize=True, seed=seed)
    running: list[tuple[int, dict[str, str]]] = []
    values: list[float] = []
    for _ in range(TRIALS):
        running.append(search.ask())
        if len(running) == parallel:
            number, tuned = running.pop(0)
            values.append(surface(tuned))
            search.tell(number, values[-1])
    values += [surface(tuned) for _, tuned in running]
    return list(itertools.accumulate(values, max))


def strategies(seeds: int) -> dict[str, Any]:
    """Random beside Bayesian: the mean best accuracy with its 95 % interval, and how often Bayesian is ahead."""
    surface = Surface()
    found: dict[str, Any] = {
        "seeds": seeds,
        "trials": TRIALS,
        "best_of_grid": surface.best,
        "surface": {key: surface.found[key] for key in ("date", "machine", "reviews")},
    }
    for parallel in (1, 2):
        curves = {
            strategy: 100 * np.array([best_so_far(surface, strategy, seed, parallel) for seed in range(seeds)])
            for strategy in ("Random", "Bayesian")
        }
        difference = curves["Bayesian"] - curves["Random"]
        found[f"parallel {parallel}"] = {
            **{name: [round(float(value), 3) for value in curve.mean(axis=0)] for name, curve in curves.items()},
            **{f"after {n}": compared(curves, difference[:, n - 1], n) for n in (8, 12, TRIALS)},
        }
    return found


def compared(curves: dict[str, Any], difference: Any, trials: int) -> dict[str, Any]:
    """Bayesian minus Random after so many trials, seed by seed, in points of accuracy."""
    half = student.ppf(0.975, len(difference) - 1) * difference.std(ddof=1) / len(difference) ** 0.5
    return {
        **{name: round(float(curve[:, trials - 1].mean()), 3) for name, curve in curves.items()},
        "difference": round(float(difference.mean()), 3),
        "interval": [round(float(difference.mean() + sign * half), 3) for sign in (-1, 1)],
        "wins": round(float((difference > 1e-9).mean()), 3),
        "ties": round(float((abs(difference) <= 1e-9).mean()), 3),
    }


def speed(repeats: int, trials: int = 8, parallel: int = 2) -> dict[str, Any]:
    """A tuning job beside a pool of processes that trains as often with the same script, in turns."""
    from helpers.workshop import connect
    from localcloud.jobs import images

    ws, folder = connect(quiet=True), Path(tempfile.mkdtemp(prefix="bench-"))
    python, s3 = images.ensure("sklearn-1.9-0"), boto3.client("s3")
    for seed, part in enumerate(PARTS):
        (folder / part).mkdir()
        invented(2000 if part == "train" else 500, seed).to_parquet(folder / part / "part.parquet", index=False)
        s3.upload_file(str(folder / part / "part.parquet"), ws.bucket, f"{ws.prefix}/bench/{part}/part.parquet")
    s3.put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/bench/sourcedir.tar.gz", Body=packed_code())
    values = [f"{c:.4f}" for c in np.geomspace(0.01, 100, trials)]

    def train(number: int) -> None:
        output = folder / f"out-{number}"
        folders = ["--train", folder / "train", "--validation", folder / "validation"]
        folders += ["--model-dir", output / "model", "--output-data-dir", output]
        command = [python, JOB / "train.py", "--C", values[number], *folders]
        # In a session of its own, as a job's process is: on a busy Linux machine each session gets its share.
        subprocess.run(command, check=True, capture_output=True, start_new_session=True)

    def pool() -> None:
        with ThreadPoolExecutor(parallel) as threads:
            list(threads.map(train, range(trials)))

    found: dict[str, Any] = {"trials": trials, "parallel": parallel}
    seconds: dict[str, list[float]] = {"pool": [], "tuning job": []}
    for turn in range(repeats + 1):
        for name, work in (("pool", pool), ("tuning job", lambda: tune(ws, values, parallel))):
            started = time.perf_counter()
            work()
            if turn:  # the first turn warms up
                seconds[name].append(time.perf_counter() - started)
                print(f"{turn}: {name} {seconds[name][-1]:.1f} s", flush=True)
    for name, measured in seconds.items():
        found[name] = {
            "seconds": [round(value, 2) for value in measured],
            "trials per minute": round(60 * trials / statistics.median(measured), 1),
        }
    medians = {name: statistics.median(measured) for name, measured in seconds.items()}
    found["overhead per trial and worker, s"] = round((medians["tuning job"] - medians["pool"]) * parallel / trials, 3)
    shutil.rmtree(folder)
    return found


def invented(number: int, seed: int) -> pd.DataFrame:
    """Reviews of words that mean nothing but lean to one class."""
    random = np.random.default_rng(seed)
    labels = np.arange(number) % 2
    words = [random.zipf(1.3, 120) % 4000 + label * (random.random(120) < 0.1) * 4000 for label in labels]
    texts = [" ".join(f"w{word}" for word in review) for review in words]
    return pd.DataFrame({"review": texts, "label": labels, "title_id": [f"tt{n % 50}" for n in range(number)]})


def packed_code() -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for path in sorted(JOB.glob("*.py")):
            tar.add(path, arcname=path.name)
    return archive.getvalue()


def tune(ws: Any, values: list[str], parallel: int) -> None:
    """One tuning job over these values of C, all of them, to its end."""
    sagemaker, name = boto3.client("sagemaker"), f"bench-{time.time_ns() % 10**12}"
    source = {part: {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": ws.s3(f"bench/{part}/")}} for part in PARTS}
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": "Grid",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "accuracy"},
            "ResourceLimits": {"MaxParallelTrainingJobs": parallel},
            "ParameterRanges": {"CategoricalParameterRanges": [{"Name": "C", "Values": values}]},
        },
        TrainingJobDefinition={
            "StaticHyperParameters": {
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": ws.s3("bench/sourcedir.tar.gz"),
            },
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "accuracy", "Regex": "validation:accuracy=([0-9.]+)"}],
            },
            "RoleArn": ws.role,
            "InputDataConfig": [{"ChannelName": part, "DataSource": data} for part, data in source.items()],
            "OutputDataConfig": {"S3OutputPath": ws.s3("bench/out")},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        },
    )
    describe = sagemaker.describe_hyper_parameter_tuning_job
    while (job := describe(HyperParameterTuningJobName=name))["HyperParameterTuningJobStatus"] == "InProgress":
        time.sleep(0.1)
    assert job["TrainingJobStatusCounters"]["Completed"] == len(values), job.get("FailureReason")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["surface", "strategies", "speed"])
    parser.add_argument("--reviews", type=int, default=12_000)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.what == "surface":
        measure_surface(arguments.reviews)
        return
    if arguments.what == "strategies":
        found = strategies(arguments.seeds)
    else:
        found = in_an_account_of_its_own(arguments.repeats)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[arguments.what] = {**about(), **found}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results[arguments.what], indent=1))


def in_an_account_of_its_own(repeats: int) -> dict[str, Any]:
    """`speed` in a local AWS that is thrown away."""
    from localcloud import process

    os.environ.setdefault("LOCALCLOUD_IMAGES", str(PROJECT / ".localcloud" / "images"))
    home = os.environ["LOCALCLOUD_HOME"] = tempfile.mkdtemp(prefix="bench-")
    try:
        return speed(repeats)
    finally:
        process.stop()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
