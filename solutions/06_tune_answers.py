"""Lab 06: other right answers, and plausible wrong ones with words of the hint that each must get.

The tests prove both. The worked answers themselves are in 06_tune.ipynb.
"""

import math

from sagemaker.core.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter

METRIC = "validation:accuracy"

# -- Exercise 1: make_space ------------------------------------------------------------------------


def space(**changes):
    """The right space, with some of it changed; `_` in a name stands for `-`."""
    right = {
        "C": ContinuousParameter(0.01, 100, scaling_type="Logarithmic"),
        "nb-alpha": ContinuousParameter(0.01, 10, scaling_type="Logarithmic"),
        "ngram-max": IntegerParameter(1, 3, scaling_type="Linear"),
        "min-df": IntegerParameter(2, 10, scaling_type="Linear"),
    }
    return right | {name.replace("_", "-"): value for name, value in changes.items()}


def leaves_the_linear_scale_to_sagemaker():
    return space(ngram_max=IntegerParameter(1, 3), min_df=IntegerParameter(2, 10))


def builds_it_in_a_loop():
    whole = {name: IntegerParameter(*bounds) for name, bounds in {"min-df": (2, 10), "ngram-max": (1, 3)}.items()}
    multiplied = {"nb-alpha": 10.0, "C": 100.0}
    return whole | {name: ContinuousParameter(1e-2, high, "Logarithmic") for name, high in multiplied.items()}


def leaves_the_scale_of_c_out():
    return space(C=ContinuousParameter(0.01, 100))


def takes_logarithmic_tokens():
    return space(ngram_max=IntegerParameter(1, 3, scaling_type="Logarithmic"))


def takes_continuous_tokens():
    return space(ngram_max=ContinuousParameter(1, 3))


def takes_whole_c():
    return space(C=IntegerParameter(1, 100, scaling_type="Logarithmic"))


def gives_exponents():
    return space(C=ContinuousParameter(-2, 2, scaling_type="Logarithmic"))


def lists_categories():
    return space(min_df=CategoricalParameter([2, 3, 5, 10]))


def mixes_up_the_bounds():
    return space(C=ContinuousParameter(100, 0.01, scaling_type="Logarithmic"))


def takes_another_range():
    return space(min_df=IntegerParameter(1, 5))


def writes_underscores():
    return {name.replace("-", "_"): value for name, value in space().items()}


def writes_alpha():
    return {name.removeprefix("nb-"): value for name, value in space().items()}


def forgets_min_df():
    return {name: value for name, value in space().items() if name != "min-df"}


def searches_the_seed():
    return space(seed=IntegerParameter(0, 100))


def writes_dashes_before_the_names():
    return {f"--{name}": value for name, value in space().items()}


def shortens_the_scale():
    return space(C=ContinuousParameter(0.01, 100, scaling_type="log"))


def turns_the_scale_round():
    return space(min_df=IntegerParameter(2, 10, scaling_type="ReverseLogarithmic"))


def gives_tuples():
    return space(C=(0.01, 100))


def gives_a_list():
    return list(space().items())


# -- Exercise 2: plan ------------------------------------------------------------------------------


def counts_rounds_without_math(trials, at_once, minutes, instances, hourly):
    rounds = -(-trials // at_once)
    return instances * trials * hourly * minutes / 60, rounds * minutes / 60


def simulates_the_rounds(trials, at_once, minutes, instances, hourly):
    usd = hours = 0.0
    while trials > 0:
        now = min(trials, at_once)
        usd += now * instances * hourly * minutes / 60
        hours += minutes / 60
        trials -= now
    return usd, hours


def forgets_the_minutes(trials, at_once, minutes, instances, hourly):
    return trials * minutes * instances * hourly, math.ceil(trials / at_once) * minutes / 60


def forgets_the_instances(trials, at_once, minutes, instances, hourly):
    return trials * minutes / 60 * hourly, math.ceil(trials / at_once) * minutes / 60


def pays_one_of_those_at_once(trials, at_once, minutes, instances, hourly):
    hours = math.ceil(trials / at_once) * minutes / 60
    return hours * instances * hourly, hours


def pays_twice_for_those_at_once(trials, at_once, minutes, instances, hourly):
    hours = math.ceil(trials / at_once) * minutes / 60
    return trials * at_once * minutes / 60 * instances * hourly, hours


def waits_for_one_after_the_other(trials, at_once, minutes, instances, hourly):
    hours = trials * minutes / 60
    return hours * instances * hourly, hours


def takes_parts_of_a_round(trials, at_once, minutes, instances, hourly):
    return trials * minutes / 60 * instances * hourly, trials / at_once * minutes / 60


def leaves_the_last_round_out(trials, at_once, minutes, instances, hourly):
    return trials * minutes / 60 * instances * hourly, max(1, trials // at_once) * minutes / 60


def rounds_to_the_nearest(trials, at_once, minutes, instances, hourly):
    return trials * minutes / 60 * instances * hourly, max(1, round(trials / at_once)) * minutes / 60


def rounds_the_price(trials, at_once, minutes, instances, hourly):
    return round(trials * minutes / 60 * instances * hourly, 2), math.ceil(trials / at_once) * minutes / 60


def gives_the_hours_first(trials, at_once, minutes, instances, hourly):
    return math.ceil(trials / at_once) * minutes / 60, trials * minutes / 60 * instances * hourly


def gives_texts(trials, at_once, minutes, instances, hourly):
    return f"{trials * minutes / 60 * instances * hourly:.2f}", f"{math.ceil(trials / at_once) * minutes / 60:.2f}"


def gives_minutes(trials, at_once, minutes, instances, hourly):
    return trials * minutes / 60 * instances * hourly, math.ceil(trials / at_once) * minutes


def lets_instances_share_the_time(trials, at_once, minutes, instances, hourly):
    return trials * minutes / 60 * instances * hourly, math.ceil(trials / at_once) * minutes / 60 / instances


def gives_the_price_only(trials, at_once, minutes, instances, hourly):
    return trials * minutes / 60 * instances * hourly


# -- Exercise 3: best_run --------------------------------------------------------------------------


def loops_over_the_rows(runs):
    best = None
    for row in runs.to_dict("records"):
        key = (row[METRIC], -row["billed seconds"])
        if row["status"] == "Completed" and (best is None or key > best[0]):
            best = key, row["job"]
    return best[1] if best else ""


def filters_twice(runs):
    runs = runs.query("status == 'Completed'")
    runs = runs[runs[METRIC] == runs[METRIC].max()]
    return "" if runs.empty else str(runs.set_index("job")["billed seconds"].idxmin())


def completed(runs):
    return runs[runs["status"] == "Completed"]


def chooses_by_train(runs):
    rows = completed(runs).sort_values("train:accuracy", ascending=False)
    return rows["job"].iloc[0] if len(rows) else ""


def takes_the_stopped_one(runs):
    rows = runs.dropna(subset=[METRIC]).sort_values(METRIC, ascending=False)
    return rows["job"].iloc[0] if len(rows) else ""


def takes_the_lowest(runs):
    rows = completed(runs).sort_values(METRIC)
    return rows["job"].iloc[0] if len(rows) else ""


def takes_the_dearer_one(runs):
    rows = completed(runs).sort_values([METRIC, "billed seconds"], ascending=False)
    return rows["job"].iloc[0] if len(rows) else ""


def sorts_missing_values_first(runs):
    rows = runs[~runs["status"].isin(["Stopped", "InProgress"])]
    rows = rows.sort_values([METRIC, "billed seconds"], ascending=[False, True], na_position="first")
    return rows["job"].iloc[0] if len(rows) else ""


def assumes_that_there_is_one(runs):
    return completed(runs).sort_values([METRIC, "billed seconds"], ascending=[False, True])["job"].iloc[0]


def misspells_the_status(runs):
    rows = runs[runs["status"] == "completed"].sort_values([METRIC, "billed seconds"], ascending=[False, True])
    return rows["job"].iloc[0] if len(rows) else ""


def gives_the_row(runs):
    rows = completed(runs).sort_values([METRIC, "billed seconds"], ascending=[False, True])
    return rows.iloc[0]


def gives_an_unfinished_one_when_there_is_no_other(runs):
    rows = completed(runs).sort_values([METRIC, "billed seconds"], ascending=[False, True])
    return (rows if len(rows) else runs)["job"].iloc[0]


# -- Exercise 4: is_real ---------------------------------------------------------------------------


def squares_both_sides(best, before, reviews):
    gain = best - before
    return gain > 0 and gain**2 > 4 * (best * (1 - best) + before * (1 - before)) / reviews


def adds_with_hypot(best, before, reviews):
    errors = [math.sqrt(p * (1 - p) / reviews) for p in (best, before)]
    return best - before > 2 * math.hypot(*errors)


def calls_any_gain_real(best, before, reviews):
    return best > before


def calls_no_gain_real(best, before, reviews):
    return best >= before


def takes_the_size_of_a_loss(best, before, reviews):
    variance = (best * (1 - best) + before * (1 - before)) / reviews
    return abs(best - before) > 2 * variance**0.5


def takes_a_fixed_point(best, before, reviews):
    return best - before > 0.01


def forgets_to_divide(best, before, reviews):
    return best - before > 2 * (best * (1 - best) + before * (1 - before)) ** 0.5


def takes_one_error(best, before, reviews):
    return best - before > ((best * (1 - best) + before * (1 - before)) / reviews) ** 0.5


def takes_three_errors(best, before, reviews):
    return best - before > 3 * ((best * (1 - best) + before * (1 - before)) / reviews) ** 0.5


def trusts_the_old_accuracy(best, before, reviews):
    return best - before > 2 * (best * (1 - best) / reviews) ** 0.5


def takes_one_quarter(best, before, reviews):
    return best - before > 2 * (0.5 / reviews) ** 0.5


def adds_the_errors(best, before, reviews):
    return best - before > 2 * sum((p * (1 - p) / reviews) ** 0.5 for p in (best, before))


def takes_a_third_accuracy(best, before, reviews):
    return best - before > 2 * (2 * 0.9 * 0.1 / reviews) ** 0.5


def gives_the_number_of_errors(best, before, reviews):
    return (best - before) / ((best * (1 - best) + before * (1 - before)) / reviews) ** 0.5


# -- Exercise 5: warm_start ------------------------------------------------------------------------

SAME, OTHER = "IdenticalDataAndAlgorithm", "TransferLearning"


def config(parents, kind):
    return {
        "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": name} for name in parents],
        "WarmStartType": kind,
    }


def looks_the_type_up(parents, same):
    return config(parents, {True: SAME, False: OTHER}[same])


def appends_the_parents(parents, same):
    made = {"WarmStartType": "TransferLearning", "ParentHyperParameterTuningJobs": []}
    for name in parents:
        made["ParentHyperParameterTuningJobs"].append({"HyperParameterTuningJobName": name})
    if same:
        made["WarmStartType"] = "IdenticalDataAndAlgorithm"
    return made


def gives_names_only(parents, same):
    return {"ParentHyperParameterTuningJobs": parents, "WarmStartType": SAME if same else OTHER}


def shortens_the_key_of_a_parent(parents, same):
    parents = [{"Name": name} for name in parents]
    return {"ParentHyperParameterTuningJobs": parents, "WarmStartType": SAME if same else OTHER}


def takes_the_first_parent(parents, same):
    return config(parents[:1], SAME if same else OTHER)


def gives_a_bare_parent(parents, same):
    parent = {"HyperParameterTuningJobName": parents[0]}
    return {"ParentHyperParameterTuningJobs": parent, "WarmStartType": SAME if same else OTHER}


def turns_the_order_round(parents, same):
    return config(parents[::-1], SAME if same else OTHER)


def takes_always_the_same_type(parents, same):
    return config(parents, SAME)


def turns_the_types_round(parents, same):
    return config(parents, OTHER if same else SAME)


def writes_the_python_name(parents, same):
    return config(parents, "IDENTICAL_DATA_AND_ALGORITHM" if same else "TRANSFER_LEARNING")


def adds_a_key(parents, same):
    return {"WarmStartConfig": config(parents, SAME if same else OTHER)}


# -- What the tests read: exercise -> right answers; exercise -> wrong answer -> words that only its hint has

RIGHT = {
    "q1": [leaves_the_linear_scale_to_sagemaker, builds_it_in_a_loop],
    "q2": [counts_rounds_without_math, simulates_the_rounds],
    "q3": [loops_over_the_rows, filters_twice],
    "q4": [squares_both_sides, adds_with_hypot],
    "q5": [looks_the_type_up, appends_the_parents],
}
WRONG = {
    "q1": {
        leaves_the_scale_of_c_out: "multiplies, and its scale is Auto",
        takes_logarithmic_tokens: "counts, and its scale is Logarithmic",
        takes_continuous_tokens: "refuses 2.7 tokens",
        takes_whole_c: "everything between 0 and 1 is lost",
        gives_exponents: "are exponents",
        lists_categories: "apples and pears",
        mixes_up_the_bounds: "in the wrong order",
        takes_another_range: "goes from 1 to 5",
        writes_underscores: "has a dash",
        writes_alpha: "no `--alpha`",
        forgets_min_df: "`min-df` has no range",
        searches_the_seed: "is not asked for",
        writes_dashes_before_the_names: "without `--`",
        shortens_the_scale: "SageMaker does not know",
        turns_the_scale_round: "just below 1",
        gives_tuples: "`C` is a tuple",
        gives_a_list: "gives back a list",
    },
    "q2": {
        forgets_the_minutes: "60 times too dear",
        forgets_the_instances: "each of them is paid",
        pays_one_of_those_at_once: "saves time, not money",
        pays_twice_for_those_at_once: "counted twice",
        waits_for_one_after_the_other: "one trial after the other",
        takes_parts_of_a_round: "no part of a round",
        leaves_the_last_round_out: "round up, not down",
        rounds_to_the_nearest: "Not to the nearest",
        rounds_the_price: "The price is rounded",
        gives_the_hours_first: "in the wrong order: dollars first",
        gives_texts: "gives back a text",
        gives_minutes: "The time is in minutes",
        lets_instances_share_the_time: "work on *one* trial",
        gives_the_price_only: "gives back two numbers",
    },
    "q3": {
        chooses_by_train: "the best on *train*",
        takes_the_stopped_one: "stopped at its time limit",
        takes_the_lowest: "the lowest accuracy",
        takes_the_dearer_one: "equally good",
        sorts_missing_values_first: "This run failed",
        assumes_that_there_is_one: "Your code stops with",
        misspells_the_status: "with a capital C",
        gives_the_row: "gives back a Series",
        gives_an_unfinished_one_when_there_is_no_other: "there is no best one",
    },
    "q4": {
        calls_any_gain_real: "Any gain counts",
        calls_no_gain_real: "no gain at all",
        takes_the_size_of_a_loss: "a loss is no gain",
        takes_a_fixed_point: "With few reviews",
        forgets_to_divide: "A clear gain on many reviews",
        takes_one_error: "one time in six",
        takes_three_errors: "your limit is too high",
        trusts_the_old_accuracy: "the old one too",
        takes_one_quarter: "not one quarter",
        adds_the_errors: "not as a + b",
        takes_a_third_accuracy: "not of a third",
        gives_the_number_of_errors: "True or False is asked for",
    },
    "q5": {
        gives_names_only: "a dict of its own",
        shortens_the_key_of_a_parent: "a dict with one key",
        takes_the_first_parent: "Only some of the parents",
        gives_a_bare_parent: "also of one parent",
        turns_the_order_round: "in this order",
        takes_always_the_same_type: "With new data",
        turns_the_types_round: "The same data and the same script",
        writes_the_python_name: "SageMaker knows no type",
        adds_a_key: "exactly two keys",
    },
}
