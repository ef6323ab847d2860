"""Lesson 11's Your turn: the worked answer, another right one, and plausible wrong ones with words of their hints.

The tests prove them all, on the lesson as it is when a learner comes to the cell.
"""

from helpers.money import pareto

REQUESTS = 1_000_000
monthly = pareto.operations(pareto.dearer(), REQUESTS)
front = pareto.steps(monthly[monthly["way"] != "nightly batch"], REQUESTS)[["model", "way", "accuracy", "usd"]]

# solution
best, before = front.iloc[-1], front.iloc[-2]
fewer_mistakes = (best["accuracy"] - before["accuracy"]) * REQUESTS
my_price = (best["usd"] - before["usd"]) / fewer_mistakes
# end solution

MORE = best["usd"] - before["usd"]
RIGHT = {"my_price": {"rounded to two digits": float(f"{my_price:.3g}")}}
WRONG = {
    "my_price": {
        1000 * my_price: "a thousand mistakes",
        -my_price: "The sign",
        MORE / (best["accuracy"] - before["accuracy"]): "is a share",
        best["usd"] / fewer_mistakes: "What does it cost *more*",
        1 / my_price: "Turned round",
        3 * my_price: "They must be equal",
        "one cent": "a number of dollars",
    }
}
