"""The search behind hyperparameter tuning: SageMaker's ranges and strategies in Optuna's words.

Random and Bayesian (TPE, a tree of Parzen estimators) are Optuna's samplers, a grid is its queue; Hyperband and early
stopping are its pruners. Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from localcloud.protocol import ServiceError

optuna.logging.set_verbosity(optuna.logging.ERROR)
Json = dict[str, Any]
MOST_GRID_POINTS = 750  # of AWS: the most training jobs of a tuning job
TRIALS_BEFORE_STOPPING = 5  # early stopping judges by the median of what has finished
_SCALES = {"Linear", "Logarithmic", "ReverseLogarithmic", "Auto"}


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


class Space:
    """The parameter ranges of a tuning job.

    Raises:
        ServiceError: ValidationException for a range that holds nothing, or that cannot be scaled as asked.
    """

    def __init__(self, ranges: Json) -> None:
        self.distributions: dict[str, BaseDistribution] = {}
        self._reverse: set[str] = set()
        for item in ranges.get("IntegerParameterRanges") or []:
            low, high, scale = self._bounds(item, int)
            self._add(item["Name"], IntDistribution(low, high, log=scale == "Logarithmic"))
        for item in ranges.get("ContinuousParameterRanges") or []:
            low, high, scale = self._bounds(item, float)
            if scale == "ReverseLogarithmic":
                self._reverse.add(item["Name"])
                low, high = -math.log10(1 - low), -math.log10(1 - high)
            self._add(item["Name"], FloatDistribution(low, high, log=scale == "Logarithmic"))
        for item in ranges.get("CategoricalParameterRanges") or []:
            if len(set(item["Values"])) != len(item["Values"]):
                raise _invalid(f"The values of {item['Name']} are not distinct.")
            self._add(item["Name"], CategoricalDistribution(item["Values"]))
        if not self.distributions:
            raise _invalid("A tuning job needs at least one parameter range.")

    def _add(self, name: str, distribution: BaseDistribution) -> None:
        if name in self.distributions:
            raise _invalid(f"The parameter {name} has two ranges.")
        self.distributions[name] = distribution

    def _bounds(self, item: Json, kind: type) -> tuple[Any, Any, str]:
        name, scale = item["Name"], item.get("ScalingType") or "Auto"
        try:
            low, high = kind(item["MinValue"]), kind(item["MaxValue"])
        except ValueError:
            raise _invalid(f"The bounds of {name} must be numbers of type {kind.__name__}.") from None
        if not (math.isfinite(low) and math.isfinite(high)) or low > high:
            raise _invalid(f"The range of {name} is empty: {item['MinValue']} to {item['MaxValue']}.")
        if scale == "Logarithmic" and low <= 0:
            raise _invalid(f"{name}: a logarithmic scale needs bounds above 0.")
        if scale == "ReverseLogarithmic" and (kind is int or low < 0 or high >= 1):
            raise _invalid(f"{name}: a reverse logarithmic scale needs continuous bounds in [0, 1).")
        if scale not in _SCALES:
            raise _invalid(f"{name}: there is no scale {scale}.")
        return low, high, scale

    def to_strings(self, values: Json) -> dict[str, str]:
        """Optuna's values as the strings that a training job gets."""
        found = {}
        for name, value in values.items():
            value = 1 - 10**-value if name in self._reverse else value
            found[name] = value if isinstance(value, str) else repr(value)
        return found

    def from_strings(self, values: dict[str, str]) -> Json | None:
        """The other way, for a warm start; None when a parameter is missing."""
        found: Json = {}
        for name, distribution in self.distributions.items():
            if name not in values:
                return None
            text = values[name]
            value: Any = text
            if not isinstance(distribution, CategoricalDistribution):
                value = float(text)
                value = -math.log10(1 - value) if name in self._reverse else value
                value = int(value) if isinstance(distribution, IntDistribution) else value
            found[name] = value
        return found

    def grid(self) -> dict[str, list[str]]:
        """The values of a grid search, which knows categories only."""
        grid = {}
        for name, distribution in self.distributions.items():
            if not isinstance(distribution, CategoricalDistribution):
                raise _invalid("The Grid strategy takes categorical parameters only.")
            grid[name] = list(distribution.choices)
        points = math.prod(map(len, grid.values()))
        if points > MOST_GRID_POINTS:
            raise _invalid(f"The grid has {points} points; at most {MOST_GRID_POINTS} training jobs can be run.")
        return grid  # type: ignore[return-value]


class Search:
    """One tuning job's search: asks for values, hears results, says which running trial to stop."""

    def __init__(self, config: Json, *, maximize: bool, seed: int | None) -> None:
        self.space = Space(config.get("ParameterRanges") or {})
        self.strategy: str = config["Strategy"]
        self.maximize = maximize
        self._stops_early = config.get("TrainingJobEarlyStoppingType") == "Auto" or self.strategy == "Hyperband"
        self._running: dict[int, optuna.trial.Trial] = {}
        self._reported: dict[int, int] = {}
        self._study = optuna.create_study(
            direction="maximize" if maximize else "minimize", sampler=self._sampler(seed), pruner=self._pruner(config)
        )
        if self.strategy == "Grid":
            grid = self.space.grid()
            for values in itertools.product(*grid.values()):
                self._study.enqueue_trial(dict(zip(grid, values, strict=True)))

    def _sampler(self, seed: int | None) -> optuna.samplers.BaseSampler:
        if self.strategy == "Bayesian":
            return optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True, n_startup_trials=5)
        return optuna.samplers.RandomSampler(seed=seed)

    def _pruner(self, config: Json) -> optuna.pruners.BasePruner:
        if self.strategy == "Hyperband":
            limits = (config.get("StrategyConfig") or {}).get("HyperbandStrategyConfig") or {}
            most: int | str = limits.get("MaxResource") or "auto"
            return optuna.pruners.HyperbandPruner(min_resource=limits.get("MinResource") or 1, max_resource=most)
        if self._stops_early:
            return optuna.pruners.MedianPruner(n_startup_trials=TRIALS_BEFORE_STOPPING)
        return optuna.pruners.NopPruner()

    def grid_size(self) -> int:
        return math.prod(len(values) for values in self.space.grid().values())

    def ask(self) -> tuple[int, dict[str, str]]:
        """The next trial: its number and its hyperparameters."""
        trial = self._study.ask(self.space.distributions)
        self._running[trial.number] = trial
        return trial.number, self.space.to_strings(trial.params)

    def should_stop(self, number: int, history: list[float]) -> bool:
        """Whether a running trial, by all metrics that it has printed so far, is not worth going on with."""
        trial, heard = self._running[number], self._reported.get(number, 0)
        stop = False
        for step, value in enumerate(history[heard:], start=heard + 1):
            if self._stops_early and math.isfinite(value):
                trial.report(value, step)
                stop = trial.should_prune() or stop  # asked at each step: Hyperband fills its rungs by it
        self._reported[number] = len(history)
        return stop

    def tell(self, number: int, value: float | None, history: list[float] | None = None) -> None:
        """The final objective of a trial, or None when it has none; and all values that it has printed."""
        self.should_stop(number, history or [])
        del self._running[number]
        if value is None or not math.isfinite(value):
            self._study.tell(number, state=TrialState.FAIL)
        else:
            self._study.tell(number, value)

    def learn(self, hyperparameters: dict[str, str], value: float) -> bool:
        """Warm start: take over a finished trial of another job. False when it does not fit this space."""
        try:
            params = self.space.from_strings(hyperparameters)
            if params is None:
                return False
            self._study.add_trial(create_trial(params=params, distributions=self.space.distributions, value=value))
        except (ValueError, OverflowError):  # outside this space, or no number where this space has numbers
            return False
        return True
