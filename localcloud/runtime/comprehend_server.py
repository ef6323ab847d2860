"""The open models that stand in for Amazon Comprehend's: VADER for sentiment, py3langid for the language.

Started in the image's Python as `comprehend_server.py SOCKET`. A request is JSON, {"task": "sentiment" | "language",
"texts": [...]}; the answer is a list of what Comprehend says of each text.

VADER (Hutto and Gilbert, ICWSM 2014) looks words up in a list and applies some rules; it knows English only. It gives
shares of positive, negative and neutral words and a compound score in [-1, 1]. Comprehend's four scores, which add up
to 1, are made of these: the compound's size goes to Positive or Negative, by its sign; the rest is Mixed as far as
praise and blame balance each other, and Neutral otherwise.
"""

from __future__ import annotations

import json
import sys
import threading
import traceback
from importlib.metadata import version
from typing import Any

from model_server import JSON, Handler, serve
from py3langid.langid import MODEL_FILE, LanguageIdentifier
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

Json = dict[str, Any]
MODELS = {
    "sentiment": f"vaderSentiment {version('vaderSentiment')}",
    "language": f"py3langid {version('py3langid')}",
}
MOST_LANGUAGES, LEAST_SCORE = 5, 0.01
# https://docs.aws.amazon.com/comprehend/latest/dg/how-languages.html, as far as py3langid knows them; `zh` is both
# kinds of Chinese, which Comprehend tells apart.
LANGUAGES = (  # codes, with a blank between them
    "af am ar as az ba be bn bs bg ca cs cy da de el en eo es et eu fa fi fr ga gd gl gu ha he hi hr ht hu hy id is it "
    "ja jv ka kk km kn ko ku ky la lb lo lt lv mg mk ml mn mr ms mt my ne nl no or pa pl ps pt qu ro ru sa si sk sl so "
    "sq sr sv sw ta te tg th tk tl tr tt ug uk ur uz vi yo zh"
)


class Models:
    """Both models, loaded."""

    def __init__(self) -> None:
        self._sentiment = SentimentIntensityAnalyzer()
        self._language = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        self._language.set_languages(LANGUAGES.split())
        self._tasks = {"sentiment": self.sentiment, "language": self.languages}
        self._one_at_a_time = threading.Lock()  # pure Python: threads would only take turns

    def sentiment(self, text: str) -> Json:
        """Sentiment and SentimentScore, as DetectSentiment answers."""
        found = self._sentiment.polarity_scores(text)
        strength, opinions = abs(found["compound"]), found["pos"] + found["neg"]
        balance = 2 * min(found["pos"], found["neg"]) / opinions if opinions else 0.0
        scores = {
            "Positive": max(0.0, found["compound"]),  # of 0.0 and -0.0 the first is taken
            "Negative": max(0.0, -found["compound"]),
            "Neutral": (1 - strength) * (1 - balance),
            "Mixed": (1 - strength) * balance,
        }
        return {"Sentiment": max(scores, key=lambda name: scores[name]).upper(), "SentimentScore": scores}

    def languages(self, text: str) -> Json:
        """Languages, the likeliest first, as DetectDominantLanguage answers."""
        ranked = self._language.rank(text)[:MOST_LANGUAGES]
        likely = [pair for pair in ranked if pair[1] >= LEAST_SCORE] or ranked[:1]
        return {"Languages": [{"LanguageCode": code, "Score": score} for code, score in likely]}

    def answer(self, body: bytes) -> bytes:
        """One request; see the module's text."""
        request = json.loads(body)
        task = request["task"]
        with self._one_at_a_time:
            results = [self._tasks[task](text) for text in request["texts"]]
        return json.dumps({"model": MODELS[task], "results": results}).encode()


class ComprehendHandler(Handler):
    models: Models

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            self._send(200, self.models.answer(body), JSON)
        except Exception as error:
            traceback.print_exc()
            self._send(500, f"{type(error).__name__}: {error}".encode(), "text/plain")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """What is asked is not written down."""


def main() -> None:
    def load() -> str:
        ComprehendHandler.models = Models()
        return ", ".join(MODELS.values())

    serve(sys.argv[1], ComprehendHandler, load)


if __name__ == "__main__":
    main()
