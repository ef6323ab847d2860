"""The scikit-learn job for its tests: the modules of its folder, and a small data set made by hand."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

JOB = Path(__file__).parents[2] / "jobs" / "sklearn"
PRAISE = ["a great film", "wonderful acting", "I loved it", "the best story", "so moving", "never dull"]
BLAME = ["a boring film", "terrible acting", "I hated it", "the worst story", "so silly", "never funny"]
NEUTRAL = ["it runs two hours", "we saw it on Monday", "the music is by his brother", "a remake, they say"]


def load(*names: str) -> list[ModuleType]:
    """Imports modules of the job, and leaves no trace of them: other jobs use the same names."""
    before = set(sys.modules)
    sys.path.insert(0, str(JOB))
    try:
        return [importlib.import_module(name) for name in names]
    finally:
        sys.path.remove(str(JOB))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(JOB)):
                del sys.modules[name]


def make_reviews(number: int = 300, titles: int = 40, seed: int = 0) -> pd.DataFrame:
    """Reviews of both classes in equal parts; in each, one opinion in six belongs to the other class."""
    random = np.random.default_rng(seed)
    rows = []
    for row in range(number):
        label = row % 2
        own, other = (PRAISE, BLAME) if label else (BLAME, PRAISE)
        opinions = [random.choice(other if random.random() < 1 / 6 else own) for _ in range(5)]
        sentences = [*opinions, *random.choice(NEUTRAL, 2)]
        random.shuffle(sentences)
        rows.append((". ".join(sentences), label, f"tt{random.integers(titles):07}"))
    return pd.DataFrame(rows, columns=["review", "label", "title_id"])


def write(reviews: pd.DataFrame, folder: Path, name: str = "part-0.parquet") -> Path:
    """Writes reviews to one Parquet file of a channel; gives the channel's folder."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    reviews.to_parquet(folder / name, index=False)
    return folder


def environment(opt_ml: Path, **channels: Path) -> dict[str, str]:
    """The variables that SageMaker sets for a training job with these channels."""
    return {
        **{f"SM_CHANNEL_{name.upper()}": str(folder) for name, folder in channels.items()},
        "SM_MODEL_DIR": str(opt_ml / "model"),
        "SM_OUTPUT_DATA_DIR": str(opt_ml / "output" / "data"),
    }


def run_job(opt_ml: Path, *arguments: str, **channels: Path) -> subprocess.CompletedProcess[str]:
    """Runs train.py as the container does: a process of its own, in another folder."""
    opt_ml.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [sys.executable, str(JOB / "train.py"), *arguments],
        env={**os.environ, **environment(opt_ml, **channels)},
        cwd=opt_ml,
        capture_output=True,
        text=True,
        check=False,
    )
