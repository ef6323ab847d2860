"""What runs this code: a kernel of Jupyter or not, and whether somebody is there who can be asked."""

from __future__ import annotations

import sys
from typing import Any


def kernel() -> Any | None:
    """The Jupyter kernel that this runs in; None in a terminal or a script."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None)  # type: ignore[no-untyped-call]


def attended() -> bool:
    """Whether somebody can answer. The course's one rule for it: nothing is asked where this is false.

    A front end says with each cell that it sends whether its user can be asked (`allow_stdin` of an execute request).
    JupyterLab can; papermill, nbclient and nbval cannot. In a terminal, standard input tells.

    Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute
    """
    found = kernel()
    if found is None:
        return sys.stdin is not None and sys.stdin.isatty()
    return bool(found.get_parent("shell").get("content", {}).get("allow_stdin"))
