"""Lesson 03's Your turn: the worked answer, another right one, and plausible wrong ones with words of their hints.

The tests prove them all, on the lesson as it is when a learner comes to the cell; each that is an expression is a run
of the job.
"""

# solution
my_rule = 'F.regexp_replace("review", "<br />", " ")'
# end solution

RIGHT = {
    "my_rule": {
        "all markup, and runs of white space": r"""
            F.trim(F.regexp_replace(F.regexp_replace(F.col("review"), "<[^>]+>", " "), r"\s+", " "))""",
    }
}
WRONG = {
    "my_rule": {
        'F.regexp_replace("review", "<br>", " ")': "is still in",
        'F.regexp_replace("review", "<br />", "")': "glued together",
        'F.regexp_replace("review", "<.*>", " ")': "Words are lost",
        'F.replace_regexp("review", "<br />", " ")': "AttributeError",
        'F.regexp_replace("review", "<br />", " "': "Python cannot read it",
        'clean = F.regexp_replace("review", "<br />", " ")': "Python cannot read it",
    }
}
