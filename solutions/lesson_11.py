"""Lesson 11's Your turn: the worked answer, another right one, and plausible wrong ones with words of their hints.

The tests prove them all, on the lesson as it is when a learner comes to the cell.
"""

from helpers.money import pareto

REQUESTS = 1_000_000
monthly = pareto.operations(pareto.dearer(), REQUESTS)
front = pareto.steps(monthly[monthly["way"] != "nightly batch"], REQUESTS)[["model", "way", "accuracy", "usd"]]

# solution
words, three = front.iloc[0], front.iloc[1]
fewer_mistakes = (three["accuracy"] - words["accuracy"]) * REQUESTS
my_price = (three["usd"] - words["usd"]) / fewer_mistakes
# end solution

MORE = three["usd"] - words["usd"]
best, before = front.iloc[-1], front.iloc[-2]
RIGHT = {"my_price": {"rounded to two digits": float(f"{my_price:.3g}")}}
WRONG = {
    "my_price": {
        (best["usd"] - before["usd"]) / (best["accuracy"] - before["accuracy"]) / REQUESTS: "That is the last step",
        -my_price: "The sign",
        MORE / (three["accuracy"] - words["accuracy"]): "is a share",
        three["usd"] / fewer_mistakes: "What do they cost *more*",
        1 / my_price: "Turned round",
        3 * my_price: "They must be equal",
        "one cent": "a number of dollars",
    }
}
