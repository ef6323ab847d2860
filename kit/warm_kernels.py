"""A kernel that has imported what a notebook will import, started while something else runs.

Imports keep one core busy for seconds, and the lesson before mostly waits: so the next kernel starts beside it. Nothing
of the notebook runs in it but the imports of modules; each cell still says its own, and finds them loaded.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import KernelManager

read_notebook: Any = nbformat.read  # it has no type hints
ARGUMENTS = ["--log-level=CRITICAL"]  # what the kernel logs is about itself, not about the lesson
SECONDS = 120  # for the kernel's first answer, and for its imports
_IMPORT = """
import contextlib, importlib
_name = None
for _name in {names!r}:
    with contextlib.suppress(Exception):
        importlib.import_module(_name)
del contextlib, importlib, _name
"""


@contextmanager
def kernels() -> Iterator[Callable[[Path], Future[KernelManager]]]:
    """Within it, a function that starts a notebook's kernel and returns at once; kernels that are left end with it."""
    started: list[Future[KernelManager]] = []
    with ThreadPoolExecutor(1) as beside:

        def start(notebook: Path) -> Future[KernelManager]:
            started.append(beside.submit(warmed, notebook))
            return started[-1]

        try:
            yield start
        finally:
            for kernel in started:
                with suppress(Exception):
                    kernel.result().shutdown_kernel(now=True)


def warmed(notebook: Path) -> KernelManager:
    """Start a kernel in the notebook's folder, and let it import the notebook's modules before returning it.

    Raises:
        RuntimeError: the kernel does not answer.
    """
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(extra_arguments=ARGUMENTS, cwd=str(notebook.parent))
    client: Any = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        names = modules(read_notebook(notebook, as_version=4))
        client.execute_interactive(
            _IMPORT.format(names=names),
            silent=True,
            store_history=False,
            allow_stdin=False,
            timeout=SECONDS,
            output_hook=str,
        )
    except TimeoutError:
        pass  # it goes on importing; the lesson's first cell waits for it
    finally:
        client.stop_channels()
    manager.client_class = "jupyter_client.asynchronous.AsyncKernelClient"  # the one that nbclient's loop waits for
    return manager


def modules(notebook: Any) -> list[str]:
    """The modules that the code cells of a notebook import, in their order; of `from a import b` both a and a.b."""
    found: dict[str, None] = {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        try:
            parts = list(ast.walk(ast.parse(cell.source)))
        except SyntaxError:  # a line for IPython alone
            continue
        for part in parts:
            if isinstance(part, ast.Import):
                found |= dict.fromkeys(name.name for name in part.names)
            elif isinstance(part, ast.ImportFrom) and part.module:
                found |= dict.fromkeys([part.module, *(f"{part.module}.{name.name}" for name in part.names)])
    return list(found)
