#!/usr/bin/env python3
"""The front door of the course: sets everything up on first use, then opens, runs or tests the lessons.

Needs only Python 3.10 or newer and its standard library. What the lessons need goes into `.venv`,
unless the active conda or virtual environment already holds exactly what `requirements.lock` names.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import os
import platform
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from helpers.studio import in_studio, on_aws
from kit import agenda, kernel, machine, work_folder
from kit.environment import LOCK, ROOT, child_environment, find_python, ready_python, say, set_up, step

STATE = Path(os.environ.get("LOCALCLOUD_HOME") or ROOT / ".localcloud").absolute()
if "LOCALCLOUD_HOME" in os.environ:
    os.environ["LOCALCLOUD_HOME"] = str(STATE)  # kernels run in another folder than this command
NOT_AT_HAND = 3  # what kit.fetch_reviews ends with where the reviews cannot be had
START_PAGE = "work/notebooks/00_start_here.ipynb"

COMMANDS = {
    "open": "start the local AWS and open JupyterLab on the lessons (the default)",
    "run": "execute the lessons unattended and write them as web pages to out/",
    "test": "check the code and run the test suite, or with --quick or --changed a part of it",
    "setup": "only set up, for example before a class",
    "status": "show whether the local AWS runs",
    "stop": "stop the local AWS; what it stored stays",
    "reset": "delete everything that the local AWS stored",
    "doctor": "say what is missing or will go wrong on this machine",
    "agenda": "how long each lesson takes, as measured, and a half-day and a full-day agenda",
    "progress": "what you have opened, solved and predicted; --export writes a file, --room reads a folder of them",
    "sweep": "for the host of an event: find what all learners have left; --delete deletes it",
    "prices": "say how old the course's price table is; --refresh reads AWS's public price lists",
}


def start(command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a child in its own session: Ctrl-C reaches course.py alone, which ends the child in order."""
    return subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)


def wait_for(child: subprocess.Popen[bytes], how_to_stop: int = signal.SIGTERM) -> int:
    """Wait for a child; on Ctrl-C stop it, wait up to 30 s for its clean end, and pass the interrupt on."""
    try:
        return child.wait()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        child.send_signal(how_to_stop) if os.name == "posix" else child.terminate()
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL) if os.name == "posix" else child.kill()
        raise


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        if os.name == "posix":
            # Else a port counts as used for a minute after its server has ended.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def local_aws_runs() -> bool:
    try:
        return answers(int(json.loads((STATE / "server.json").read_text(encoding="utf-8"))["port"]))
    except (OSError, ValueError, KeyError):
        return False


@contextlib.contextmanager
def local_aws(python: str) -> Iterator[None]:
    """The local AWS up for the time of a block, unless the lessons go to AWS; stopped after it only if it was not
    running before."""
    command, env = [python, "-m", "localcloud"], child_environment(python)
    if on_aws() or local_aws_runs():
        yield
        return
    try:
        say("Starting the local AWS …")
        step([*command, "start", "--quiet"], "See .localcloud/server.log, or run: python3 course.py doctor", env)
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        say("Stopping the local AWS, which this command started. What it stored stays.")
        wait_for(start([*command, "stop"], env))


def data_at_hand(python: str, data: str) -> str:
    """The data to go on with: what is asked for, its download done and seen, or "sample" where it cannot be had."""
    if data == "sample" or os.environ.get("COURSE_REVIEWS"):
        return data
    fetching = start([python, "-m", "kit.fetch_reviews"], child_environment(python))
    code = wait_for(fetching, signal.SIGINT)
    if code not in (0, NOT_AT_HAND):
        sys.exit(code)
    return "sample" if code else data


# --- the commands -----------------------------------------------------------------------------------


def open_lessons(browser: bool, port: int | None) -> int:
    if port and not is_free(port):
        sys.exit(f"Port {port} is in use. Choose another, or leave --port out to get one that is free.")
    python = set_up()
    fill_work_folder()
    if in_studio():
        return say_what_to_open()
    os.environ["COURSE_DATA"] = data_at_hand(python, os.environ.get("COURSE_DATA") or "real")
    with local_aws(python):
        subprocess.run([python, "-m", "kit.preflight"], cwd=ROOT, env=child_environment(python))
        return run_jupyter(python, browser, port or next(filter(is_free, range(8888, 65536))))


def fill_work_folder() -> None:
    try:
        for news in work_folder.fill(ROOT):
            say(news)
    except OSError as error:
        sys.exit(f"Your copies of the lessons cannot be written to work/: {error}\nMend that, then run this again.")


def say_what_to_open() -> int:
    """In Studio JupyterLab runs already, and it is AWS's: say where in it the lessons are."""
    page, home = ROOT / START_PAGE, Path.home()
    say(f"In JupyterLab's file browser, open {page.relative_to(home) if home in page.parents else page}")
    say(f"Its kernel is {kernel.TITLE!r}. If JupyterLab does not know it yet, reload the browser's page once.")
    return 0


def run_jupyter(python: str, browser: bool, port: int) -> int:
    """JupyterLab on the lessons until it ends or Ctrl-C; its exit code, 0 after Ctrl-C."""
    token = secrets.token_urlsafe(24)
    page = f"/lab/tree/{START_PAGE}" if (ROOT / START_PAGE).exists() else "/lab"
    command = [python, "-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}", f"--LabApp.default_url={page}"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    command += ["--log-level=ERROR"]
    # Nothing that a learner does at home leaves the machine: no news, no look for updates (nor a question about them,
    # which kit/jupyter switches off).
    command += ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    screens = {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"}
    if not browser or (sys.platform.startswith("linux") and not screens & set(os.environ)):
        command += ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command += ["--allow-root"]
    # In the environment, not on the command line, where other users of the machine could read it.
    settings = os.pathsep.join(filter(None, [str(ROOT / "kit" / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH")]))
    child = start(command, child_environment(python, JUPYTER_TOKEN=token, JUPYTER_CONFIG_PATH=settings))
    try:
        while child.poll() is None and not answers(port):
            time.sleep(0.1)
        if child.poll() is None:
            say(f"\nJupyterLab is at  http://127.0.0.1:{port}{page}?token={token}")
            say("Ctrl-C here ends it.")
    except KeyboardInterrupt:
        child.terminate()
    try:
        return wait_for(child)
    except KeyboardInterrupt:
        say("\nJupyterLab has ended.")
        return 0


def lesson_numbers(text: str) -> list[int]:
    """'03', '02-07' and '02,05-07' as a sorted list of numbers."""
    numbers: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,2})\s*(?:-\s*(\d{1,2})\s*)?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise argparse.ArgumentTypeError(f"{text!r} is not a choice of lessons; write 03, 02-07 or 02,05")
        numbers.update(range(first, last + 1))
    return sorted(numbers)


def choose_lessons(wanted: list[int] | None) -> list[Path]:
    """The notebooks of the wanted lessons in order; exits if there are none."""
    lessons = {int(path.name[:2]): path for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))}
    chosen = [path for number, path in lessons.items() if wanted is None or number in wanted]
    if not chosen:
        existing = ", ".join(f"{number:02d}" for number in lessons) or "none in notebooks/"
        sys.exit(f"No such lesson. There are: {existing}")
    return chosen


def run_lessons(wanted: list[int] | None, data: str, out: Path, strict: bool) -> int:
    lessons = [str(path.relative_to(ROOT)) for path in choose_lessons(wanted)]
    python = set_up()
    if strict:
        os.environ["LOCALCLOUD_STRICT"] = "1"  # for the local AWS, which the lessons find as it is
        os.environ.setdefault("LOCALCLOUD_QUOTAS", f"{ROOT / 'infra' / 'quotas.csv'}#needed_1")
    env = child_environment(python, COURSE_DATA=data_at_hand(python, data))
    if "COURSE_REVIEWS" in env:
        # The lessons run in notebooks/, so a path relative to here would not be found.
        env["COURSE_REVIEWS"] = os.path.abspath(env["COURSE_REVIEWS"])
    with local_aws(python):
        return wait_for(start([python, "-m", "kit.run_lessons", "--out", str(out.absolute()), *lessons], env))


def local_aws_command(name: str, sure: bool = False) -> int:
    if on_aws() and not STATE.exists():
        say("The lessons go to AWS here, and there is no local AWS. Lesson 12 deletes what you have made on AWS.")
        return 0
    if not STATE.exists() and not ready_python():
        say("The course is not set up yet, so there is no local AWS here: nothing runs, nothing is stored.")
        return 0
    if name == "reset" and not sure:
        say(
            f"This deletes all that the local AWS stored in {STATE.name}/: buckets, tables, jobs, models. "
            "What it installed for jobs stays."
        )
        if not sys.stdin.isatty() or input("Type yes to go on: ").strip().lower() not in {"y", "yes"}:
            say("Nothing was deleted. (Without a question: python3 course.py reset --yes)")
            return 1
    python = set_up()
    return wait_for(start([python, "-m", "localcloud", name], child_environment(python)))


def doctor(aws: bool = False, learners: int = 1) -> int:
    """Print what this machine, and the AWS account if asked for, has and lacks; 1 if something must be fixed first."""
    free = shutil.disk_usage(ROOT).free / 1e9
    python = ready_python()
    builder = None if python else find_python()
    if python:
        version = subprocess.run([python, "-V"], capture_output=True, text=True).stdout.strip()
        environment = f"ready: {version} at {python}, packages as in {LOCK.name}"
    elif builder:
        environment = f"not set up yet; the first command does it, with {builder}"
    else:
        environment = "not set up yet; no Python 3.11 to 3.13 with venv found, so uv will try to fetch one"
    checks = [
        (True, "system", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"),
        (True, "python", f"{platform.python_version()} at {sys.executable}"),
        (bool(python or builder), "environment", environment),
    ]
    if not in_studio():
        checks += [
            (True, "java", machine.java_version()),
            (True, "port 8888", "free" if is_free(8888) else "in use; JupyterLab takes the next free one"),
            (True, "local AWS", "running" if local_aws_runs() else "not running"),
        ]
    if not python:  # else the pre-flight below looks, and knows what is built already
        checks += [(free > 6, "disk", f"{free:.0f} GB free; the course needs 6 GB, and 12 GB with lesson 08")]
    if hasattr(os, "sysconf"):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
        checks.insert(1, (memory > 3.5, "memory", f"{memory:.1f} GB; the course needs 4 GB"))
    for fine, name, text in checks:
        say(f"{'ok   ' if fine else 'FIX  '} {name:<12} {text}")
    code = int(not all(fine for fine, _, _ in checks))
    if aws:
        python = python or set_up()
    if python:
        command = [python, "-m", "kit.preflight", "--details"]
        command += ["--aws", "--learners", str(learners)] if aws else []
        env = child_environment(python, **({"COURSE_CLOUD": "aws"} if aws else {}))
        code = subprocess.run(command, cwd=ROOT, env=env).returncode or code
    return code


def parser() -> argparse.ArgumentParser:
    """The command line; each command has its own -h."""
    listing = "\n".join(f"  {name:<8} {text}" for name, text in COMMANDS.items())
    top = argparse.ArgumentParser(
        prog="python3 course.py",
        usage="python3 course.py [command] [options]",
        description="Data Science on AWS: the course, on your own machine. The first use sets everything up.",
        epilog=f"commands:\n{listing}\n\nMore about one: python3 course.py run -h",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", prog="python3 course.py", help=argparse.SUPPRESS)
    each = {name: commands.add_parser(name, description=text[0].upper() + text[1:]) for name, text in COMMANDS.items()}
    each["open"].add_argument("--no-browser", action="store_true", help="only print the address")
    each["open"].add_argument("--port", type=int, help="port of JupyterLab (default: 8888 or the next free)")
    run = each["run"]
    run.add_argument("--lessons", type=lesson_numbers, metavar="02-07", help="03, 02-07 or 02,05 (or all)")
    run.add_argument(
        "--data",
        choices=["real", "sample", "full"],
        default=os.environ.get("COURSE_DATA") or "real",
        help="some of the real reviews, a generated sample, or all 50,000 real ones (default: %(default)s)",
    )
    run.add_argument(
        "--strict", action="store_true", help="with roles, quotas and limits as on AWS: each call needs its permission"
    )
    run.add_argument("--out", type=Path, default=ROOT / "out", help="folder for the pages (default: out)")
    each["reset"].add_argument("--yes", action="store_true", help="do not ask")
    each["doctor"].add_argument(
        "--aws", action="store_true", help="ask your AWS account, too: quotas, permissions, images, instance types"
    )
    each["doctor"].add_argument("--learners", type=int, default=1, metavar="N", help="with --aws: so many at once")
    each["sweep"].add_argument("--delete", action="store_true", help="delete what is found")
    each["sweep"].add_argument("--yes", action="store_true", help="with --delete: do not ask for the number first")
    each["sweep"].add_argument("--spaces", action="store_true", help="Studio's spaces, too: with all files in them")
    each["progress"].add_argument("--export", nargs="?", metavar="FOLDER", help="write one file (default: to out)")
    each["progress"].add_argument("--room", metavar="FOLDER", help="one page of all the files in a folder")
    each["prices"].add_argument(
        "--refresh", nargs="*", metavar="OFFER", help="all offers, or some, as AWSGlue AmazonS3"
    )
    each["prices"].add_argument("--lists", help="another address, or a folder, with the price lists")
    return top


def main(words: list[str]) -> int:
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help")):
        words = ["open", *words]
    if not words[0].startswith("-") and words[0] not in COMMANDS:
        near = difflib.get_close_matches(words[0], COMMANDS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        wrong = f"There is no command {words[0]!r}.{hint} The commands are: {', '.join(COMMANDS)}."
        print(wrong, file=sys.stderr)
        return 2
    if words[0] == "test":
        python = set_up()
        tests = [python, "-m", "kit.run_tests", *words[1:]]
        return wait_for(start(tests, child_environment(python)), signal.SIGINT)
    args = parser().parse_args(words)
    if args.command == "open":
        return open_lessons(not args.no_browser, args.port)
    if args.command == "run":
        return run_lessons(args.lessons, args.data, args.out, args.strict)
    if args.command == "setup":
        say(f"Ready: {set_up()}")
        if in_studio():
            fill_work_folder()
            return say_what_to_open()
        return 0
    if args.command == "agenda":
        return agenda.main()
    if args.command == "doctor":
        return doctor(args.aws, args.learners)
    if args.command == "sweep":
        python = set_up()
        return wait_for(start([python, "-m", "kit.sweep", *words[1:]], child_environment(python)), signal.SIGINT)
    if args.command == "progress":
        python = set_up()
        with local_aws(python) if not args.room else contextlib.nullcontext():
            # The command runs in the project's folder, wherever this one was started.
            given = [os.path.abspath(word) if word in (args.room, args.export) else word for word in words[1:]]
            return wait_for(start([python, "-m", "kit.progress", *given], child_environment(python)), signal.SIGINT)
    if args.command == "prices":
        python = set_up()
        # The command runs in the project's folder, wherever this one was started.
        given = [os.path.abspath(word) if word == args.lists and os.path.exists(word) else word for word in words[1:]]
        command = [python, "-m", "kit.refresh_prices", *given]
        return wait_for(start(command, child_environment(python)), signal.SIGINT)
    return local_aws_command(args.command, sure=getattr(args, "yes", False))


def interrupt(*_: object) -> None:
    """Treat a closed terminal or a plain kill as Ctrl-C, once, so that the children end in order too."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    if sys.version_info < (3, 10):  # noqa: UP036 - whoever starts it may have an older Python
        sys.exit(f"course.py needs Python 3.10 or newer; this is {platform.python_version()}.")
    try:
        on_aws()
    except RuntimeError as error:  # COURSE_CLOUD says something else
        sys.exit(str(error))
    for ending in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, ending):
            signal.signal(getattr(signal, ending), interrupt)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        say("\nStopped. The same command takes up from here.")
        sys.exit(130)
