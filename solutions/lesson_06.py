"""Lesson 06's Your turn: the worked answer, another right one, and plausible wrong ones with words of their hints.

The tests prove them all, on the lesson as it is when a learner comes to the cell.
"""

from sagemaker.core.parameter import ContinuousParameter, IntegerParameter

# solution
my_c = ContinuousParameter(1, 100, scaling_type="Logarithmic")
# end solution

RIGHT = {"my_c": {"only the worst end is cut off": ContinuousParameter(0.1, 100, scaling_type="Logarithmic")}}
WRONG = {
    "my_c": {
        ContinuousParameter(0.01, 100, scaling_type="Logarithmic"): "the whole range",
        ContinuousParameter(1, 100, scaling_type="Linear"): "Its scale is Linear",
        ContinuousParameter(1, 100): "Its scale is Auto",
        ContinuousParameter(100, 1, scaling_type="Logarithmic"): "lowest value stands first",
        ContinuousParameter(1, 1000, scaling_type="Logarithmic"): "Stay between",
        ContinuousParameter(0.01, 0.1, scaling_type="Logarithmic"): "leaves it out",
        IntegerParameter(1, 100, scaling_type="Logarithmic"): "IntegerParameter",
        (1, 100): "tuple",
    }
}
