"""A container of one's own: the smallest web server that SageMaker accepts, around the scikit-learn model.

SageMaker starts the image with the argument `serve`, unpacks model.tar.gz into /opt/ml/model, asks GET /ping until it
answers 200, and then sends each request to POST /invocations. SIGTERM is the order to end.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import joblib
from messages import answers, read_reviews, write_answers
from text import prepare

MODEL = Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))  # read-only
PORT = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20  # seconds that a caller may be silent
    model: Any = None

    def do_GET(self) -> None:
        """GET /ping: 200 when requests can be answered, within two seconds, whatever else is going on."""
        ready = self.path == "/ping" and self.model is not None
        self.answer(200 if ready else 404, b"", "text/plain")

    def do_POST(self) -> None:
        """POST /invocations: at most 25 MB, within 60 seconds."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path != "/invocations":
            self.answer(404, b"", "text/plain")
            return
        try:
            reviews = read_reviews(body, self.headers.get("content-type", "application/json"))
            scores = self.model.predict_proba([prepare(review) for review in reviews])[:, 1].tolist()
            content, kind = write_answers(answers(scores), self.headers.get("accept"))
            self.answer(200, content.encode(), kind)
        except ValueError as error:  # the caller's mistake
            self.answer(400, str(error).encode(), "text/plain")

    def answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.send_header("connection", "close")  # so that SIGTERM waits for requests, not for callers
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, form: str, *values: object) -> None:
        if self.path != "/ping":
            print(form % values, flush=True)  # standard output goes to CloudWatch


def main() -> None:
    Handler.model = joblib.load(MODEL / "model.joblib")
    # A thread for each request: a long one does not hold up the ping.
    server = ThreadingHTTPServer(("0.0.0.0", PORT), Handler)
    server.daemon_threads = False  # at its end the server waits for what is being answered
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"serving on port {PORT}", flush=True)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
