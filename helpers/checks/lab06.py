"""The checks of lab 06, tuning: a space with the right scales, the price of a plan, the best run, luck, a warm start.

Names of hyperparameters and the metric are those of `jobs/sklearn/train.py`; a space and a warm start have the shapes
of SageMaker's own API.

Each `mistake_in_…` runs the learner's function on cases of its own, or looks at the learner's value, and returns the
hint for the first mistake it recognises, or None. The known mistakes are in `solutions/06_tune_answers.py`, where the
tests take them from to prove each hint.
"""

import math
from collections.abc import Callable
from typing import Any

import pandas as pd

from helpers.checks.exercise import Exercise

LAB = "06_tune"

# -- Exercise 1 ------------------------------------------------------------------------------------

# name -> lowest, highest, scale
ASKED: dict[str, tuple[float, float, str]] = {
    "C": (0.01, 100, "Logarithmic"),
    "nb-alpha": (0.01, 10, "Logarithmic"),
    "ngram-max": (1, 3, "Linear"),
    "min-df": (2, 10, "Linear"),
}
WHOLE = {"ngram-max", "min-df"}
SCALES = ("Auto", "Linear", "Logarithmic", "ReverseLogarithmic")  # those of SageMaker


def mistake_in_make_space(make_space: Callable[[], Any]) -> str | None:
    """The hint for the first range of a space that is not as ASKED."""
    space = make_space()
    if space is None:
        return "`make_space` gives back nothing. End it with `return` and the dict."
    if not isinstance(space, dict):
        return f"`make_space` gives back a {type(space).__name__}; a dict of name and range is asked for."
    if "alpha" in space:
        return "There is no `--alpha` in train.py: write the names as the script does, `nb-alpha`."
    if any(str(name).startswith("-") for name in space):
        return "Write the names without `--`: SageMaker puts it before them."
    if {"ngram_max", "min_df", "nb_alpha"} & set(space):
        return "A hyperparameter's name has a dash, as in train.py: an underscore makes it another one."
    if missing := set(ASKED) - set(space):
        return f"`{sorted(missing)[0]}` has no range. What has none is not searched."
    if extra := set(space) - set(ASKED):
        return f"`{sorted(extra)[0]}` is not asked for. Each more needs many more trials."
    for name, (low, high, scale) in ASKED.items():
        if mistake := _mistake_in_range(name, space[name], low, high, scale):
            return mistake
    return None


def _mistake_in_range(name: str, given: Any, low: float, high: float, scale: str) -> str | None:
    kind = type(given).__name__
    if kind == "CategoricalParameter":
        return f"`{name}` is a list of categories: to a search they are as unlike as apples and pears. Give a range."
    if kind not in ("ContinuousParameter", "IntegerParameter"):
        return f"`{name}` is a {kind}. Take `ContinuousParameter` or `IntegerParameter`."
    if name in WHOLE and kind == "ContinuousParameter":
        return f"`{name}` is continuous, and train.py refuses 2.7 tokens. Take the parameter for whole numbers."
    if name not in WHOLE and kind == "IntegerParameter":
        return f"`{name}` takes whole numbers only, so everything between 0 and 1 is lost. Take the continuous one."
    found = given.scaling_type
    lowest, highest = float(given.min_value), float(given.max_value)
    if scale == "Logarithmic" and (lowest, highest) == (math.log10(low), math.log10(high)):
        return f"The bounds of `{name}` are exponents. Give the values themselves: the scale takes the logarithm."
    if (lowest, highest) == (high, low):
        return f"The bounds of `{name}` are in the wrong order: the lowest goes first."
    if (lowest, highest) != (low, high):
        return f"`{name}` goes from {lowest:g} to {highest:g}; asked for is {low:g} to {high:g}."
    if found not in SCALES:
        return f"The scale of `{name}` is `{found}`, which SageMaker does not know: write `{scale}`."
    if found == "ReverseLogarithmic":
        return f"`{name}` has the scale ReverseLogarithmic, which is for values just below 1. Write `{scale}`."
    if scale == "Logarithmic" and found != scale:
        return f"`{name}` multiplies, and its scale is {found}: nearly all trials would be near its upper end."
    if scale == "Linear" and found == "Logarithmic":
        return f"`{name}` counts, and its scale is Logarithmic. That is for what multiplies."
    return None


# -- Exercise 2 ------------------------------------------------------------------------------------

HOURLY = 0.24
# trials, at once, minutes of a trial; instances of a trial -> dollars, hours to wait
PLANS: dict[tuple[int, int, float, int], tuple[float, float]] = {
    (20, 1, 30, 1): (2.4, 10.0),
    (20, 5, 30, 1): (2.4, 2.0),
    (20, 5, 30, 4): (9.6, 2.0),
    (7, 4, 15, 1): (0.42, 0.5),
    (9, 4, 15, 1): (0.54, 0.75),
    (3, 10, 6, 2): (0.144, 0.1),
}


def mistake_in_plan(plan: Callable[..., Any]) -> str | None:
    """The hint for the first of PLANS that `plan` prices, or times, wrongly."""
    for (trials, at_once, minutes, instances), (usd, hours) in PLANS.items():
        found = plan(trials, at_once, minutes, instances, HOURLY)
        if found is None:
            return "`plan` gives back nothing. End it with `return usd, hours`."
        if not isinstance(found, tuple | list) or len(found) != 2:
            return "`plan` gives back two numbers, in this order: `return usd, hours`."
        if any(isinstance(number, str) for number in found):
            return "`plan` gives back a text; two numbers are asked for, so do not format them."
        case = f"{trials} trials, {at_once} at once, {minutes:g} min each, instances: {instances}, at ${HOURLY}"
        got = f"\nFor {case}, `plan` gives `{tuple(found)}`, expected about `{(round(usd, 3), round(hours, 3))}`."
        if _close(found[0], hours) and _close(found[1], usd):
            return "The two are in the wrong order: dollars first, then hours." + got
        if why := _why_price(float(found[0]), usd, trials, at_once, minutes, instances):
            return why + got
        if why := _why_time(float(found[1]), hours, trials, at_once, minutes, instances):
            return why + got
    return None


def _close(found: Any, expected: float) -> bool:
    return math.isclose(float(found), expected, rel_tol=1e-3)


def _why_price(found: float, usd: float, trials: int, at_once: int, minutes: float, instances: int) -> str | None:
    if _close(found, usd):
        return None
    if math.isclose(found, round(usd, 2)):
        return "The price is rounded: many small searches would cost nothing. Give it as it is."
    if math.isclose(found, usd * 60):
        return "The price is per hour, and the trials are in minutes: this is 60 times too dear."
    if instances > 1 and math.isclose(found, usd / instances):
        return "Each trial has several instances, and each of them is paid."
    rounds = math.ceil(trials / at_once)
    if math.isclose(found, rounds * minutes / 60 * instances * HOURLY):
        return "Trials side by side are all paid: running more at once saves time, not money."
    if math.isclose(found, usd * at_once):
        return "Trials at once are counted twice: `trials` already holds all of them."
    return "The price is trials × hours of one × instances × price per hour."


def _why_time(found: float, hours: float, trials: int, at_once: int, minutes: float, instances: int) -> str | None:
    if _close(found, hours):
        return None
    if math.isclose(found, hours * 60):
        return "The time is in minutes; hours are asked for."
    if math.isclose(found, trials * minutes / 60):
        return "This is the time of one trial after the other, but some run at once."
    if math.isclose(found, trials / at_once * minutes / 60):
        return "There is no part of a round: 7 trials, 4 at once, are two rounds, and the second takes as long."
    if math.isclose(found, round(trials / at_once) * minutes / 60):
        return "Not to the nearest number: round up. 9 trials, 4 at once, are three rounds."
    if math.isclose(found, trials // at_once * minutes / 60):
        return "The last round counts although it is not full: round up, not down."
    if instances > 1 and math.isclose(found, hours / instances):
        return "Several instances work on *one* trial; the minutes of a trial are already with all of them."
    return "The time is rounds × hours of one trial; a round is as many trials as run at once."


# -- Exercise 3 ------------------------------------------------------------------------------------

METRIC = "validation:accuracy"
MISSING = float("nan")
# job, status, train accuracy, validation accuracy, billed seconds
_COLUMNS = ["job", "status", "train:accuracy", METRIC, "billed seconds"]
_ROWS: list[tuple[Any, ...]] = [
    ("t-001", "Completed", 0.861, 0.842, 40),
    ("t-002", "Failed", MISSING, MISSING, 9),
    ("t-003", "Completed", 0.999, 0.893, 95),
    ("t-004", "Stopped", 0.990, 0.899, 300),
    ("t-005", "Completed", 0.984, 0.896, 60),
    ("t-006", "Completed", 0.985, 0.896, 120),
    ("t-007", "InProgress", MISSING, MISSING, MISSING),
]
TABLE = pd.DataFrame(_ROWS, columns=_COLUMNS)
NOTHING = TABLE[TABLE["status"].isin(["Failed", "InProgress"])]


def mistake_in_best_run(best_run: Callable[[pd.DataFrame], Any]) -> str | None:
    """The hint for what `best_run` makes of TABLE, of its rows in other orders, and of a table without a good run."""
    for rows in (TABLE, TABLE.iloc[::-1], TABLE.sort_values(METRIC).set_axis(range(7))):
        found = best_run(rows.copy())
        if found is None:
            return "`best_run` gives back nothing. End it with `return` and the name of a job."
        if not isinstance(found, str):
            return f"`best_run` gives back a {type(found).__name__}; the name of a job (`str`) is asked for."
        if found != "t-005":
            return f"{_why_not_best(found)}\n`best_run` gives `{found!r}`, expected `'t-005'`."
    empty = best_run(NOTHING.copy())
    if empty != "":
        return f"No run is Completed, so there is no best one: return `''`. `best_run` gives `{empty!r}`."
    return None


def _why_not_best(job: str) -> str:
    return {
        "t-001": "This is the lowest accuracy on validation; the metric is to be maximized.",
        "t-002": "This run failed. It has no metric: a missing value is neither high nor low.",
        "t-003": "This is the best on *train*: it knows its reviews by heart. Choose by validation.",
        "t-004": "This run was stopped at its time limit: its model is not finished. Keep the Completed ones.",
        "t-006": "Two are equally good on validation. Of these take the one that was billed less.",
        "t-007": "This run is still in progress.",
        "": "Some runs are Completed, and none was chosen. Is the word written like this, with a capital C?",
    }.get(job, "No job of the table has this name.")


# -- Exercise 4 ------------------------------------------------------------------------------------

# accuracy of the best, of the one before, validation reviews; whether the gain is more than luck
GAINS: dict[tuple[float, float, int], bool] = {
    (0.92, 0.90, 10_000): True,
    (0.92, 0.90, 400): False,
    (0.905, 0.90, 10_000): False,
    (0.90, 0.90, 10_000): False,
    (0.88, 0.90, 10_000): False,
    (0.92, 0.90, 2_500): True,
    (0.92, 0.90, 1_200): False,
    (0.98, 0.97, 4_000): True,
    (0.55, 0.53, 2_500): False,
    (0.56, 0.53, 3_500): True,
}


def mistake_in_is_real(is_real: Callable[[float, float, int], Any]) -> str | None:
    """The hint for the first of GAINS that `is_real` judges wrongly."""
    wrong = {}
    for (best, before, reviews), expected in GAINS.items():
        found = is_real(best, before, reviews)
        if found is None:
            return "`is_real` gives back nothing. End it with `return` and True or False."
        if found not in (True, False):
            return f"`is_real` gives back `{found!r}`; True or False is asked for."
        if bool(found) != expected:
            wrong[best, before, reviews] = expected
    if not wrong:
        return None
    case, expected = next(iter(wrong.items()))
    best, before, reviews = case
    said = f"`is_real({best}, {before}, {reviews})` is {not expected}, expected {expected}."
    return f"{_why_gain(wrong)}\n{said}"


def _why_gain(wrong: dict[tuple[float, float, int], bool]) -> str:
    cases = set(wrong)
    if (0.88, 0.90, 10_000) in cases:
        return "The best one is *worse* than the one before: a loss is no gain, however large it is."
    if (0.90, 0.90, 10_000) in cases:
        return "There is no gain at all, and it is called real."
    if {(0.92, 0.90, 400), (0.905, 0.90, 10_000)} <= cases:
        return "Any gain counts as real. Compare it with what luck alone makes: the standard error."
    if (0.92, 0.90, 400) in cases:
        return "With few reviews, two points are luck. The number of reviews has to be in it."
    if (0.92, 0.90, 10_000) in cases:
        return "A clear gain on many reviews is called luck. The error shrinks with the number of reviews."
    if (0.905, 0.90, 10_000) in cases:
        return "A gain of one standard error comes by luck one time in six. Asked for is more than two."
    if (0.92, 0.90, 1_200) in cases:
        return "Both accuracies vary, the old one too: the error of a difference is larger than that of one."
    if {(0.98, 0.97, 4_000), (0.92, 0.90, 2_500), (0.56, 0.53, 3_500)} <= cases:
        return "Gains of two and a half standard errors are called luck: your limit is too high. Twice is the limit."
    if {(0.98, 0.97, 4_000), (0.92, 0.90, 2_500)} <= cases:
        return "A real gain at a high accuracy is called luck: p(1 − p) is small there, not one quarter."
    if (0.92, 0.90, 2_500) in cases:
        return "A gain of more than two standard errors is called luck: two errors add as √(a² + b²), not as a + b."
    return "An accuracy varies most near one half: take p(1 − p) of the two accuracies, not of a third."


# -- Exercise 5 ------------------------------------------------------------------------------------

PARENTS = ["dsaws-ada-random-1", "dsaws-ada-bayes-2"]
SAME, OTHER = "IdenticalDataAndAlgorithm", "TransferLearning"


def mistake_in_warm_start(warm_start: Callable[[list[str], bool], Any]) -> str | None:
    """The hint for what is wrong with the WarmStartConfig that `warm_start` makes of PARENTS."""
    for parents, same in ((PARENTS, True), (PARENTS[:1], False)):
        made = warm_start(list(parents), same)
        if made is None:
            return "`warm_start` gives back nothing. End it with `return` and a dict."
        if not isinstance(made, dict):
            return f"`warm_start` gives back a {type(made).__name__}; a dict as the API takes it is asked for."
        if mistake := _mistake_in_config(made, parents, SAME if same else OTHER):
            return mistake
    return None


def _mistake_in_config(made: dict[str, Any], parents: list[str], kind: str) -> str | None:
    if set(made) != {"ParentHyperParameterTuningJobs", "WarmStartType"}:
        return "The dict has exactly two keys: `ParentHyperParameterTuningJobs` and `WarmStartType`."
    given = made["ParentHyperParameterTuningJobs"]
    if not isinstance(given, list):
        return "`ParentHyperParameterTuningJobs` is a list, also of one parent."
    if given == parents:
        return 'Each parent is a dict of its own: `{"HyperParameterTuningJobName": name}`.'
    key = "HyperParameterTuningJobName"
    if not all(isinstance(parent, dict) and set(parent) == {key} for parent in given):
        return f"Each parent is a dict with one key, `{key}`, and the name as its value."
    names = [parent[key] for parent in given]
    if len(names) < len(parents):
        return "Only some of the parents are there. What a parent has learned was paid: hand over all of them."
    if names != parents:
        return f"The parents are {names}, expected {parents}, in this order."
    found = made["WarmStartType"]
    if found not in (SAME, OTHER):
        return f"SageMaker knows no type `{found}`: there are `{SAME}` and `{OTHER}`."
    if found != kind and kind == OTHER:
        return f"With new data the old accuracies do not hold: the type is `{OTHER}`."
    if found != kind:
        return f"The same data and the same script: the type is `{SAME}`, which trusts the old accuracies."
    return None


# -- What the notebook imports ---------------------------------------------------------------------

q1 = Exercise(
    lab=LAB,
    name="make_space",
    find_mistake=mistake_in_make_space,
    hints=(
        "Ask of each: does it count, or does it multiply? And: whole numbers, or anything between?",
        '`ContinuousParameter(0.01, 100, scaling_type="Logarithmic")` is one of the four.',
        "Whole numbers: `IntegerParameter(lowest, highest)`. The names are the script's arguments without `--`.",
    ),
    when_correct="Each hyperparameter is searched on its own scale, and train.py can take every value.",
)
q2 = Exercise(
    lab=LAB,
    name="plan",
    find_mistake=mistake_in_plan,
    hints=(
        "Money and time are two questions. What runs at once changes only one of them.",
        "Dollars: trials × minutes / 60 × instances × price. Nothing else.",
        "Hours: `math.ceil(trials / at_once)` rounds, each as long as one trial.",
    ),
    when_correct="You know what a search costs, and how long it takes, before it starts.",
)
q3 = Exercise(
    lab=LAB,
    name="best_run",
    find_mistake=mistake_in_best_run,
    hints=(
        'Throw out first what cannot be chosen: `runs[runs["status"] == "Completed"]`.',
        "Then sort by two columns: the accuracy falling, the billed seconds rising.",
        '`sort_values(["validation:accuracy", "billed seconds"], ascending=[False, True])`: the first row, if any.',
    ),
    when_correct="Finished, best on validation, and of equals the cheaper one.",
)
q4 = Exercise(
    lab=LAB,
    name="is_real",
    find_mistake=mistake_in_is_real,
    hints=(
        "The standard error of an accuracy p on n reviews is √(p(1 − p) / n).",
        "A difference of two accuracies varies by √(error₁² + error₂²).",
        "Real is here: the gain is more than twice that.",
    ),
    when_correct="You ask how large luck is before you call a gain real.",
)
q5 = Exercise(
    lab=LAB,
    name="warm_start",
    find_mistake=mistake_in_warm_start,
    hints=(
        "Two keys: the list of parents, and the type.",
        'A parent is `{"HyperParameterTuningJobName": name}`.',
        f"The type is `{SAME}` or `{OTHER}`.",
    ),
    when_correct="The next search begins where the last ones ended.",
)
