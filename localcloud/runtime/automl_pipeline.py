"""The scikit-learn pipelines that an AutoML job chooses from: a recipe and a schema become a pipeline.

Runs in the scikit-learn image, in a candidate's training job and again in its endpoint: the model file holds this
module, because the pipeline names its functions.

A schema is what `automl_data.py` found: `{"problem": ..., "target": ..., "classes": [...] or None,
"features": [{"name": ..., "type": "numeric" | "categorical" | "text" | "datetime"}, ...]}`.
A recipe holds the hyperparameters of the candidate: `model`, and what that model needs.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import LinearSVC

Json = dict[str, Any]
TREES = {"hist-gradient-boosting", "random-forest"}
TEXT_COMPONENTS = 50
TOKENS = r"\w+|[!?]"  # single characters, too: "I", and the 3 of "3/10"


def coerce(frame: pd.DataFrame, schema: Json) -> pd.DataFrame:
    """The features in the order and the types of the schema; what does not fit its type is missing.

    Raises:
        ValueError: a column is missing.
    """
    absent = [feature["name"] for feature in schema["features"] if feature["name"] not in frame]
    if absent:
        raise ValueError(f"missing columns: {', '.join(absent)}")
    columns = {feature["name"]: _coerced(frame[feature["name"]], feature["type"]) for feature in schema["features"]}
    return pd.DataFrame(columns, index=frame.index)


def _coerced(column: pd.Series, kind: str) -> pd.Series:
    if kind == "numeric":
        return pd.to_numeric(column, errors="coerce").astype("float64")
    if kind == "datetime":
        return pd.to_datetime(column, errors="coerce", utc=True, format="mixed")
    return column.astype("object").where(column.notna(), "").map(str)


def date_parts(frame: pd.DataFrame) -> pd.DataFrame:
    """Of each date: year, month, day, day of the week, hour, and days since 1970. Missing stays missing."""
    parts: dict[str, pd.Series] = {}
    for name in frame:
        date = frame[name].dt
        parts |= {f"{name}-{part}": getattr(date, part) for part in ("year", "month", "day", "day_of_week", "hour")}
        parts[f"{name}-days"] = (frame[name] - pd.Timestamp(0, tz="UTC")).dt.total_seconds() / 86400
    return pd.DataFrame(parts, index=frame.index).astype("float64")


def build(recipe: Json, schema: Json) -> Pipeline:
    """The pipeline of a recipe, not fitted, from a coerced frame to the target."""
    trees = recipe["model"] in TREES
    names: dict[str, list[str]] = {}
    for feature in schema["features"]:
        names.setdefault(feature["type"], []).append(feature["name"])
    parts: list[tuple[str, Any, Any]] = []
    for name in names.get("text", []):
        parts.append((f"text {name}", _content(recipe) if "ngrams" in recipe else _remark(trees), name))
    if "numeric" in names:
        parts.append(("numeric", _numeric(trees), names["numeric"]))
    if "datetime" in names:
        dates = Pipeline([("parts", FunctionTransformer(date_parts)), ("numeric", _numeric(trees))])
        parts.append(("datetime", dates, names["datetime"]))
    if "categorical" in names:
        parts.append(("categorical", _categorical(trees), names["categorical"]))
    columns = ColumnTransformer(parts, sparse_threshold=0 if trees else 1)
    return Pipeline([("features", columns), ("model", _model(recipe, schema))])


def _content(recipe: Json) -> Any:
    """n-grams of the one column that a text job is about."""
    kind, most = recipe["ngrams"], {"min_df": int(recipe["min-df"]), "sublinear_tf": True}
    parts: list[tuple[str, Any]] = []
    if kind != "characters":
        ngrams = (1, int(recipe["ngram-max"]))
        parts.append(("words", TfidfVectorizer(token_pattern=TOKENS, ngram_range=ngrams, **most)))
    if kind != "words":
        ngrams = (3, int(recipe.get("char-ngram-max", 4)))
        parts.append(("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=ngrams, **most)))
    return FeatureUnion(parts)


def _remark(trees: bool) -> Any:
    """A text among other columns. Hashed: it may hold any number of words, none too."""
    counts: Json = {"norm": None, "alternate_sign": False}  # plain counts, for their weights to come
    words = HashingVectorizer(token_pattern=TOKENS, ngram_range=(1, 2), n_features=2**15, **counts)
    weighted = [("words", words), ("weights", TfidfTransformer(sublinear_tf=True))]
    if trees:  # a tree asks one column at a time
        weighted.append(("dense", TruncatedSVD(TEXT_COMPONENTS, random_state=0)))
    return Pipeline(weighted)


def _numeric(trees: bool) -> Any:
    if trees:
        return "passthrough"  # both kinds of trees have a branch for missing values
    impute = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return Pipeline([("impute", impute), ("scale", StandardScaler())])


def _categorical(trees: bool) -> Any:
    if trees:
        return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, min_frequency=3)
    return OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=3, max_categories=100)


def _model(recipe: Json, schema: Json) -> Any:
    regression = schema["problem"] == "Regression"
    number = {key: float(recipe[key]) for key in ("C", "alpha", "learning-rate") if key in recipe}
    if recipe["model"] == "hist-gradient-boosting":
        boosting = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        return boosting(
            learning_rate=number["learning-rate"],
            max_leaf_nodes=int(recipe["max-leaf-nodes"]),
            min_samples_leaf=int(recipe["min-samples-leaf"]),
            early_stopping=True,
            random_state=0,
        )
    if recipe["model"] == "random-forest":
        forest = RandomForestRegressor if regression else RandomForestClassifier
        leaf = int(recipe["min-samples-leaf"])
        return forest(200, min_samples_leaf=leaf, max_features=float(recipe["max-features"]), random_state=0)
    if recipe["model"] == "ridge":
        return Ridge(number["alpha"])
    if recipe["model"] == "linear-svc":  # its margins become probabilities by three-fold calibration
        return CalibratedClassifierCV(LinearSVC(C=number["C"], random_state=0), cv=3, ensemble=False)
    if recipe["model"] == "complement-nb":
        return ComplementNB(alpha=number["alpha"])
    if recipe["model"] == "sgd":
        return SGDClassifier(loss="log_loss", alpha=number["alpha"], random_state=0)
    if len(schema["classes"]) == 2:
        return LogisticRegression(C=number["C"], solver="liblinear", random_state=0)
    return LogisticRegression(C=number["C"], max_iter=500, random_state=0)
