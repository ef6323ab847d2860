"""Lesson 00's Your turn: a review in the learner's own words, which lesson 12 asks the learner's models about."""

from __future__ import annotations

from typing import Any

from helpers.checks.exercise import Exercise

FEWEST_WORDS = 5


def mistake_in_review(review: Any) -> str | None:
    """Say why this is no review that a model could judge, or None."""
    if not isinstance(review, str):
        return f"`my_review` is a {type(review).__name__}; write your sentence as text, between quotes."
    if review.strip().startswith("s3://"):
        return "That is an address. Write the sentence itself: `put_object` takes it to S3."
    if len(review.split()) < FEWEST_WORDS:
        return f"A sentence, please, of {FEWEST_WORDS} words at least: a model cannot tell much from fewer."
    if "..." in review and len(review.replace("...", " ").split()) < FEWEST_WORDS:
        return "There is more `...` in it than words. What did you think of the film?"
    return None


turn = Exercise(
    lab="lesson_00",
    name="my_review",
    find_mistake=mistake_in_review,
    hints=(
        "Any film will do, and any opinion. Text stands between quotes, as in the line below.",
        'For example: `my_review = "The story is thin, but I laughed all evening."`',
    ),
    when_correct="Your review is an object in S3 now, below your own prefix; above is what came back.",
)
