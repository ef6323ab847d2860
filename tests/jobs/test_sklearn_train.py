"""The training script, run as SageMaker runs it, on a small data set and on the real one."""

import json
import re
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from real_reviews import REAL_REVIEWS, needs_real_reviews
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn_job import JOB, environment, load, make_reviews, run_job, write

from helpers.models.features import nb_log_ratio

train_job, ngrams, text, reviews_module = load("train", "ngrams", "text", "reviews")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished job with both channels: its folder and what it printed."""
    opt_ml = tmp_path_factory.mktemp("ml")
    train = write(make_reviews(seed=1), opt_ml / "input/data/train", "split=train/part-0.parquet")
    validation = write(make_reviews(100, seed=2), opt_ml / "input/data/validation")
    run = run_job(opt_ml, "--ngram-max", "2", "-C", "4", train=train, validation=validation)
    assert run.returncode == 0, run.stderr
    return opt_ml, run.stdout


def metrics_of(opt_ml: Path) -> dict[str, dict[str, float]]:
    return json.loads((opt_ml / "output/data/metrics.json").read_text())


def call_main(monkeypatch, opt_ml: Path, *arguments: str, **channels: Path) -> None:
    """Runs main() in this process: seconds faster than a process of its own."""
    for name in ("SM_CHANNEL_TRAIN", "SM_CHANNEL_VALIDATION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment(opt_ml, **channels).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    train_job.main()


@pytest.mark.parametrize(
    "name",
    ["train:accuracy", "train:seconds", "validation:accuracy", "validation:f1", "validation:auc"],
)
def test_each_metric_is_one_line_that_a_metric_definition_finds(trained, name):
    opt_ml, printed = trained
    part, key = name.split(":")
    found = re.findall(rf"^{name}=([0-9.]+)$", printed, flags=re.MULTILINE)
    assert [float(value) for value in found] == [pytest.approx(metrics_of(opt_ml)[part][key], abs=1e-4)]


def test_the_model_learns_the_small_data_set(trained):
    assert 0.9 < metrics_of(trained[0])["validation"]["accuracy"] <= 1


def test_partition_folders_are_read(trained):
    assert metrics_of(trained[0])["train"]["reviews"] == 300


def test_the_model_folder_holds_the_model_and_its_serving_code(trained):
    model = trained[0] / "model"
    files = {str(path.relative_to(model)) for path in model.rglob("*") if path.is_file()}
    assert files == {"model.joblib", "code/inference.py", "code/text.py", "code/messages.py"}
    assert (model / "code/inference.py").read_bytes() == (JOB / "inference.py").read_bytes()


def test_the_model_loads_where_only_scikit_learn_is(trained):
    model = trained[0] / "model" / "model.joblib"
    script = f"import joblib; print(joblib.load({str(model)!r}).predict(['I loved it', 'I hated it']))"
    run = subprocess.run([sys.executable, "-I", "-c", script], cwd="/", capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[1 0]"


def test_the_model_folder_alone_serves_an_answer(trained):
    model = trained[0] / "model"
    script = (
        f"import sys; sys.path.insert(0, {str(model / 'code')!r}); import inference as i; "
        f"m = i.model_fn({str(model)!r}); r = i.input_fn(b'\"I loved it\"', 'application/json'); "
        "print(i.output_fn(i.predict_fn(r, m), 'text/csv')[0])"
    )
    run = subprocess.run([sys.executable, "-I", "-c", script], cwd="/", capture_output=True, text=True, check=True)
    assert run.stdout.startswith("positive,0.")


@pytest.mark.parametrize("limit", [[], ["--max-features", "50"]])
def test_the_folded_model_scores_as_tfidf_times_ratio_times_weights(limit):
    reviews, others = make_reviews(seed=3), make_reviews(50, seed=4)["review"].tolist()
    texts, labels = reviews["review"].tolist(), reviews["label"].to_numpy()
    model, _ = train_job.fit(texts, labels, train_job.parse_arguments(limit))

    vectorizer = TfidfVectorizer(
        ngram_range=(1, 3),
        min_df=3,
        sublinear_tf=True,
        token_pattern=text.TOKEN_PATTERN,
        max_features=50 if limit else None,
    )
    tfidf = vectorizer.fit_transform(texts).toarray()
    ratio = train_job.nb_log_ratio((tfidf > 0).astype(float), labels, 1.0)
    plain = LogisticRegression(C=16, solver="liblinear", dual=True, random_state=0).fit(tfidf * ratio, labels)
    expected = plain.decision_function(vectorizer.transform(others).toarray() * ratio)

    assert model.decision_function(others) == pytest.approx(expected, abs=1e-9)


def test_scores_are_the_same_before_and_after_saving(tmp_path):
    reviews = make_reviews(seed=5)
    texts = reviews["review"].tolist()
    model, train_scores = train_job.fit(texts, reviews["label"].to_numpy(), train_job.parse_arguments([]))
    train_job.save(model, tmp_path)
    loaded = joblib.load(tmp_path / "model.joblib")
    assert np.array_equal(loaded.decision_function(texts), model.decision_function(texts))
    assert train_scores == pytest.approx(model.decision_function(texts), abs=1e-9)


def test_the_ratio_is_the_one_that_the_lessons_teach():
    reviews = make_reviews(50)
    labels = reviews["label"].to_numpy()
    counts, _ = ngrams.count_ngrams([review.split() for review in reviews["review"]], 1, 1)
    assert np.array_equal(train_job.nb_log_ratio(counts, labels, 2.0), nb_log_ratio(counts, labels, 2.0))


def test_two_runs_give_the_same_model_file(monkeypatch, tmp_path):
    train = write(make_reviews(), tmp_path / "train")
    for name in ("first", "second"):
        call_main(monkeypatch, tmp_path / name, train=train)
    first, second = (tmp_path / name / "model/model.joblib" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_without_a_validation_channel_a_fifth_of_the_titles_is_held_out():
    reviews = make_reviews(titles=40)
    train, validation = reviews_module.hold_out(reviews, seed=0)
    assert len(train) + len(validation) == len(reviews)
    assert set(train["title_id"]).isdisjoint(validation["title_id"])
    assert validation["title_id"].nunique() == 8


def test_reviews_without_a_title_can_be_held_out_one_by_one():
    reviews = make_reviews(100).assign(title_id=None)
    train, validation = reviews_module.hold_out(reviews, seed=0)
    assert (len(train), len(validation)) == (80, 20)


@pytest.mark.parametrize("argument", [["-C", "2"], ["--C", "2"]])
def test_both_spellings_of_a_one_letter_hyperparameter_are_read(argument):
    assert train_job.parse_arguments(argument).C == 2


def test_the_metric_that_a_tuning_job_adds_is_accepted():
    train_job.parse_arguments(["--_tuning_objective_metric", "validation:accuracy"])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--min-df", "many"], "argument --min-df: 'many' is not a whole number of at least 1"),
        (["--ngram-max", "0"], "argument --ngram-max: '0' is not a whole number of at least 1"),
        (["--max-features", "2.5"], "argument --max-features: '2.5' is not a whole number of at least 1"),
        (["-C", "nan"], "argument -C/--C: 'nan' is not a number above 0"),
        (["--nb-alpha", "0"], "argument --nb-alpha: '0' is not a number above 0"),
        (["--epochs", "3"], "unrecognized arguments: --epochs 3"),
    ],
)
def test_a_wrong_hyperparameter_is_named(capsys, arguments, reason):
    with pytest.raises(SystemExit) as ended:
        train_job.parse_arguments(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"train.py: error: {reason}"


GOOD = make_reviews(40, titles=10)
BAD_DATA = {
    "no column review: its columns are": GOOD.drop(columns="review"),
    "no column label, title_id: its columns are": GOOD[["review"]],
    "hold no reviews": GOOD.iloc[:0],
    "1 of 40 values that are not text": GOOD.assign(review=[None, *GOOD["review"][1:]]),
    r"must hold 0 and 1, and holds also \[2\]": GOOD.assign(label=GOOD["label"] * 2),
    "must hold 0 and 1, and holds also .*nan": GOOD.assign(label=[None, *GOOD["label"][1:]]),
    r"must hold 0 and 1, and holds also \['0', '1'\]": GOOD.assign(label=GOOD["label"].astype(str)),
    "are 1: a classifier needs reviews of both classes": GOOD.assign(label=1),
    "all reviews are of one title": GOOD.assign(title_id="tt0000001"),
    "reviews of one class only": GOOD.assign(title_id=["tt1", "tt2"] * 20),
    "no n-gram occurs in 3 reviews": GOOD.assign(review=""),
}


@pytest.mark.parametrize("reason", BAD_DATA)
def test_bad_data_ends_the_job_with_a_reason_of_one_line(monkeypatch, tmp_path, reason):
    train = write(BAD_DATA[reason], tmp_path / "train")
    with pytest.raises(ValueError, match=reason) as ended:
        call_main(monkeypatch, tmp_path, train=train)
    assert "\n" not in str(ended.value)
    assert not (tmp_path / "model").exists()


def test_a_file_that_is_not_parquet_is_named(monkeypatch, tmp_path):
    train = write(GOOD, tmp_path / "train")
    (train / "part-1.parquet").write_text("review,label\n")
    with pytest.raises(ValueError, match=r"part-1\.parquet cannot be read as Parquet"):
        call_main(monkeypatch, tmp_path, train=train)


def test_a_file_that_was_cut_off_is_named(monkeypatch, tmp_path):
    train = write(GOOD, tmp_path / "train")
    whole = (train / "part-0.parquet").read_bytes()
    (train / "part-0.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"part-0\.parquet cannot be read as Parquet"):
        call_main(monkeypatch, tmp_path, train=train)


def test_a_channel_without_files_is_named(monkeypatch, tmp_path):
    train = write(GOOD, tmp_path / "train", "_temporary/part-0.parquet")
    with pytest.raises(ValueError, match=r"there are no \.parquet files in .*train"):
        call_main(monkeypatch, tmp_path, train=train)


def test_a_job_without_a_train_channel_says_so(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="SM_CHANNEL_TRAIN is not set"):
        call_main(monkeypatch, tmp_path)


def test_a_validation_channel_of_one_class_is_refused(monkeypatch, tmp_path):
    train = write(GOOD, tmp_path / "train")
    validation = write(GOOD.assign(label=0), tmp_path / "validation")
    with pytest.raises(ValueError, match=r"all labels in .*validation are 0"):
        call_main(monkeypatch, tmp_path, train=train, validation=validation)


def test_a_folder_named_like_a_column_does_not_replace_it(tmp_path):
    folder = write(GOOD, tmp_path, "label=7/part-0.parquet")
    assert set(reviews_module.read_folder(folder, ["review", "label"])["label"]) == {0, 1}


def test_a_failed_job_has_an_exit_code_and_its_reason_as_the_last_line(tmp_path):
    run = run_job(tmp_path, train=write(GOOD.drop(columns="label"), tmp_path / "train"))
    assert run.returncode == 1
    assert re.fullmatch(r"ValueError: .*no column label.*", run.stderr.splitlines()[-1])


@needs_real_reviews
def test_on_the_real_reviews_nine_in_ten_of_unseen_titles_are_right(tmp_path):
    reviews = pd.read_parquet(REAL_REVIEWS, columns=["review", "sentiment", "title_id"])
    reviews["label"] = (reviews.pop("sentiment") == "positive").astype(int)
    run = run_job(tmp_path, train=write(reviews, tmp_path / "train"))
    assert run.returncode == 0, run.stderr
    assert metrics_of(tmp_path)["validation"]["accuracy"] >= 0.90
