"""Trains the PyTorch sentiment model on reviews.

A SageMaker script-mode training script, with the channels, metrics and outputs of jobs/sklearn/train.py. It imports
nothing from AWS: started by hand, it trains anywhere.
"""

import argparse
import shutil
import time
from pathlib import Path

import numpy as np
import safetensors
import torch
from model import SentimentModel, hash_ngrams, save
from numpy.typing import NDArray
from reviews import add_common_arguments, positive_number, read_channels, report, whole_number
from torch.nn.functional import binary_cross_entropy_with_logits

SERVING_CODE = ("inference.py", "model.py", "text.py", "messages.py")
BATCH = 64


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads hyperparameters from the command line, and folders from SageMaker's environment variables."""
    parser = argparse.ArgumentParser(prog="train.py", allow_abbrev=False)
    add = parser.add_argument
    add("--bits", type=whole_number(1), default=18, help="the table has 2 to the power of this many vectors")
    add("--size", type=whole_number(1), default=10, help="numbers in a vector")
    add("--epochs", type=whole_number(1), default=3, help="how often all reviews are learned from")
    add("--learning-rate", type=positive_number, default=0.01)
    add_common_arguments(parser)
    return parser.parse_args(arguments)


def fit(reviews: list[NDArray[np.int32]], labels: NDArray[np.int64], arguments: argparse.Namespace) -> SentimentModel:
    """Trains on the hashed n-grams of reviews and their labels, shape (reviews,)."""
    torch.manual_seed(arguments.seed)
    model = SentimentModel(2**arguments.bits, arguments.size)
    # Of the table, each step touches only the vectors that occur in its batch.
    table = torch.optim.SparseAdam(model.vectors.parameters(), lr=arguments.learning_rate)
    output = torch.optim.Adam(model.output.parameters(), lr=arguments.learning_rate)
    target = torch.from_numpy(labels.astype(np.float32))
    for epoch in range(1, arguments.epochs + 1):
        losses = []
        for batch in torch.randperm(len(reviews)).split(BATCH):
            loss = binary_cross_entropy_with_logits(model.score([reviews[row] for row in batch]), target[batch])
            table.zero_grad()
            output.zero_grad()
            loss.backward()
            table.step()
            output.step()
            losses.append(loss.item())
        print(f"epoch {epoch} of {arguments.epochs}: loss {np.mean(losses):.4f}", flush=True)
    return model.eval()


@torch.inference_mode()
def score(model: SentimentModel, reviews: list[NDArray[np.int32]]) -> NDArray[np.float32]:
    parts = [model.score(reviews[start : start + 500]) for start in range(0, len(reviews), 500)]
    return torch.cat(parts).numpy()


def save_with_code(model: SentimentModel, folder: Path) -> None:
    """Writes the model, and the code that serves it to code/, where SageMaker looks for it."""
    save(model, folder)
    code = folder / "code"
    code.mkdir(exist_ok=True)
    for name in SERVING_CODE:
        shutil.copyfile(Path(__file__).with_name(name), code / name)
    # AWS's container for PyTorch inference has no safetensors; it installs what this file names when it starts.
    (code / "requirements.txt").write_text(f"safetensors=={safetensors.__version__}\n")


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(1)  # the steps are too small to share
    train, validation = read_channels(arguments)
    start = time.perf_counter()
    hashed = [hash_ngrams(review, 2**arguments.bits) for review in train["review"]]
    model = fit(hashed, train["label"].to_numpy(), arguments)
    seconds = time.perf_counter() - start
    save_with_code(model, arguments.model_dir)

    others = [hash_ngrams(review, model.buckets) for review in validation["review"]]
    report(
        arguments.output_data_dir,
        seconds,
        train=(train["label"], score(model, hashed)),
        validation=(validation["label"], score(model, others)),
    )


if __name__ == "__main__":
    main()
