"""What training and serving must do in the same way: plain text, tokens."""

import html
import re

# Words with their inner apostrophes ("don't"), numbers, and the punctuation that carries a mood.
# Tokens of one character stay: "I", "a" and the digits of "3/10" are worth almost a point of accuracy.
TOKEN_PATTERN = r"""[^\W_]+(?:['’][^\W_]+)*|[!?.,;:()"]"""

_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def prepare(review: str) -> str:
    """Turns the markup of a raw review into plain text: `<br />` becomes a space, `&amp;` becomes `&`.

    Clean reviews pass unchanged. So an endpoint that is sent a raw review sees what the model learned from.
    """
    return html.unescape(_LINE_BREAK.sub(" ", review))
