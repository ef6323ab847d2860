"""The serving functions, with a model that the training script made."""

import csv
import io
import json

import pytest
from sklearn_job import load, make_reviews

inference, train = load("inference", "train")

GOOD, BAD = "I loved it. The best story, so moving", "I hated it. The worst story, so silly"
REVIEWS = [GOOD, BAD]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    reviews = make_reviews()
    fitted, _ = train.fit(reviews["review"].tolist(), reviews["label"].to_numpy(), train.parse_arguments([]))
    folder = tmp_path_factory.mktemp("model")
    train.save(fitted, folder)
    return inference.model_fn(str(folder))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", json.dumps(REVIEWS)),
        ("application/json", json.dumps({"instances": REVIEWS})),
        ("application/json", json.dumps({"inputs": REVIEWS})),
        ("application/json", json.dumps([{"review": GOOD}, {"features": [BAD]}])),
        ("application/json; charset=utf-8", json.dumps(REVIEWS)),
        ("Application/JSON", json.dumps(REVIEWS)),
        ("application/jsonlines", f"{json.dumps(GOOD)}\n{json.dumps(BAD)}"),
        ("application/jsonlines", f'{{"review": "{GOOD}"}}\r\n{{"features": ["{BAD}"]}}\r\n'),
        ("text/csv", f'"{GOOD}"\n"{BAD}"\n'),
        ("text/csv", f'"{GOOD}"\r\n"{BAD}"'),
    ],
)
@pytest.mark.parametrize("form", [str, str.encode], ids=["text", "bytes"])
def test_the_reviews_of_a_request_are_read_in_order(content_type, body, form):
    assert inference.input_fn(form(body), content_type) == REVIEWS


@pytest.mark.parametrize("body", [GOOD, {"inputs": GOOD}, {"review": GOOD}, {"features": [GOOD]}])
def test_one_review_needs_no_list(body):
    assert inference.input_fn(json.dumps(body), "application/json") == [GOOD]


def test_a_quoted_csv_review_keeps_its_commas_quotes_and_lines():
    review = 'Dull, long.\nHe said "never again"'
    row = io.StringIO()
    csv.writer(row).writerows([[review], [""], ["short"]])
    assert inference.input_fn(row.getvalue(), "text/csv") == [review, "", "short"]


def test_a_csv_review_may_be_longer_than_pythons_default_limit():
    assert inference.input_fn("a" * 200_000, "text/csv") == ["a" * 200_000]


def test_a_line_separator_inside_a_json_line_does_not_end_it():
    assert inference.input_fn('"one\u2028two"\n', "application/jsonlines") == ["one\u2028two"]


def test_a_byte_order_mark_is_not_part_of_the_first_review():
    assert inference.input_fn(b"\xef\xbb\xbfgood", "text/csv") == ["good"]


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("image/png", b"", "content type 'image/png' is not supported: send application/json"),
        ("application/json", b"{", "the body is not JSON: .* at character 2"),
        ("application/json", b"\xff", "the body is not UTF-8: .* at byte 0"),
        ("application/json", b"[]", "the body holds no reviews"),
        ("application/json", b"", "the body is not JSON"),
        ("application/json", b'["good", 7]', "review 2 is not a string"),
        ("application/json", b"null", "review 1 is not a string"),
        ("application/json", b'{"text": "good"}', "review 1 is not a string"),
        ("application/json", b'{"features": ["one", "two"]}', "review 1 is not a string"),
        ("application/jsonlines", b'"good"\n{bad}\n', "line 2 is not JSON"),
        ("application/jsonlines", b'"good"\n\n"bad"', "line 2 is not JSON"),
        ("application/jsonlines", b"\n", "the body holds no reviews"),
        ("text/csv", b"", "the body holds no reviews"),
        ("text/csv", b"good, but long\n", "row 1 has 2 columns, not 1: quote a review that holds a comma"),
        ("text/csv", b"good\n\nbad\n", "row 2 has 0 columns"),
        ("text/csv", b'"good\n', "the body is not CSV"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_with_the_reason(content_type, body, reason):
    with pytest.raises(ValueError, match=reason):
        inference.input_fn(body, content_type)


def test_each_review_gets_a_label_and_the_probability_of_positive(model):
    answers = inference.predict_fn(REVIEWS, model)
    assert [answer["label"] for answer in answers] == ["positive", "negative"]
    assert [answer["score"] for answer in answers] == pytest.approx(model.predict_proba(REVIEWS)[:, 1])
    assert answers[0]["score"] > 0.9 > 0.1 > answers[1]["score"]


def test_a_raw_review_is_scored_as_its_clean_text(model):
    raw, clean = "I<BR>loved<br />it. The best&nbsp;story", "I loved it. The best story"
    assert inference.predict_fn([raw], model) == inference.predict_fn([clean], model)


def test_a_review_without_a_known_word_gets_an_answer(model):
    assert 0 < inference.predict_fn([""], model)[0]["score"] < 1


ANSWERS = [{"label": "positive", "score": 0.9375}, {"label": "negative", "score": 0.125}]
LINES = '{"label": "positive", "score": 0.9375}\n{"label": "negative", "score": 0.125}\n'


@pytest.mark.parametrize("accept", ["application/json", "*/*", "", None, "image/png, application/json;q=0.9"])
def test_the_answer_is_a_json_list_unless_another_type_is_asked_for(accept):
    body, content_type = inference.output_fn(ANSWERS, accept)
    assert json.loads(body) == ANSWERS
    assert content_type == "application/json"


@pytest.mark.parametrize(
    ("accept", "body"),
    [("application/jsonlines", LINES), ("text/csv", "positive,0.9375\nnegative,0.125\n")],
)
def test_the_answer_has_one_line_for_each_review(accept, body):
    assert inference.output_fn(ANSWERS, accept) == (body, accept)


def test_an_answer_type_that_is_not_supported_is_refused():
    with pytest.raises(ValueError, match="accept type 'image/png' is not supported: accept application/json"):
        inference.output_fn(ANSWERS, "image/png")
