"""Lesson 05's Your turn: the worked answer, another right one, and plausible wrong ones with words of their hints.

The tests prove them all, on the lesson as it is when a learner comes to the cell.
"""

# solution
my_change = ("min-df", 10)
# end solution

RIGHT = {"my_change": {"a float, as a list": ["C", 4.0]}}
WRONG = {
    "my_change": {
        "min-df = 10": "a name and a value",
        ("min_df", 10): "knows no argument `min_df`",
        ("ngram-max", 3): "the same model again",
        ("C", -1): "has failed",
    }
}
