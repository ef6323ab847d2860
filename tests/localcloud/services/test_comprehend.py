"""Comprehend: sentiment and language by models that are named, within AWS's limits, over stops, kills and restarts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ai_models import models, once
from botocore.exceptions import ClientError
from own_cloud import OwnCloud, wait_until

from localcloud.hosting.managed import worker
from localcloud.hosting.managed.quota import TokenBucket
from localcloud.hosting.unix_http import Client
from localcloud.protocol import ServiceError

NEED_AN_IMAGE = {"cloud"}

PROGRAM = "comprehend_server.py"
IDLE_SECONDS = 2.0
PRAISE, BLAME = "I love this wonderful film. It is great fun.", "I hate this awful film. It is a terrible bore."


@pytest.fixture(scope="module")
def cloud() -> Iterator[OwnCloud]:
    """A local AWS whose models end after two seconds without a request; Comprehend's image is ready."""
    cloud = OwnCloud()
    cloud.environment["LOCALCLOUD_MANAGED_IDLE_SECONDS"] = str(IDLE_SECONDS)
    try:
        built = cloud.run("image", "build", "comprehend-1", timeout=600)
        assert built.returncode == 0, built.stdout + built.stderr
        cloud.start()
        yield cloud
    finally:
        cloud.remove()


@pytest.fixture
def comprehend(cloud: OwnCloud) -> Any:
    """A client that retries, as a lesson's does: the tests share the quota of calls."""
    return cloud.client("comprehend", retries={"total_max_attempts": 10, "mode": "standard"})


@pytest.mark.parametrize(("text", "sentiment"), [(PRAISE, "POSITIVE"), (BLAME, "NEGATIVE"), ("A door.", "NEUTRAL")])
def test_a_text_has_the_sentiment_of_its_highest_score(comprehend: Any, text: str, sentiment: str) -> None:
    answer = comprehend.detect_sentiment(Text=text, LanguageCode="en")
    scores = answer["SentimentScore"]
    assert answer["Sentiment"] == sentiment == max(scores, key=scores.get).upper()
    assert set(scores) == {"Positive", "Negative", "Neutral", "Mixed"}
    assert sum(scores.values()) == pytest.approx(1)
    assert "-" not in str(scores), "no score is -0.0"


def test_praise_and_blame_in_one_text_are_mixed(comprehend: Any) -> None:
    answer = comprehend.detect_sentiment(Text="A superb cast. A terrible plot.", LanguageCode="en")
    assert answer["Sentiment"] == "MIXED"


def test_the_answer_names_the_open_model_that_gave_it(comprehend: Any) -> None:
    sentiment = comprehend.detect_sentiment(Text=PRAISE, LanguageCode="en")["ResponseMetadata"]["HTTPHeaders"]
    language = comprehend.detect_dominant_language(Text=PRAISE)["ResponseMetadata"]["HTTPHeaders"]
    assert sentiment["x-amzn-open-model"] == "vaderSentiment 3.3.2"
    assert language["x-amzn-open-model"] == "py3langid 0.4.0"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("We saw the film last night, and it was much too long.", "en"),
        ("Wir haben den Film gestern gesehen, und er war viel zu lang.", "de"),
        ("Nous avons vu le film hier soir, et il était beaucoup trop long.", "fr"),
        ("昨日その映画を見ましたが、長すぎました。", "ja"),
    ],
)
def test_the_dominant_language_comes_first(comprehend: Any, text: str, code: str) -> None:
    languages = comprehend.detect_dominant_language(Text=text)["Languages"]
    assert languages[0]["LanguageCode"] == code
    assert languages[0]["Score"] > 0.5
    assert languages == sorted(languages, key=lambda language: -language["Score"])


def test_a_batch_is_answered_in_the_order_of_its_index(comprehend: Any) -> None:
    answer = comprehend.batch_detect_sentiment(TextList=[PRAISE, BLAME] * 12 + [PRAISE], LanguageCode="en")
    assert [result["Index"] for result in answer["ResultList"]] == list(range(25))
    assert [result["Sentiment"] for result in answer["ResultList"][:2]] == ["POSITIVE", "NEGATIVE"]
    assert answer["ErrorList"] == []


def test_a_batch_and_a_single_call_say_the_same(comprehend: Any) -> None:
    (in_batch,) = comprehend.batch_detect_sentiment(TextList=[BLAME], LanguageCode="en")["ResultList"]
    assert in_batch["SentimentScore"] == comprehend.detect_sentiment(Text=BLAME, LanguageCode="en")["SentimentScore"]


def test_a_batch_of_languages(comprehend: Any) -> None:
    answer = comprehend.batch_detect_dominant_language(TextList=["This is in English.", "Das hier ist auf Deutsch."])
    assert [result["Languages"][0]["LanguageCode"] for result in answer["ResultList"]] == ["en", "de"]


def test_a_batch_of_26_is_refused(comprehend: Any) -> None:
    with pytest.raises(comprehend.exceptions.BatchSizeLimitExceededException, match="25"):
        comprehend.batch_detect_sentiment(TextList=["fine"] * 26, LanguageCode="en")


def test_a_text_that_is_too_large_is_an_error_of_its_own_within_a_batch(comprehend: Any) -> None:
    answer = comprehend.batch_detect_sentiment(TextList=[PRAISE, "x" * 5001, BLAME], LanguageCode="en")
    assert [result["Index"] for result in answer["ResultList"]] == [0, 2]
    (error,) = answer["ErrorList"]
    assert (error["Index"], error["ErrorCode"]) == (1, "TEXT_SIZE_LIMIT_EXCEEDED")


def test_the_limit_of_a_text_is_in_bytes_not_in_characters(comprehend: Any) -> None:
    comprehend.detect_sentiment(Text="x" * 5000, LanguageCode="en")
    with pytest.raises(comprehend.exceptions.TextSizeLimitExceededException, match=r"5000 bytes.*5002 bytes"):
        comprehend.detect_sentiment(Text="é" * 2501, LanguageCode="en")


def test_the_language_may_be_asked_of_a_longer_text(comprehend: Any) -> None:
    comprehend.detect_dominant_language(Text="x" * 100_000)
    with pytest.raises(comprehend.exceptions.TextSizeLimitExceededException, match="100000 bytes"):
        comprehend.detect_dominant_language(Text="x" * 100_001)


def test_a_language_that_only_amazons_model_reads_is_refused_by_name(comprehend: Any) -> None:
    with pytest.raises(comprehend.exceptions.UnsupportedLanguageException, match="de: the local AWS"):
        comprehend.detect_sentiment(Text="Gut.", LanguageCode="de")


def test_a_code_that_is_no_language_of_comprehends_is_no_valid_request(comprehend: Any) -> None:
    with pytest.raises(ClientError, match="'xx'") as refused:
        comprehend.detect_sentiment(Text="Good.", LanguageCode="xx")
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_half_a_character_is_no_valid_text(comprehend: Any) -> None:
    with pytest.raises(comprehend.exceptions.InvalidRequestException, match="UTF-8"):
        comprehend.detect_sentiment(Text="\ud83d", LanguageCode="en")


@pytest.mark.parametrize("operation", ["detect_entities", "detect_key_phrases"])
def test_what_no_open_model_does_honestly_is_refused_by_name(comprehend: Any, operation: str) -> None:
    with pytest.raises(ClientError, match="is not offered by the local AWS, only on AWS") as refused:
        getattr(comprehend, operation)(Text="Good.", LanguageCode="en")
    assert operation.replace("_", "") in str(refused.value).lower()


def test_more_calls_in_a_second_than_the_quota_are_throttled(cloud: OwnCloud) -> None:
    impatient = once(cloud, "comprehend")

    def code(_: int) -> str:
        try:
            return str(impatient.detect_sentiment(Text="fine", LanguageCode="en")["Sentiment"])
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    code(0)  # the model is there
    time.sleep(1.2)
    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(code, range(80)))
    assert "ThrottlingException" in codes
    assert 20 <= sum(code != "ThrottlingException" for code in codes) <= 40


def test_the_sdk_waits_and_gets_all_answers_when_it_is_throttled(comprehend: Any) -> None:
    answers = [comprehend.batch_detect_dominant_language(TextList=["good"]) for _ in range(20)]
    assert all(answer["ResultList"] for answer in answers)
    assert max(answer["ResponseMetadata"]["RetryAttempts"] for answer in answers) > 0


def test_a_bucket_fills_with_time_and_not_above_its_size() -> None:
    now = 100.0
    bucket = TokenBucket(2, clock=lambda: now)
    bucket.take("Slow")
    bucket.take("Slow")
    with pytest.raises(ServiceError, match="Rate exceeded"):
        bucket.take("Slow")
    now += 60
    bucket.take("Slow")
    bucket.take("Slow")
    with pytest.raises(ServiceError):
        bucket.take("Slow")


def test_calls_at_once_get_their_own_answers_from_one_process(cloud: OwnCloud, comprehend: Any) -> None:
    wait_until(lambda: not models(cloud, PROGRAM), IDLE_SECONDS + 10)

    def ask(number: int) -> str:
        text = PRAISE if number % 2 else BLAME
        return str(comprehend.detect_sentiment(Text=text, LanguageCode="en")["Sentiment"])

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(16)))
    assert answers == ["NEGATIVE", "POSITIVE"] * 8
    assert len(models(cloud, PROGRAM)) == 1


def test_the_process_ends_in_silence_and_the_next_call_starts_it_again(cloud: OwnCloud, comprehend: Any) -> None:
    comprehend.detect_dominant_language(Text=PRAISE)
    assert len(models(cloud, PROGRAM)) == 1
    wait_until(lambda: not models(cloud, PROGRAM), IDLE_SECONDS + 10)
    assert comprehend.detect_dominant_language(Text=PRAISE)["Languages"]


def test_a_killed_process_is_replaced_by_the_next_call(cloud: OwnCloud, comprehend: Any) -> None:
    comprehend.detect_dominant_language(Text=PRAISE)
    (process,) = models(cloud, PROGRAM)
    process.kill()
    process.wait(10)
    assert comprehend.detect_dominant_language(Text=PRAISE)["Languages"]


def test_a_request_that_the_model_fails_on_does_not_end_its_process(cloud: OwnCloud, comprehend: Any) -> None:
    """The answers to all others would end with it."""
    comprehend.detect_dominant_language(Text=PRAISE)
    (process,) = models(cloud, PROGRAM)
    answer = asyncio.run(Client(Path(process.cmdline()[-1])).post("/invocations", {}, b"no JSON"))
    assert (answer.status, answer.content[:15]) == (500, b"JSONDecodeError")


def test_a_model_that_does_not_answer_is_told_of_before_boto3_gives_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(worker, "ANSWER_SECONDS", 0.2)

    async def ask() -> None:
        async with await asyncio.start_unix_server(lambda *_: asyncio.sleep(9), tmp_path / "model"):
            one = worker.Worker("comprehend-1", PROGRAM)
            ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            ready.set_result(None)
            one._process = SimpleNamespace(ended=False, ready=ready, client=Client(tmp_path / "model"))  # type: ignore
            with pytest.raises(worker.NotAnswered, match="being answered"):
                await one.ask(None, b"")  # type: ignore

    asyncio.run(asyncio.wait_for(ask(), 5))


def test_an_image_that_cannot_be_built_is_the_answers_error(tmp_path: Path) -> None:
    cloud = OwnCloud()
    cloud.environment.update(LOCALCLOUD_IMAGES=str(tmp_path / "images"), UV_CACHE_DIR=str(tmp_path), UV_OFFLINE="1")
    try:
        cloud.start()
        with pytest.raises(ClientError, match=r"The image could not be built: .*the network was disabled") as failed:
            once(cloud, "comprehend").detect_sentiment(Text=PRAISE, LanguageCode="en")
        assert failed.value.response["Error"]["Code"] == "InternalServerException"
    finally:
        cloud.remove()


def test_it_stops_within_ten_seconds_and_answers_again_after_a_restart(cloud: OwnCloud, comprehend: Any) -> None:
    comprehend.detect_dominant_language(Text=PRAISE)
    began = time.monotonic()
    cloud.stop()
    assert time.monotonic() - began < 10
    assert models(cloud, PROGRAM) == []
    cloud.start()
    assert once(cloud, "comprehend").detect_sentiment(Text=PRAISE, LanguageCode="en")["Sentiment"] == "POSITIVE"


def test_nothing_outlives_a_killed_server(cloud: OwnCloud) -> None:
    once(cloud, "comprehend").detect_sentiment(Text=PRAISE, LanguageCode="en")
    (process,) = models(cloud, PROGRAM)
    socket = Path(process.cmdline()[-1])
    cloud.kill()
    wait_until(lambda: not models(cloud, PROGRAM), 10)
    cloud.start()
    assert not socket.parent.exists()
    assert once(cloud, "comprehend").detect_sentiment(Text=PRAISE, LanguageCode="en")["Sentiment"] == "POSITIVE"
