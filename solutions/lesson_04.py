"""Lesson 04's Your turn: the worked answer, other right ones, and plausible wrong ones with words of their hints.

The tests prove them all, on the lesson as it is when a learner comes to the cell.
"""

# solution
my_words = [
    *("worst", "bad", "awful", "terrible", "boring", "dull", "waste", "poor", "disappointing", "avoid"),
    *("best", "great", "excellent", "perfect", "wonderful", "superb", "brilliant", "beautiful", "loved", "recommend"),
]
# end solution

RIGHT = {
    "my_words": {
        "other words, some in capitals": (
            *("Bad", "Worst", "terrible", "awful", "boring", "waste", "nothing", "poor", "stupid", "dull"),
            *("great", "best", "love", "loved", "excellent", "perfect", "wonderful", "beautiful", "enjoyed", "amazing"),
        ),
    }
}
WRONG = {
    "my_words": {
        "superb": "write a list",
        (): "nothing to count",
        ("the", "film", "a", "and", "of", "is"): "takes sides",
        ("superb", "must see"): "one single token",
        ("superb", "dull?"): "one single token",
        ("qwertz", "xyzzy"): "uses any of these",
        tuple(f"word{number}" for number in range(21)): "are allowed",
    }
}
