"""Execute lessons one after the other and write each as a notebook and as one web page, with an index.

`python3 course.py run` calls this inside the course's environment, with the local AWS up.
"""

from __future__ import annotations

import argparse
import html
import os
import signal
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

import nbformat
import papermill
import psutil
from jupyter_client.manager import KernelManager
from nbconvert import HTMLExporter
from papermill.exceptions import PapermillExecutionError, strip_color

from helpers.data import results
from kit import warm_kernels

# nbformat and nbconvert carry no type hints.
read_notebook: Any = nbformat.read
html_exporter: Any = HTMLExporter

# nbconvert's page, less the scripts that it loads from the network: a page is one file and works offline.
OFFLINE_PAGE = """{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
"""

INDEX_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Data Science on AWS: executed lessons</title>
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .4rem .8rem; border-bottom: 1px solid #888; }}
td.seconds {{ text-align: right; }}
</style>
</head>
<body>
<h1>Data Science on AWS</h1>
<p>Executed {when} on the {data} data.</p>
<table>
<thead><tr><th>Lesson</th><th>Title</th><th>Seconds</th><th>Result</th><th>Notebook</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</body>
</html>
"""


@dataclass(frozen=True)
class Outcome:
    """How one lesson went; `failure` is empty if it went well, else the cell and the error as text."""

    stem: str
    title: str
    seconds: float
    failure: str

    @property
    def result(self) -> str:
        return "FAILED" if self.failure else "ok"


def lesson_title(notebook: nbformat.NotebookNode, stem: str) -> str:
    """The first heading of the notebook, or its file's name."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("# "):
                    return str(line[2:].strip())
    return stem


def execute(path: Path, out: Path, kernel: Future[KernelManager]) -> Outcome:
    """Run one lesson in its kernel, which ends with it, and write its notebook to `out`."""
    title = lesson_title(read_notebook(path, as_version=4), path.stem)
    executed = out / path.name
    executed.unlink(missing_ok=True)
    failure, began = "", time.monotonic()
    try:
        papermill.execute_notebook(
            str(path),
            str(executed),
            kernel_name="python3",
            km=kernel.result(),  # which runs in the lesson's folder
            # Cells done so far, on a terminal only; the lesson's own line replaces it.
            progress_bar={"desc": path.stem, "leave": False, "disable": None},
        )
    except PapermillExecutionError as error:
        failure = describe(error.source, strip_color("\n".join(error.traceback)))
    except Exception as error:  # a kernel that died, a cell over its time limit, a file that is no notebook
        failure = describe(last_cell(executed), f"{type(error).__name__}: {error}")
    return Outcome(path.stem, title, time.monotonic() - began, failure)


def describe(source: str, error: str, lines: int = 15) -> str:
    """A failed cell's source and the last lines of its error, indented for the terminal."""
    cell = "\n".join(f"    {line}" for line in source.splitlines())
    last = "\n".join(f"    {line}" for line in error.rstrip().splitlines()[-lines:])
    return f"  The cell that failed:\n\n{cell}\n\n  The error:\n\n{last}\n"


def last_cell(executed: Path) -> str:
    """The source of the last cell that papermill started, or '' if it started none."""
    if not executed.exists():
        return ""
    cells = read_notebook(executed, as_version=4).cells
    begun = [str(cell.source) for cell in cells if cell.metadata.get("papermill", {}).get("start_time")]
    return begun[-1] if begun else ""


def write_page(executed: Path, title: str) -> None:
    """Turn an executed notebook into one HTML file that needs nothing else."""
    notebook = read_notebook(executed, as_version=4)
    notebook.metadata["title"] = title
    exporter = html_exporter(embed_images=True, raw_template=OFFLINE_PAGE)
    body, _ = exporter.from_notebook_node(notebook, {"metadata": {"path": str(executed.parent)}})
    executed.with_suffix(".html").write_text(body, encoding="utf-8")


def write_pages(outcomes: list[Outcome], out: Path) -> None:
    """Write the last lesson's page and the one that lists all so far; called after each, so a stopped run has them."""
    lesson = outcomes[-1]
    executed = out / f"{lesson.stem}.ipynb"
    if executed.exists():
        write_page(executed, lesson.title)
    write_index(outcomes, out)


def write_index(outcomes: list[Outcome], out: Path) -> None:
    """Write the page that lists the lessons of this run."""
    rows = "\n".join(
        f"<tr><td>{lesson.stem[:2]}</td>"
        f'<td><a href="{html.escape(lesson.stem)}.html">{html.escape(lesson.title)}</a></td>'
        f'<td class="seconds">{lesson.seconds:.1f}</td><td>{lesson.result}</td>'
        f'<td><a href="{html.escape(lesson.stem)}.ipynb">notebook</a></td></tr>'
        for lesson in outcomes
    )
    data = html.escape(os.environ.get("COURSE_DATA", "real"))
    page = INDEX_PAGE.format(rows=rows, data=data, when=f"{datetime.now():%Y-%m-%d %H:%M}")
    (out / "index.html").write_text(page, encoding="utf-8")


def run(paths: list[Path], out: Path) -> int:
    """Execute the lessons in order, one line each, until one fails; 0 if all went well, else 1."""
    out.mkdir(parents=True, exist_ok=True)
    noted = out / results.NAME
    noted.unlink(missing_ok=True)
    if os.environ.get("COURSE_DATA") == "full":
        os.environ["COURSE_RESULTS"] = str(noted)  # the lessons' kernels keep their numbers there
    outcomes: list[Outcome] = []
    # A lesson's page is written, and the next one's kernel started, while a lesson runs.
    with ThreadPoolExecutor(1) as beside, warm_kernels.kernels() as start:
        written, kernel = [], start(paths[0])
        for path, following in zip(paths, [*paths[1:], None], strict=True):
            if not sys.stderr.isatty():
                print(f"{path.stem} …", flush=True)
            own, kernel = kernel, start(following) if following else kernel
            lesson = execute(path, out, own)
            outcomes.append(lesson)
            written.append(beside.submit(write_pages, list(outcomes), out))
            print(f"{path.stem[:2]}  {lesson.title:<60} {lesson.seconds:7.1f} s  {lesson.result}", flush=True)
            if lesson.failure:
                print(f"\n{lesson.failure}", flush=True)
                break
        for page in written:
            page.result()
    print(f"\nNotebooks and pages: {out / 'index.html'}", flush=True)
    if noted.exists():
        print(f"What the real reviews gave, beside what was known: {noted}", flush=True)
    return int(any(lesson.failure for lesson in outcomes))


def end_kernels(number: int, _: FrameType | None) -> None:
    """On Ctrl-C or kill: end every kernel at once, whatever papermill is waiting for, and leave."""
    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            pass
    print("\nStopped; the lesson that was running is not complete.", flush=True)
    os._exit(128 + number)


def main() -> int:
    parser = argparse.ArgumentParser(description="Execute lessons and write them as web pages")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("notebooks", type=Path, nargs="+")
    args = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_kernels)
    return run([path.absolute() for path in args.notebooks], args.out.absolute())


if __name__ == "__main__":
    sys.exit(main())
