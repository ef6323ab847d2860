"""Lesson 09's Your turn: the worked answer, another right one, and plausible wrong ones with words of their hints."""

# solution
from helpers.money import costs


def two_machines(n):
    return 2 * costs.monthly(costs.endpoint("ml.m5.large", hours=1)).usd + 20 * 65


my_way = two_machines
# end solution

INSTANCE = "ml.m5.large"
month = costs.monthly(costs.endpoint(INSTANCE, hours=1)).usd
RIGHT = {"my_way": {"two instances in one estimate": lambda n: costs.endpoint(INSTANCE, 730, instances=2).usd + 1300}}
WRONG = {
    "my_way": {
        (lambda n: 2 * month): "Who looks after them",
        (lambda n: 1300): "What do the machines cost",
        (lambda n: month + 1300): "That is one machine",
        (lambda n: 2 * costs.endpoint(INSTANCE, hours=1).usd + 1300): "day and night",
        (lambda n: 2 * month + 20): "each costs $65",
        (lambda n: 2 * (month + 1300)): "both machines together",
        (lambda n: costs.monthly(costs.endpoint(INSTANCE, hours=1))): "`.usd`",
        (lambda n: n * 0.001 + 2 * month + 1300): "For 1,000,000 reviews you get",
        1468.0: "write a function",
    }
}
