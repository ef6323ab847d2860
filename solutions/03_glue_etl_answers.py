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
    return rows[~wrong], rows[wrong].assign(reason=no_review.map({True: "missing_review", False: "unknown_sentiment"}))


def goes_row_by_row(rows):
    seen, good, bad = set(), [], []
    for row in rows.to_dict("records"):
        if not isinstance(row["review"], str) or not row["review"].strip():
            bad.append(row | {"reason": "missing_review"})
        elif row["sentiment"] not in LABELS:
            bad.append(row | {"reason": "unknown_sentiment"})
        elif row["review"] not in seen:
            seen.add(row["review"])
            good.append(row)
    duplicates = len(rows) - len(good) - len(bad)
    return pd.DataFrame(good), pd.DataFrame(bad), count(rows, good, bad, duplicates)


def concatenates_one_frame_for_each_reason(rows):
    rows = rows.set_index("review_id", drop=False)
    empty = rows[rows["review"].isna() | rows["review"].str.fullmatch(r"\s*").eq(True)]
    unlabelled = rows.drop(empty.index).query("sentiment not in @LABELS")
    bad = pd.concat([empty.assign(reason="missing_review"), unlabelled.assign(reason="unknown_sentiment")])
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
    bad = rows[wrong].assign(reason=rows["review"].isna().map({True: "missing_review", False: "unknown_sentiment"}))
    return good, bad, count(rows, good, bad, int((~wrong).sum()) - len(good))


def looks_for_missing_labels_only(rows):
    no_review = rows["review"].fillna("").str.strip() == ""
    wrong = no_review | rows["sentiment"].isna()
    good = rows[~wrong].drop_duplicates("review")
    bad = rows[wrong].assign(reason=no_review.map({True: "missing_review", False: "unknown_sentiment"}))
    return good, bad, count(rows, good, bad, int((~wrong).sum()) - len(good))


def returns_the_frames_only(rows):
    return mark(rows)


# -- Exercise 3: audit -----------------------------------------------------------------------------

PARTS = {
    "rows_in": lambda report: report["rows_out"] + report["quarantined"] + report["duplicates"],
    "rows_out": lambda report: sum(report["by_split"].values()),
    "quarantined": lambda report: sum(report["by_reason"].values()),
}


def compares_a_table_of_sums(report):
    return [name for name, parts in PARTS.items() if report[name] != parts(report)]


def collects_a_set(report):
    wrong = set()
    if report["rows_in"] - report["duplicates"] != report["rows_out"] + report["quarantined"]:
        wrong.add("rows_in")
    for total, parts in (("rows_out", "by_split"), ("quarantined", "by_reason")):
        if report[total] - sum(report[parts].values()):
            wrong.add(total)
    return wrong


def forgets_the_duplicates(report):
    wrong = compares_a_table_of_sums(report)
    return ["rows_in"] if report["rows_in"] != report["rows_out"] + report["quarantined"] else wrong


def counts_the_reasons(report):
    wrong = report["quarantined"] != len(report["by_reason"])
    return compares_a_table_of_sums(report) or (["quarantined"] if wrong else [])


def needs_a_bad_row(report):
    return compares_a_table_of_sums(report) if report["by_reason"] else ["quarantined"]


def looks_for_lost_rows_only(report):
    return [name for name, parts in PARTS.items() if report[name] > parts(report)]


def does_not_see_a_lost_row(report):
    return [name for name, parts in PARTS.items() if report[name] < parts(report)]


def trusts_the_totals(report):
    return ["rows_in"] if report["rows_in"] != PARTS["rows_in"](report) else []


def forgets_the_reasons(report):
    return [name for name in compares_a_table_of_sums(report) if name != "quarantined"]


def stops_at_the_first(report):
    return compares_a_table_of_sums(report)[:1]


def says_yes_or_no(report):
    return not compares_a_table_of_sums(report)


def names_the_parts(report):
    return ["by_split" if name == "rows_out" else name for name in compares_a_table_of_sums(report)]


def asserts_the_sum(report):
    assert report["rows_in"] == PARTS["rows_in"](report), "rows are lost"
    return []


def prints_the_result(report):
    print(compares_a_table_of_sums(report))


# -- Exercise 4: split_of --------------------------------------------------------------------------


def cut(number):
    """The split of a number from 0 to 99."""
    return "train" if number < 70 else "validation" if number < 80 else "test"


def takes_crc32(row):
    return cut(zlib.crc32(row["title_id"].encode()) % 100)


def seeds_chance_with_the_title(row):
    return cut(random.Random(row["title_id"]).randrange(100))


def throws_dice_for_each_row(row):
    return random.choices(["train", "validation", "test"], [70, 10, 20])[0]


def splits_by_review(row):
    return cut(zlib.crc32(row["review_id"].encode()) % 100)


def takes_python_hash(row):
    return cut(hash(row["title_id"]) % 100)


def takes_equal_thirds(row):
    return ["train", "validation", "test"][zlib.crc32(row["title_id"].encode()) % 3]


def takes_other_shares(row):
    number = zlib.crc32(row["title_id"].encode()) % 100
    return "train" if number < 80 else "validation" if number < 90 else "test"


def seeds_the_same_chance_each_time(row):
    random.seed(42)
    return cut(random.randrange(100))


def returns_the_number(row):
    return zlib.crc32(row["title_id"].encode()) % 100


# -- What the tests read: exercise -> right answers; exercise -> wrong answer -> words that only its hint has

RIGHT = {
    "q1": [parses_the_html, gives_a_space_to_line_breaks_only],
    "q2": [goes_row_by_row, concatenates_one_frame_for_each_reason],
    "q3": [compares_a_table_of_sums, collects_a_set],
    "q4": [takes_crc32, seeds_chance_with_the_title],
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
        gives_one_reason_to_all: "expected `missing_review`",
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
        forgets_the_duplicates: "all three are rows that came in",
        counts_the_reasons: "whatever their names are",
        needs_a_bad_row: "The sum of no numbers is 0",
        does_not_see_a_lost_row: "A row vanished",
        looks_for_lost_rows_only: "A row is counted twice",
        trusts_the_totals: "The test rows were never written",
        forgets_the_reasons: "have no reason",
        stops_at_the_first: "Three totals are wrong",
        says_yes_or_no: "gives back a bool",
        names_the_parts: "is none of the totals",
        asserts_the_sum: "AssertionError: rows are lost",
        prints_the_result: "gives back nothing",
    },
    "q4": {
        throws_dice_for_each_row: "this is chance",
        splits_by_review: "reviews in two splits",
        takes_python_hash: "Python's own `hash`",
        takes_equal_thirds: "The shares are train 32%",
        takes_other_shares: "The shares are train 8",
        seeds_the_same_chance_each_time: "not on a fixed seed",
        returns_the_number: 'or "test", not',
    },
}
