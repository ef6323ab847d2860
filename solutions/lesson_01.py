"""Lesson 01's Your turn: the worked answer, another right one, and plausible wrong ones with words of their hints.

The tests prove them all, on the lesson as it is when a learner comes to the cell.
"""

import math

# solution
my_machines = 2
# end solution

RIGHT = {"my_machines": {"computed": math.ceil(6 / (8 // 2.5))}}
WRONG = {
    "my_machines": {
        1: "after 15 minutes",
        3: "not the smallest number",
        6: "not the smallest number",
        12: "at most 6 machines",
        1.875: "A whole number",
        "2": "A whole number",
        0: "from 1 on",
    }
}
