"""Comprehend's sentiment and dominant language, answered by open models that stand in for Amazon's own.

Every answer names the model in the header `x-amzn-open-model`; `runtime/comprehend_server.py` says how its figures come
about. DetectEntities, DetectKeyPhrases and the rest are not offered: no small open model does honestly what they do.
Limits: https://docs.aws.amazon.com/comprehend/latest/dg/guidelines-and-limits.html (the sizes, the batch) and Service
Quotas (calls a second, the defaults).
"""

from __future__ import annotations

import json

from localcloud.cloud import Cloud
from localcloud.hosting.managed.quota import TokenBucket
from localcloud.hosting.managed.worker import NotAnswered, Worker
from localcloud.protocol import ServiceError
from localcloud.services.registry import Params, awaited_operation

LARGEST_BATCH = 25
SENTIMENT_BYTES, LANGUAGE_BYTES, BATCH_BYTES = 5_000, 100_000, 5_000
_QUOTAS = {  # calls a second
    "DetectSentiment": TokenBucket(20),
    "BatchDetectSentiment": TokenBucket(10),
    "DetectDominantLanguage": TokenBucket(40),
    "BatchDetectDominantLanguage": TokenBucket(10),
}
_worker = Worker("comprehend-1", "comprehend_server.py")


@awaited_operation("comprehend", "DetectSentiment")
async def detect_sentiment(cloud: Cloud, params: Params) -> Params:
    _admit("DetectSentiment")
    _check_language(params)
    _check_size(params["Text"], SENTIMENT_BYTES)
    return await _one(cloud, "sentiment", params["Text"])


@awaited_operation("comprehend", "DetectDominantLanguage")
async def detect_dominant_language(cloud: Cloud, params: Params) -> Params:
    _admit("DetectDominantLanguage")
    _check_size(params["Text"], LANGUAGE_BYTES)
    return await _one(cloud, "language", params["Text"])


@awaited_operation("comprehend", "BatchDetectSentiment")
async def batch_detect_sentiment(cloud: Cloud, params: Params) -> Params:
    _admit("BatchDetectSentiment")
    _check_language(params)
    return await _batch(cloud, "sentiment", params["TextList"])


@awaited_operation("comprehend", "BatchDetectDominantLanguage")
async def batch_detect_dominant_language(cloud: Cloud, params: Params) -> Params:
    _admit("BatchDetectDominantLanguage")
    return await _batch(cloud, "language", params["TextList"])


def _admit(operation: str) -> None:
    _QUOTAS[operation].take("ThrottlingException")


def _check_language(params: Params) -> None:
    """What is no language of Comprehend's is refused before, by the service's model."""
    if params["LanguageCode"] != "en":
        raise ServiceError(
            "UnsupportedLanguageException",
            f"Language code {params['LanguageCode']}: the local AWS judges sentiment in English (en) only; Amazon "
            "Comprehend does it in twelve languages.",
        )


def _check_size(text: str, limit: int) -> None:
    size = _size(text)
    if size > limit:
        raise ServiceError("TextSizeLimitExceededException", _too_large(size, limit))


def _size(text: str) -> int:
    """Bytes of UTF-8; half a character, which JSON can hold and UTF-8 cannot, is refused."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise ServiceError("InvalidRequestException", "The text is not valid UTF-8.") from None


def _too_large(size: int, limit: int) -> str:
    return (
        f"Input text size exceeds limit. Max length of request text allowed is {limit} bytes while in this request "
        f"the text size is {size} bytes"
    )


async def _one(cloud: Cloud, task: str, text: str) -> Params:
    model, (result,) = await _ask(cloud, task, [text])
    return {**result, "_headers": {"x-amzn-open-model": model}}


async def _batch(cloud: Cloud, task: str, texts: list[str]) -> Params:
    """Each text that is too large is an error of its own; the others are answered."""
    if len(texts) > LARGEST_BATCH:
        raise ServiceError(
            "BatchSizeLimitExceededException",
            "Please use a smaller number of items in a single batch. "
            f"Maximum batch size is {LARGEST_BATCH}, while this has {len(texts)}.",
        )
    sizes = [_size(text) for text in texts]
    fit = [index for index, size in enumerate(sizes) if size <= BATCH_BYTES]
    errors = [
        {"Index": index, "ErrorCode": "TEXT_SIZE_LIMIT_EXCEEDED", "ErrorMessage": _too_large(size, BATCH_BYTES)}
        for index, size in enumerate(sizes)
        if size > BATCH_BYTES
    ]
    model, results = await _ask(cloud, task, [texts[index] for index in fit])
    return {
        "ResultList": [{"Index": index, **result} for index, result in zip(fit, results, strict=True)],
        "ErrorList": errors,
        "_headers": {"x-amzn-open-model": model},
    }


async def _ask(cloud: Cloud, task: str, texts: list[str]) -> tuple[str, list[Params]]:
    """The model's name and its answer to each text."""
    try:
        answer = await _worker.ask(cloud, json.dumps({"task": task, "texts": texts}).encode())
    except (NotAnswered, OSError) as error:
        raise ServiceError("InternalServerException", str(error), 500) from None
    if answer.status != 200:
        raise ServiceError("InternalServerException", answer.content.decode(errors="replace")[:1000], 500)
    content = json.loads(answer.content)
    return content["model"], content["results"]
