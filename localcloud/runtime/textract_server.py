"""The open model that stands in for Amazon Textract's: RapidOCR with the PP-OCR models that its wheel carries.

Started in the image's Python as `textract_server.py SOCKET`. A request's body is a PNG or JPEG file; the answer is the
page's lines as JSON, each with text, confidence (0 to 1), corners and words; corners are four (x, y) as shares of the
page, clockwise from the text's upper left. A file that is no readable image, or has too many pixels, gets status 400;
whatever else goes wrong is the engine's fault, status 500.
"""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import threading
import traceback
from importlib.metadata import version
from typing import Any

import numpy as np
from model_server import JSON, Handler, serve
from PIL import Image, ImageOps
from rapidocr import RapidOCR

Json = dict[str, Any]
NAME = f"rapidocr {version('rapidocr')}"
MAXIMUM_SIDE = 10_000  # pixels: https://docs.aws.amazon.com/textract/latest/dg/limits-document.html
LARGEST_SIDE = 2000  # pixels that the engine looks at; a larger page is made smaller before it fills the memory
# The engine's own default enlarges small pages, which costs time and finds no more.
_PARAMETERS = {
    "Global.log_level": "error",
    "Global.max_side_len": LARGEST_SIDE,
    "Global.min_side_len": 1,  # to enlarge a thin strip until it is 30 pixels high makes it enormous
    "Det.limit_type": "max",
    "Det.limit_side_len": 1600,
    "Rec.rec_batch_num": 1,  # a batch is as wide as its longest line
    "EngineConfig.onnxruntime.intra_op_num_threads": os.cpu_count() or 1,
}
DOUBTFUL = 0.8  # a mean certainty of the lines below which the page may lie upside down
Image.MAX_IMAGE_PIXELS = None  # the side is checked before anything is unpacked


class BadPage(Exception):
    """No readable PNG or JPEG, or too many pixels; the message says which."""


def open_page(content: bytes) -> Image.Image:
    """The page as black, white and colours, turned as its camera says, with LARGEST_SIDE pixels a side at most.

    Raises:
        BadPage: see there.
    """
    try:
        page: Image.Image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
        if max(page.size) > MAXIMUM_SIDE:
            raise BadPage(f"The page has {page.width} x {page.height} pixels; the limit is {MAXIMUM_SIDE} a side.")
        mode = "RGBA" if page.has_transparency_data else "RGB"
        page.draft(mode, (LARGEST_SIDE, LARGEST_SIDE))  # of a large JPEG fewer pixels are unpacked
        page = page if page.mode == mode else page.convert(mode)
        page.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
        page = ImageOps.exif_transpose(page)
    except (OSError, SyntaxError, ValueError, struct.error):  # what Pillow raises on broken files
        raise BadPage("The file begins as a PNG or JPEG, and is damaged.") from None
    if mode == "RGBA":  # what shines through is paper
        page = Image.alpha_composite(Image.new("RGBA", page.size, "white"), page)
    return page.convert("RGB")


class Reader:
    """The OCR engine: text detection, direction, recognition. One page at a time, with all cores."""

    def __init__(self) -> None:
        self._engine = RapidOCR(params=_PARAMETERS)
        self._one_at_a_time = threading.Lock()
        self._engine(np.full((64, 256, 3), 255, dtype=np.uint8))  # it loads its models when they are first needed

    def _look(self, pixels: Any) -> Any:
        """What the engine finds; its guess of each line's direction is asked in doubt only, since it is often wrong."""
        found = self._engine(pixels, use_cls=False, return_word_box=True)
        if found.txts and np.mean(found.scores) >= DOUBTFUL:
            return found
        turned = self._engine(pixels, use_cls=True, return_word_box=True)
        return max(found, turned, key=lambda one: np.mean(one.scores) if one.txts else 0.0)

    def read(self, content: bytes) -> Json:
        """The lines of a page, from top to bottom."""
        with self._one_at_a_time:  # to unpack it, too: the largest takes 1 GB
            page = open_page(content)
            found = self._look(np.asarray(page)[:, :, ::-1].copy())  # the engine wants blue first
        if not found.txts or found.boxes is None:
            return {"model": NAME, "lines": []}
        words = found.word_results or [()] * len(found.txts)
        return {
            "model": NAME,
            "lines": [
                {
                    **_item(text, score, box, page.size),
                    "words": [
                        _item(word, certainty, corners, page.size)
                        for word, certainty, corners in of_line
                        if word.strip()
                    ],
                }
                for text, score, box, of_line in zip(found.txts, found.scores, found.boxes, words, strict=True)
            ],
        }


def _item(text: str, score: float, box: Any, size: tuple[int, int]) -> Json:
    width, height = size
    corners = [[min(max(x / width, 0.0), 1.0), min(max(y / height, 0.0), 1.0)] for x, y in np.asarray(box, float)]
    return {"text": text, "confidence": float(score), "corners": corners}


class TextractHandler(Handler):
    reader: Reader

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            self._send(200, json.dumps(self.reader.read(body)).encode(), JSON)
        except BadPage as error:
            self._send(400, str(error).encode(), "text/plain")
        except Exception as error:
            traceback.print_exc()
            self._send(500, f"{type(error).__name__}: {error}".encode(), "text/plain")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """What is asked is not written down."""


def main() -> None:
    def load() -> str:
        TextractHandler.reader = Reader()
        return NAME

    serve(sys.argv[1], TextractHandler, load)


if __name__ == "__main__":
    main()
