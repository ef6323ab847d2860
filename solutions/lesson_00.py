"""Lesson 00's Your turn: the worked answer, another right one, and plausible wrong ones with words of their hints.

The tests prove them all, on the lesson as it is when a learner comes to the cell.
"""

# solution
my_review = "The story is thin, but I laughed all evening."
# end solution

RIGHT = {"my_review": {"another opinion": "Two hours that I will not get back, however good the music is."}}
WRONG = {
    "my_review": {
        "": "A sentence, please",
        "Great film": "A sentence, please",
        "s3://my-bucket/my_review.txt, as I was told to write it": "That is an address",
        "I ... it ... was ... a ...": "more `...` in it than words",
        b"I saw it twice, and I would again.": "is a bytes",
    }
}
