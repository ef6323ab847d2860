"""What the learner believes, and what is measured then: predictions and decisions, kept in the learner's part of S3.

A lesson says `from helpers.learner import decide, predict, truth`: `predict` asks before a cell that measures, `truth`
in that cell says what came out, `decide` is the lesson's line in the learner's log. Lesson 12 shows `scores` and `log`;
`progress` shows what was opened, solved and predicted; `export` writes one file for an instructor, whose `room` reads
the files of all. In the unattended run nothing is asked.
"""

from helpers.learner.decisions import decide, log
from helpers.learner.exported import export, room
from helpers.learner.predictions import measured, predict, scores, truth
from helpers.learner.progress import progress

__all__ = ["decide", "export", "log", "measured", "predict", "progress", "room", "scores", "truth"]
