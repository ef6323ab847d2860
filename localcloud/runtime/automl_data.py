"""The first step of an AutoML job: read the input, check it, find out what each column is, split it.

Runs as a processing job in the scikit-learn image: `automl_data.py REQUEST INPUT OUTPUT MESSAGE`. REQUEST is the job's
question as JSON text; INPUT holds the folders of the channels, and may hold `specification/`; OUTPUT gets
`train/data.parquet`, `validation/data.parquet` and `schema/schema.json`; MESSAGE, a file, gets the reason of a failure.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.model_selection import train_test_split

Json = dict[str, Any]
LEAST_TABULAR_ROWS = 500  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLChannel.html
MOST_CLASSES = 2000
WORDS_OF_TEXT = 4  # a column whose values have on average more words than that is text, not a category
DATES = 0.95  # the share of the values that must read as dates


class BadInput(Exception):
    """The data cannot be learned from; the message is the job's FailureReason."""


def read(folder: Path, request: Json) -> pd.DataFrame:
    """All files of a channel, one below the other."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(("_", ".")))
    parquet = "parquet" in request["content_type"]
    frames = []
    for path in files:
        try:
            if parquet:
                frames.append(pd.read_parquet(path, partitioning=None))
            else:
                frames.append(pd.read_csv(path, compression="gzip" if request["gzip"] else None))
        except Exception as error:
            kind = "Parquet" if parquet else "CSV with a header"
            raise BadInput(f"The object {path.name} is not readable as {kind}: {error}") from None
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        raise BadInput("The input data has no rows.")
    if any(set(frame) != set(frames[0]) for frame in frames):
        raise BadInput("The objects of the input data do not have the same columns.")
    return pd.concat(frames, ignore_index=True)


def column_type(column: pd.Series) -> str:
    """What a feature is, by its values: numeric, categorical, text or datetime."""
    if pd.api.types.is_bool_dtype(column):
        return "categorical"
    if pd.api.types.is_numeric_dtype(column):
        return "numeric"
    if pd.api.types.is_datetime64_any_dtype(column):
        return "datetime"
    values = column.dropna().map(str)
    sample = values.sample(min(len(values), 1000), random_state=0)
    if not len(sample):
        return "categorical"
    if pd.to_numeric(sample, errors="coerce").notna().mean() >= DATES:
        return "numeric"
    if pd.to_datetime(sample, errors="coerce", utc=True, format="mixed").notna().mean() >= DATES:
        return "datetime"
    return "text" if sample.str.split().str.len().mean() > WORDS_OF_TEXT else "categorical"


def features(frame: pd.DataFrame, request: Json, specification: Json) -> list[Json]:
    """Name and type of each feature, in the order of the columns.

    Raises:
        BadInput: a column that is asked for is not there.
    """
    if request["content"]:
        return [{"name": request["content"], "type": "text"}]
    target, types = request["target"], specification.get("FeatureDataTypes", {})
    wanted = specification.get("FeatureAttributeNames") or [name for name in frame if name != target]
    absent = sorted({*wanted, *types} - set(frame))
    if absent or target in wanted:
        raise BadInput(f"The feature specification must name columns of the input, not the target: {absent or target}.")
    wrong = sorted({str(kind) for kind in types.values()} - {"numeric", "categorical", "text", "datetime"})
    if wrong:
        raise BadInput(f"There is no feature data type {', '.join(wrong)}.")
    usable = [name for name in frame if name in wanted and frame[name].notna().any()]
    if not usable:
        raise BadInput("The input data has no column to learn from besides the target.")
    return [{"name": name, "type": types.get(name) or column_type(frame[name])} for name in usable]


def problem_type(target: pd.Series, wanted: str | None) -> str:
    """The problem type, inferred as two values: binary; numbers that are not few: regression; else multiclass.

    Raises:
        BadInput: the target does not fit the type that is wanted, or has only one value.
    """
    values = target.nunique()
    if values < 2:
        raise BadInput(f"The target column {target.name} has only one value, {target.iloc[0]}; it needs two.")
    number = pd.api.types.is_numeric_dtype(target) and not pd.api.types.is_bool_dtype(target)
    many = number and (values > 20 or bool((target % 1 != 0).any()))
    found = wanted or ("BinaryClassification" if values == 2 else "Regression" if many else "MulticlassClassification")
    if found == "BinaryClassification" and values != 2:
        raise BadInput(f"The target column {target.name} has {values} values; BinaryClassification needs exactly 2.")
    if found == "Regression" and not number:
        raise BadInput(f"The target column {target.name} is not numeric, as Regression needs it.")
    if found == "MulticlassClassification" and values > MOST_CLASSES:
        raise BadInput(f"The target column {target.name} has {values} values; there can be {MOST_CLASSES} classes.")
    return found


def labels(target: pd.Series) -> pd.Series:
    """Class labels as text: 1.0, which a missing value makes of 1, is `1` again."""
    if pd.api.types.is_float_dtype(target) and bool((target % 1 == 0).all()):
        target = target.astype("int64")
    return target.map(str)


def prepare(request: Json, source: Path) -> tuple[Json, pd.DataFrame, pd.DataFrame]:
    """Schema, training rows and validation rows: the features and the target.

    Raises:
        BadInput: see there.
    """
    train = read(source / "training", request)
    given = read(source / "validation", request) if request["validation"] else None
    for name, frame in (("training", train), ("validation", given)):
        for column in filter(None, [request["target"], request["content"]]):
            if frame is not None and column not in frame:
                raise BadInput(f"The column {column} is not in the {name} data. Its columns: {', '.join(frame)}.")
    if not request["content"] and len(train) < LEAST_TABULAR_ROWS:
        raise BadInput(f"The training data has {len(train)} rows; at least {LEAST_TABULAR_ROWS} are required.")
    files = list((source / "specification").glob("*"))
    described = features(train, request, json.loads(files[0].read_text()) if files else {})
    target = request["target"]
    train = train.dropna(subset=[target])
    if not len(train):
        raise BadInput(f"The target column {target} has no values.")
    problem = problem_type(train[target], request["problem"])
    classes = None
    if problem != "Regression":
        order = sorted(train[target].unique())
        classes = labels(pd.Series(order)).tolist()
    keep = [feature["name"] for feature in described]
    if given is not None and set(keep) - set(given):
        raise BadInput("The validation data does not have the columns of the training data.")
    if given is None:
        train, given = split(train, train[target] if classes else None, request["fraction"])
    parts = [part.dropna(subset=[target])[[*keep, target]] for part in (train, given)]
    for part in parts:
        part[target] = labels(part[target]) if classes else part[target].astype("float64")
    if classes and parts[0][target].nunique() < 2:
        raise BadInput(f"The training rows have only one value of {target}.")
    if not len(parts[1]):
        raise BadInput("The validation data has no rows with a target.")
    return {"problem": problem, "target": target, "classes": classes, "features": described}, parts[0], parts[1]


def split(frame: pd.DataFrame, classes: pd.Series | None, fraction: float) -> list[pd.DataFrame]:
    """A random part of the rows for validation, with the same mix of classes where there are enough of each."""
    stratify = classes if classes is not None and classes.value_counts().min() >= 2 else None
    try:
        return list(train_test_split(frame, test_size=fraction, stratify=stratify, random_state=0))
    except ValueError as error:
        raise BadInput(f"The data cannot be split with ValidationFraction {fraction}: {error}") from None


def main() -> None:
    request, source, output, message = json.loads(sys.argv[1]), *map(Path, sys.argv[2:])
    try:
        schema, train, validation = prepare(request, source)
    except BadInput as problem:
        message.write_text(str(problem))
        print(problem, flush=True)
        raise SystemExit(1) from None
    for name, part in (("train", train), ("validation", validation)):
        (output / name).mkdir(parents=True, exist_ok=True)
        part.to_parquet(output / name / "data.parquet", index=False)
        print(f"{name}: {len(part)} rows")
    (output / "schema").mkdir(exist_ok=True)
    (output / "schema" / "schema.json").write_text(json.dumps(schema))
    for feature in schema["features"]:
        print(f"{feature['name']}: {feature['type']}")
    print(f"{schema['target']}: the target of {schema['problem']}", flush=True)


if __name__ == "__main__":
    main()
