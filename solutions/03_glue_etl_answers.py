"""Lab 03: other right answers, and plausible wrong ones with words of the hint that each must get.

The tests prove both. The worked answers themselves are in 03_glue_etl.ipynb.
"""

import html
import random
import re
import zlib
from html.parser import HTMLParser

import pandas as pd

LABELS = ["positive", "negative"]

# -- Exercise 1: clean -----------------------------------------------------------------------------


def parses_the_html(text):
    parts = []
    parser = HTMLParser(convert_charrefs=True)
    parser.handle_data = parts.append
    parser.handle_starttag = lambda tag, attributes: parts.append(" ")
    parser.handle_startendtag = lambda tag, attributes: parts.append(" ")
    parser.feed(text)
    parser.close()
    return re.sub(r"\s+", " ", "".join(parts)).strip()


def gives_a_space_to_line_breaks_only(text):
    text = re.sub(r"<.*?>", "", text.replace("<br />", " "))
    return " ".join(html.unescape(text).split())


def leaves_no_space_for_a_tag(text):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


def forgets_the_entities(text):
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def deletes_the_entities(text):
    return " ".join(re.sub(r"&#?\w+;", "", re.sub(r"<[^>]+>", " ", text)).split())


def makes_lower_case(text):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).lower().split())


def matches_up_to_the_last_bracket(text):
    return " ".join(html.unescape(re.sub(r"<.*>", " ", text)).split())


def unescapes_before_removing_tags(text):
    return " ".join(re.sub(r"<[^>]+>", " ", html.unescape(text)).split())


def removes_line_breaks_only(text):
    return " ".join(html.unescape(text.replace("<br />", " ")).split())


def keeps_double_spaces(text):
    return html.unescape(re.sub(r"<[^>]+>", " ", text)).strip()


def forgets_to_return_the_text(text):
    text = re.sub(r"<[^>]+>", " ", text)


# -- Exercise 2: sort_rows -------------------------------------------------------------------------


def count(rows, good, bad, duplicates):
    return {"rows_in": len(rows), "rows_out": len(good), "quarantined": len(bad), "duplicates": duplicates}


def mark(rows):
    """Split rows by a right rule into those that are fine and those that are bad, with the reason."""
    no_review = rows["review"].fillna("").str.strip() == ""
    wrong = no_review | ~rows["sentiment"].isin(LABELS)
    return rows[~wrong], rows[wrong].assign(reason=no_review.map({True: "no_review", False: "no_label"}))


def goes_row_by_row(rows):
    seen, good, bad = set(), [], []
    for row in rows.to_dict("records"):
        if not isinstance(row["review"], str) or not row["review"].strip():
            bad.append(row | {"reason": "no_review"})
        elif row["sentiment"] not in LABELS:
            bad.append(row | {"reason": "no_label"})
        elif row["review"] not in seen:
            seen.add(row["review"])
            good.append(row)
    duplicates = len(rows) - len(good) - len(bad)
    return pd.DataFrame(good), pd.DataFrame(bad), count(rows, good, bad, duplicates)


def concatenates_one_frame_for_each_reason(rows):
    rows = rows.set_index("review_id", drop=False)
    empty = rows[rows["review"].isna() | rows["review"].str.fullmatch(r"\s*").eq(True)]
    unlabelled = rows.drop(empty.index).query("sentiment not in @LABELS")
    bad = pd.concat([empty.assign(reason="no_review"), unlabelled.assign(reason="no_label")])
    rest = rows.drop(bad.index)
    good = rest.groupby("review", as_index=False).first()
    return good, bad, count(rows, good, bad, len(rest) - len(good))


def drops_bad_rows_silently(rows):
    rest = rows.dropna()
    rest = rest[(rest["review"].str.strip() != "") & rest["sentiment"].isin(LABELS)]
    good = rest.drop_duplicates("review")
    return good, rows.iloc[:0], count(rows, good, [], len(rest) - len(good))


def gives_no_reason(rows):
    rest, bad = mark(rows)
    good = rest.drop_duplicates("review")
    return good, bad.drop(columns="reason"), count(rows, good, bad, len(rest) - len(good))


def gives_one_reason_to_all(rows):
    rest, bad = mark(rows)
    good = rest.drop_duplicates("review")
    return good, bad.assign(reason="bad_row"), count(rows, good, bad, len(rest) - len(good))


def counts_duplicates_among_all_rows(rows):
    rest, bad = mark(rows)
    good = rest.drop_duplicates("review")
    return good, bad, count(rows, good, bad, int(rows.duplicated("review").sum()))


def counts_rows_after_filtering(rows):
    rest, bad = mark(rows)
    good = rest.drop_duplicates("review")
    return good, bad, count(rest, good, bad, len(rest) - len(good))


def forgets_to_count_duplicates(rows):
    rest, bad = mark(rows)
    good = rest.drop_duplicates("review")
    return good, bad, count(rows, good, bad, 0)


def drops_both_copies(rows):
    rest, bad = mark(rows)
    good = rest.drop_duplicates("review", keep=False)
    return good, bad, count(rows, good, bad, len(rest) - len(good))


def keeps_the_last_copy(rows):
    rest, bad = mark(rows)
    good = rest.drop_duplicates("review", keep="last")
    return good, bad, count(rows, good, bad, len(rest) - len(good))


def compares_whole_rows(rows):
    rest, bad = mark(rows)
    good = rest.drop_duplicates()
    return good, bad, count(rows, good, bad, len(rest) - len(good))


def quarantines_duplicates(rows):
    rest, bad = mark(rows)
    repeated = rest.duplicated("review")
    bad = pd.concat([bad, rest[repeated].assign(reason="duplicate")])
    return rest[~repeated], bad, count(rows, rest[~repeated], bad, int(repeated.sum()))


def lets_blank_reviews_through(rows):
    wrong = rows["review"].isna() | ~rows["sentiment"].isin(LABELS)
    good = rows[~wrong].drop_duplicates("review")
    bad = rows[wrong].assign(reason=rows["review"].isna().map({True: "no_review", False: "no_label"}))
    return good, bad, count(rows, good, bad, int((~wrong).sum()) - len(good))


def looks_for_missing_labels_only(rows):
    no_review = rows["review"].fillna("").str.strip() == ""
    wrong = no_review | rows["sentiment"].isna()
    good = rows[~wrong].drop_duplicates("review")
    bad = rows[wrong].assign(reason=no_review.map({True: "no_review", False: "no_label"}))
    return good, bad, count(rows, good, bad, int((~wrong).sum()) - len(good))


def returns_the_frames_only(rows):
    return mark(rows)


# -- Exercise 3: split_of --------------------------------------------------------------------------


def cut(number):
    """The split of a number from 0 to 99."""
    return "train" if number < 80 else "validation" if number < 90 else "test"


def takes_crc32(row):
    return cut(zlib.crc32(row["title_id"].encode()) % 100)


def seeds_chance_with_the_title(row):
    return cut(random.Random(row["title_id"]).randrange(100))


def throws_dice_for_each_row(row):
    return random.choices(["train", "validation", "test"], [80, 10, 10])[0]


def splits_by_review(row):
    return cut(zlib.crc32(row["review_id"].encode()) % 100)


def takes_python_hash(row):
    return cut(hash(row["title_id"]) % 100)


def takes_equal_thirds(row):
    return ["train", "validation", "test"][zlib.crc32(row["title_id"].encode()) % 3]


def seeds_the_same_chance_each_time(row):
    random.seed(42)
    return cut(random.randrange(100))


def returns_the_number(row):
    return zlib.crc32(row["title_id"].encode()) % 100


# -- What the tests read: exercise -> right answers; exercise -> wrong answer -> words that only its hint has

RIGHT = {
    "q1": [parses_the_html, gives_a_space_to_line_breaks_only],
    "q2": [goes_row_by_row, concatenates_one_frame_for_each_reason],
    "q3": [takes_crc32, seeds_chance_with_the_title],
}
WRONG = {
    "q1": {
        leaves_no_space_for_a_tag: "glued together",
        forgets_the_entities: "Entities such as",
        deletes_the_entities: "instead of deleting",
        makes_lower_case: "Capital letters",
        matches_up_to_the_last_bracket: "runs on to the last",
        unescapes_before_removing_tags: "Remove the tags first",
        removes_line_breaks_only: "Tags are still",
        keeps_double_spaces: "White space is left over",
        forgets_to_return_the_text: "gives back nothing",
    },
    "q2": {
        drops_bad_rows_silently: "5 bad rows vanish",
        gives_no_reason: "have no `reason`",
        gives_one_reason_to_all: "expected `no_review`",
        counts_duplicates_among_all_rows: "counted twice",
        counts_rows_after_filtering: "before any is removed",
        forgets_to_count_duplicates: "leaves rows out",
        drops_both_copies: "Both copies",
        keeps_the_last_copy: "The later copy",
        compares_whole_rows: "compare the `review` only",
        quarantines_duplicates: "count it in `duplicates` only",
        lets_blank_reviews_through: "nothing but spaces",
        looks_for_missing_labels_only: 'neither "positive" nor',
        returns_the_frames_only: "three things",
    },
    "q3": {
        throws_dice_for_each_row: "this is chance",
        splits_by_review: "reviews in two splits",
        takes_python_hash: "Python's own `hash`",
        takes_equal_thirds: "The shares are train 32%",
        seeds_the_same_chance_each_time: "not on a fixed seed",
        returns_the_number: 'or "test", not',
    },
}
