"""The checks of lab 03, Glue ETL: clean text, keep account of every row, audit a report, split without a leak.

Names of reasons, the keys of a report and the shares of a split are those of `jobs/glue/reviews_etl.py`.

Each `mistake_in_…` runs the learner's function on rows of its own and returns the hint for the first
mistake it recognises, or None. The known mistakes are in `solutions/03_glue_etl_answers.py`, where the
tests take them from to prove each hint.
"""

import builtins
import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

import pandas as pd

from helpers.checks.exercise import Exercise

LAB = "03_glue_etl"

# -- Exercise 1 ------------------------------------------------------------------------------------

TEXTS = {
    "A quiet film.<br /><br />It stays with you.": "A quiet film. It stays with you.",
    "An <i>odd</i> but <b>warm</b> story": "An odd but warm story",
    "Tom &amp; Ann don&#39;t speak": "Tom & Ann don't speak",
    " Two\t lines,\n  one   film ": "Two lines, one film",
    "I &lt;3 it, although it is &gt; 3 hours": "I <3 it, although it is > 3 hours",
}


def mistake_in_clean(clean: Callable[[str], Any]) -> str | None:
    """The hint for the first text of TEXTS that `clean` gets wrong."""
    for text, expected in TEXTS.items():
        got = clean(text)
        if got is None:
            return "`clean` gives back nothing. End it with `return` and the cleaned text."
        if not isinstance(got, str):
            return f"`clean` gives back a {type(got).__name__}; a text (`str`) is asked for."
        if got != expected:
            example = f"`clean({text!r})` gives `{got!r}`, expected `{expected!r}`."
            return f"{_why_text_differs(got, expected)}\n{example}"
    return None


def _why_text_differs(got: str, expected: str) -> str:
    words, wanted = got.split(), expected.split()
    if "<br" in got or "<i>" in got:
        return "Tags are still in the text. A tag is everything from `<` to the next `>`."
    if got == expected.lower():
        return "Capital letters are gone. Keep them: a model that wants lower case can make it later."
    if "&amp;" in got or "&#39;" in got:
        return "Entities such as `&amp;` are still there. The module `html` turns them into characters."
    if "".join(words) == "".join(wanted):
        if len(words) < len(wanted):
            return "Two words are glued together where a tag was. Put a space in its place."
        return "White space is left over. Any run of it becomes one space, or none at the ends."
    if "<3" in expected:
        return "Words are lost: entities became `<` and `>` and then looked like a tag. Remove the tags first."
    if "&" in expected:
        return "An entity stands for a character. Turn it into that character instead of deleting it."
    if len(words) < len(wanted):
        return "The words between two tags are lost: the pattern runs on to the last `>`. Stop it at the first."
    return "The text differs in more than markup, entities and white space."


# -- Exercise 2 ------------------------------------------------------------------------------------

ROWS = pd.DataFrame(
    [
        ("a1", "positive", "A warm and clever film."),
        ("b1", "positive", None),
        ("a2", "negative", "Slow, and then slower."),
        ("d1", "positive", "A warm and clever film."),
        ("b2", "negative", None),
        ("b3", "negative", "   "),
        ("b4", None, "I left before the end."),
        ("b5", "unsure", "Some of it works."),
        ("a3", "positive", "The music alone is worth it."),
    ],
    columns=["review_id", "sentiment", "review"],
)
NO_REVIEW, NO_LABEL = "missing_review", "unknown_sentiment"
REASONS = {"b1": NO_REVIEW, "b2": NO_REVIEW, "b3": NO_REVIEW, "b4": NO_LABEL, "b5": NO_LABEL}
REPORT = {"rows_in": 9, "rows_out": 3, "quarantined": 5, "duplicates": 1}


def mistake_in_sort_rows(sort_rows: Callable[[pd.DataFrame], Any]) -> str | None:
    """The hint for the first thing that is wrong in what `sort_rows` makes of ROWS."""
    result = sort_rows(ROWS.copy())
    if not isinstance(result, tuple) or len(result) != 3:
        return "`sort_rows` returns three things, in this order: `return good, bad, report`."
    good, bad, report = result
    for name, frame in {"good": good, "bad": bad}.items():
        if not isinstance(frame, pd.DataFrame) or "review_id" not in frame.columns:
            return f"`{name}` is not a DataFrame with the columns of `rows`."
    if not isinstance(report, dict) or set(report) != set(REPORT):
        return f"`report` is a dict with exactly these keys: {', '.join(REPORT)}."
    good_ids, bad_ids = set(good["review_id"]), set(bad["review_id"])
    return _mistake_in_good(good_ids, bad_ids) or _mistake_in_bad(bad, good_ids, bad_ids) or _mistake_in_report(report)


def _mistake_in_good(good_ids: set[str], bad_ids: set[str]) -> str | None:
    if vanished := set(REASONS) - good_ids - bad_ids:
        return f"{len(vanished)} bad rows vanish: they are neither in `good` nor in `bad`."
    if "b1" in good_ids:
        return "A row without any review (`None`) is in `good`."
    if "b3" in good_ids:
        return "A review of nothing but spaces is in `good`. It says as little as a missing one."
    if {"b4", "b5"} & good_ids:
        return 'A row whose sentiment is neither "positive" nor "negative" is in `good`.'
    if {"a1", "d1"} <= good_ids:
        return "A review is twice in `good`. Each row has its own `review_id`: compare the `review` only."
    if "d1" in good_ids:
        return "The later copy of a repeated review is kept. Keep the first: new rows must not change it."
    if "a1" not in good_ids | bad_ids:
        return "Both copies of a repeated review are gone. Keep the first: only the second is a duplicate."
    return None


def _mistake_in_bad(bad: pd.DataFrame, good_ids: set[str], bad_ids: set[str]) -> str | None:
    if "d1" in bad_ids:
        return "A repeated review is in `bad`. Nothing is wrong with it: count it in `duplicates` only."
    if bad_ids != set(REASONS):
        return "A row with a review and a label is in `bad`."
    if good_ids != {"a1", "a2", "a3"}:
        return "A row with a review and a label is missing from `good`."
    if len(bad) != len(REASONS):
        return f"A row is twice in `bad`. Give each row one reason: `{NO_REVIEW}` goes before `{NO_LABEL}`."
    if "reason" not in bad.columns or bad["reason"].isna().any():
        return "Rows in `bad` have no `reason`. Whoever repairs them has to know what was wrong."
    for row in bad.to_dict("records"):
        if row["reason"] != REASONS[row["review_id"]]:
            expected = REASONS[row["review_id"]]
            return f"The reason of row `{row['review_id']}` is `{row['reason']}`, expected `{expected}`."
    return None


def _mistake_in_report(report: dict[str, int]) -> str | None:
    total = report["rows_out"] + report["quarantined"] + report["duplicates"]
    numbers = f"The report says {report['rows_in']} rows in, and {total} rows accounted for."
    if report["rows_in"] == total == REPORT["rows_in"] and report != REPORT:
        return f"The report adds up, but not to what is in `good` and `bad`: expected `{REPORT}`."
    if report["rows_in"] != REPORT["rows_in"]:
        return f"`rows_in` counts all rows, before any is removed.\n{numbers}"
    if total > report["rows_in"]:
        why = "Missing reviews equal each other: look for duplicates among the rows that are not bad."
        return f"Rows are counted twice. {why}\n{numbers}"
    if total < report["rows_in"]:
        return f"The report leaves rows out.\n{numbers}"
    return None


# -- Exercise 3 ------------------------------------------------------------------------------------

TOTALS = ("rows_in", "rows_out", "quarantined")
SOUND = {
    "job_run_id": "jr_1",
    "rows_in": 100,
    "rows_out": 90,
    "quarantined": 7,
    "duplicates": 3,
    "split_rule": "by title",
    "by_split": {"train": 60, "validation": 10, "test": 20},
    "by_reason": {"missing_review": 4, "malformed_json": 3},
    "repaired_encoding": 1,
    "hidden_files": [],
}
NO_BAD_ROWS = {"rows_in": 93, "quarantined": 0, "by_reason": {}}
# What is changed in the sound report, the totals that are then wrong, and the hint for who does not see it.
REPORTS: tuple[tuple[dict[str, Any], set[str], str], ...] = (
    ({}, set(), "A sound report is called wrong."),
    (NO_BAD_ROWS, set(), "A sound report without any bad row is called wrong. The sum of no numbers is 0."),
    ({"rows_in": 101}, {"rows_in"}, "A row vanished, and `audit` does not see it."),
    (
        {"rows_in": 99},
        {"rows_in"},
        "A row is counted twice, and `audit` does not see it: the sum can be too high, too.",
    ),
    (
        {"by_split": {"train": 60, "validation": 10}},
        {"rows_out"},
        "The test rows were never written. `rows_in` agrees, because it trusts `rows_out`: check that by `by_split`.",
    ),
    (
        {"by_reason": {"missing_review": 4}},
        {"quarantined"},
        "Quarantined rows have no reason. Check `quarantined` by the sum of `by_reason`.",
    ),
    (
        {"rows_in": 120, "by_split": {"train": 1}, "by_reason": {"missing_title": 1}},
        set(TOTALS),
        "Three totals are wrong in one report. Look at all three, and collect the names.",
    ),
)


def mistake_in_audit(audit: Callable[[dict[str, Any]], Any]) -> str | None:
    """The hint for the first of REPORTS that `audit` judges wrongly."""
    for changes, wrong, hint in REPORTS:
        found = audit(copy.deepcopy({**SOUND, **changes}))
        if found is None:
            return "`audit` gives back nothing. End it with `return` and the list of names, `[]` when all agrees."
        if not isinstance(found, list | tuple | set):
            return f"`audit` gives back a {type(found).__name__}; a list of names is asked for, `[]` when all agrees."
        if unknown := [name for name in found if name not in TOTALS]:
            return f"`{unknown[0]}` is none of the totals {', '.join(f'`{name}`' for name in TOTALS)}."
        if set(found) != wrong:
            expected = [name for name in TOTALS if name in wrong]
            why = "" if changes else _why_called_wrong(set(found))
            return f"{hint}{why}\n`audit` gives `{list(found)}`, expected `{expected}`."
    return None


def _why_called_wrong(names: set[str]) -> str:
    if "rows_in" in names:
        return " Rows out, quarantined rows and duplicates, all three are rows that came in."
    return " Add the numbers in `by_split` and `by_reason`, whatever their names are."


# -- Exercise 4 ------------------------------------------------------------------------------------

SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}
# With 2,000 titles, fewer than one fair hash in 10,000 is further than this from a share.
TOLERANCE = 0.045
TITLES = [f"tt{9_000_000 + 37 * number}" for number in range(2000)]
REVIEWS = [{"review_id": f"{title}-{n}", "title_id": title} for title in TITLES for n in range(2)]


def mistake_in_split_of(split_of: Callable[[dict[str, str]], Any]) -> str | None:
    """The hint for what is wrong with the splits of REVIEWS, two reviews of each title."""
    splits = [split_of(dict(row)) for row in REVIEWS]
    if unknown := [split for split in splits if split not in SHARES]:
        return f'`split_of` returns "train", "validation" or "test", not `{unknown[0]!r}`.'
    if splits != [split_of(dict(row)) for row in REVIEWS]:
        return "The same row gets another split when asked again: this is chance, and the next run disagrees."
    if leaks := sum(first != second for first, second in zip(splits[::2], splits[1::2], strict=True)):
        return f"{leaks} of {len(TITLES)} titles have reviews in two splits. Let the title alone decide."
    if splits != _splits_in_another_process(split_of):
        return "Python's own `hash` of a text differs in each process. Take one from `hashlib` or `zlib`."
    found = {split: count / len(splits) for split, count in Counter(splits).items()}
    if len(found) == 1:
        return f"Every title goes to {splits[0]}. Let it depend on the title, not on a fixed seed."
    if any(abs(found.get(split, 0) - share) > TOLERANCE for split, share in SHARES.items()):
        shown = ", ".join(f"{split} {found.get(split, 0):.0%}" for split in SHARES)
        return f"The shares are {shown}. Asked for are 70 %, 10 % and 20 % of the titles."
    return None


def _splits_in_another_process(split_of: Callable[[dict[str, str]], Any]) -> list[Any]:
    """What `split_of` says where `hash` has another salt, as it has in each new Python process."""
    names = getattr(split_of, "__globals__", {})
    if "hash" in names:  # the learner's own function, not Python's
        return [split_of(dict(row)) for row in REVIEWS]
    names["hash"] = lambda value: builtins.hash(("another salt", value))
    try:
        return [split_of(dict(row)) for row in REVIEWS]
    finally:
        del names["hash"]


# -- What the notebook imports ---------------------------------------------------------------------

q1 = Exercise(
    lab=LAB,
    name="clean",
    find_mistake=mistake_in_clean,
    hints=(
        "Three steps: tags, entities, white space. The order matters.",
        "`re.sub(pattern, replacement, text)` replaces. The pattern `<[^>]+>` is one tag, up to its own `>`.",
        "`html.unescape(text)` knows all entities; `text.split()` splits at any white space.",
    ),
    when_correct="Words stay apart, entities are characters, and no text is lost between two tags.",
)
q2 = Exercise(
    lab=LAB,
    name="sort_rows",
    find_mistake=mistake_in_sort_rows,
    hints=(
        "Make two yes/no columns first: has no review, has no label. `bad` is where either is true.",
        '`rows["review"].fillna("").str.strip()` makes missing and blank reviews look the same.',
        'Only among the other rows, `rest.duplicated("review")` marks the second and later copies.',
    ),
    when_correct="Every row is in one place, each bad row says why, and the report adds up: 9 = 3 + 5 + 1.",
)
q3 = Exercise(
    lab=LAB,
    name="audit",
    find_mistake=mistake_in_audit,
    hints=(
        "Three comparisons. Begin with an empty list, and append the name of each total that does not agree.",
        '`sum(report["by_split"].values())` is the number of rows that were really written.',
        "A total can be too high as well as too low: compare with `!=`.",
    ),
    when_correct="You believe no total before you have added it up yourself.",
)
q4 = Exercise(
    lab=LAB,
    name="split_of",
    find_mistake=mistake_in_split_of,
    hints=(
        "Turn the title into a number that is the same on every machine and every day. Then cut.",
        "Such numbers: `zlib.crc32(text.encode())`, `int(hashlib.sha256(text.encode()).hexdigest(), 16)`.",
        "`number % 100` is 0 to 99. Below 70 is train, below 80 is validation.",
    ),
    when_correct="No title is in two splits, every run agrees, and the shares are 70, 10 and 20 %.",
)
