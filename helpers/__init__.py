"""What the lessons import, by concern: each folder's `__init__` says what a lesson gets from it.

`workshop.connect()` is how every lesson begins; `catch_up` brings up what earlier lessons leave.
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
