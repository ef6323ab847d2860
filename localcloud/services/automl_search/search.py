"""The search of an AutoML job: which pipeline, with which hyperparameters, to try next.

Optuna's TPE over a space with branches: each model has hyperparameters of its own. The first candidates are fixed: what
is known to do well on most data of the kind. The seed is fixed, so the same data gives the same first candidates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import optuna
from optuna.trial import Trial, TrialState

optuna.logging.set_verbosity(optuna.logging.ERROR)
Recipe = dict[str, str]
FIXED: dict[str, list[dict[str, Any]]] = {
    "text": [
        {"model": "logistic-regression", "C": 8.0, "ngrams": "words", "ngram-max": 2, "min-df": 2},
        {"model": "linear-svc", "C": 0.5, "ngrams": "words", "ngram-max": 2, "min-df": 2},
    ],
    "classification": [
        {"model": "hist-gradient-boosting", "learning-rate": 0.1, "max-leaf-nodes": 31, "min-samples-leaf": 20},
        {"model": "logistic-regression", "C": 1.0},
        {"model": "random-forest", "min-samples-leaf": 1, "max-features": 0.3},
    ],
    "regression": [
        {"model": "hist-gradient-boosting", "learning-rate": 0.1, "max-leaf-nodes": 31, "min-samples-leaf": 20},
        {"model": "ridge", "alpha": 1.0},
        {"model": "random-forest", "min-samples-leaf": 1, "max-features": 0.5},
    ],
}


class Search:
    """One job's search: asks for recipes, hears how they did.

    Args:
        kind: text, classification or regression.
        maximize: whether a larger objective is better.
    """

    def __init__(self, kind: str, *, maximize: bool, seed: int = 0) -> None:
        self._suggest = _SPACES[kind]
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=5, constant_liar=True)
        self._study = optuna.create_study(direction="maximize" if maximize else "minimize", sampler=sampler)
        for known in FIXED[kind]:
            self._study.enqueue_trial(known)

    def ask(self) -> tuple[int, Recipe]:
        """The next candidate: its number and its recipe, as the text that a training job's hyperparameters are."""
        trial = self._study.ask()
        self._suggest(trial)
        values = trial.params
        return trial.number, {name: f"{v:.6g}" if isinstance(v, float) else str(v) for name, v in values.items()}

    def tell(self, number: int, value: float | None) -> None:
        """The objective of a candidate, or None when it has none."""
        if value is None:
            self._study.tell(number, state=TrialState.FAIL)
        else:
            self._study.tell(number, value)


def _text(trial: Trial) -> None:
    model = trial.suggest_categorical("model", ["logistic-regression", "linear-svc", "complement-nb", "sgd"])
    if trial.suggest_categorical("ngrams", ["words", "characters", "both"]) == "characters":
        trial.suggest_int("char-ngram-max", 3, 5)
    else:
        trial.suggest_int("ngram-max", 1, 3)
    trial.suggest_int("min-df", 1, 5)
    if model == "logistic-regression":
        trial.suggest_float("C", 0.5, 50, log=True)
    elif model == "linear-svc":
        trial.suggest_float("C", 0.03, 5, log=True)
    elif model == "complement-nb":
        trial.suggest_float("alpha", 0.01, 3, log=True)
    else:
        trial.suggest_float("alpha", 1e-6, 1e-3, log=True)


def _trees(trial: Trial, model: str) -> None:
    if model == "hist-gradient-boosting":
        trial.suggest_float("learning-rate", 0.02, 0.3, log=True)
        trial.suggest_int("max-leaf-nodes", 7, 63, log=True)
        trial.suggest_int("min-samples-leaf", 5, 50, log=True)
    else:
        trial.suggest_int("min-samples-leaf", 1, 10, log=True)
        trial.suggest_float("max-features", 0.1, 1.0)


def _classification(trial: Trial) -> None:
    names = ["hist-gradient-boosting", "random-forest", "logistic-regression"]
    model = trial.suggest_categorical("model", names)
    if model == "logistic-regression":
        trial.suggest_float("C", 0.01, 100, log=True)
    else:
        _trees(trial, model)


def _regression(trial: Trial) -> None:
    model = trial.suggest_categorical("model", ["hist-gradient-boosting", "random-forest", "ridge"])
    if model == "ridge":
        trial.suggest_float("alpha", 0.01, 100, log=True)
    else:
        _trees(trial, model)


_SPACES: dict[str, Callable[[Trial], None]] = {
    "text": _text,
    "classification": _classification,
    "regression": _regression,
}
