"""Lesson 07's Your turn: the worked answer, other right ones, and plausible wrong ones with words of their hints.

The tests prove them all, on the lesson as it is when a learner comes to the cell.
"""

# solution
my_request = "application/json", "a review without its quotes"
# end solution

RIGHT = {
    "my_request": {
        "another content type": ("text/plain", "Good."),
        "a number is no review": ("application/json", "[1, 2]"),
        "no review at all": ("application/json", "[]"),
        "a quote that never ends": ("text/csv", '"Good.'),
    }
}
WRONG = {
    "my_request": {
        ("application/json", '"Good."'): "answered",
        ("text/csv", "Good and long."): "answered",
        ("text/csv", "Good, but long."): "the comma again",
        ("text/csv; charset=utf-8", "Good,but long."): "the comma again",
        ("application/json",): "two texts",
        "Good.": "two texts",
        ("a type\nwith a line break", "Good."): "never came to your code",
    }
}
