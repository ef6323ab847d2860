"""The search of AutoML: it climbs, and every recipe that it can come to is a pipeline that learns."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from automl_jobs import table, texts
from threadpoolctl import threadpool_limits

from localcloud.services.automl_search.search import FIXED, Search
from localcloud.services.automl_search.steps import RUNTIME


@pytest.fixture(scope="module")
def pipeline() -> Iterator[ModuleType]:
    """The module that runs in the image, in this Python, which has the image's scikit-learn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(RUNTIME))
        import automl_pipeline

        yield automl_pipeline
    del sys.modules["automl_pipeline"]


def data(kind: str) -> tuple[pd.DataFrame, pd.Series, dict[str, object]]:
    """Features, target and schema for a kind of problem."""
    if kind == "text":
        frame, target, types = texts(80), "sentiment", {"review": "text"}
    else:
        frame, target = table(200), "price" if kind == "regression" else "label"
        types = {"size": "numeric", "colour": "categorical", "bought": "datetime", "remark": "text"}
    features = [{"name": name, "type": type_} for name, type_ in types.items()]
    problem = "Regression" if kind == "regression" else "BinaryClassification"
    schema = {"problem": problem, "target": target, "classes": ["a", "b"], "features": features}
    return frame[list(types)], frame[target], schema


@pytest.mark.parametrize(("kind", "shapes"), [("text", 12), ("classification", 3), ("regression", 3)])
def test_every_shape_of_pipeline_that_the_search_can_come_to_learns(
    pipeline: ModuleType, kind: str, shapes: int
) -> None:
    features, target, schema = data(kind)
    search = Search(kind, maximize=True)
    scores: dict[tuple[str, str], float] = {}
    for _ in range(80):
        number, recipe = search.ask()
        shape = recipe["model"], recipe.get("ngrams", "")
        if shape not in scores:
            with threadpool_limits(1):
                model = pipeline.build(recipe, schema).fit(pipeline.coerce(features, schema), target)
                scores[shape] = model.score(pipeline.coerce(features, schema), target)
        search.tell(number, -float(list(scores).index(shape) == 0))  # anything, so that the search goes on
    assert len(scores) == shapes
    assert min(scores.values()) > 0.8, scores


@pytest.mark.parametrize("maximize", [True, False])
def test_the_search_goes_where_results_are_better(maximize: bool) -> None:
    """Only the strength C counts here, best at 1."""
    search, values = Search("text", maximize=maximize), []
    for _ in range(60):
        number, recipe = search.ask()
        value = -abs(np.log10(float(recipe["C"]))) if "C" in recipe else -3.0
        values.append(value)
        search.tell(number, value if maximize else -value)
    assert np.mean(values[-20:]) > np.mean(values[2:22])


def test_the_first_candidates_are_fixed_and_the_next_reproducible() -> None:
    first, second = (Search("text", maximize=True) for _ in range(2))
    asked = [first.ask()[1] for _ in range(5)]
    assert [recipe["model"] for recipe in asked[:2]] == [known["model"] for known in FIXED["text"]]
    assert asked == [second.ask()[1] for _ in range(5)]


def test_a_candidate_without_a_result_does_not_end_the_search() -> None:
    search = Search("regression", maximize=False)
    for _ in range(8):
        search.tell(search.ask()[0], None)
    assert search.ask()[1]["model"]
