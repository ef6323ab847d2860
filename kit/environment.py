"""The environment that the course runs in: found if it is there, else built as `.venv` from the lock.

Standard library only, Python 3.10 or newer: `course.py` imports this before anything is installed.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from ast import literal_eval
from collections.abc import Iterator
from pathlib import Path

from helpers.studio import in_studio
from kit import kernel

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
VENV = ROOT / ".venv"
STAMP = VENV / "course-stamp"
INSTALLING = "installing"
OLDEST, NEWEST = (3, 11), (3, 13)


def say(text: str) -> None:
    print(text, flush=True)


def read_pins(lock: str) -> list[tuple[str, str, str]]:
    """The pins of a lock's text as (normalised name, version, marker or '')."""
    pins = []
    for line in lock.splitlines():
        requirement, _, marker = line.partition("#")[0].partition(";")
        name, equals, version = requirement.partition("==")
        if equals:
            pins.append((normalised(name), version.strip(), marker.strip()))
    return pins


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def unmet_pins(lock: str, path: list[str] | None = None) -> list[str]:
    """What an environment lacks to match the lock: 'name==version' of each pin that is not met.

    `path` are the folders to search (default: this interpreter's own). A pin with a marker is for some
    platforms or Python versions only, so it may be absent; if it is there, its version must be a pinned one.
    """
    wanted: dict[str, set[str]] = {}
    pins = read_pins(lock)
    for name, version, _ in pins:
        wanted.setdefault(name, set()).add(version)
    found: dict[str, str] = {}
    for package in importlib.metadata.distributions(path=sys.path if path is None else path):
        found.setdefault(normalised(package.name or ""), package.version)
    absent_is_fine = {name for name, _, marker in pins if marker}
    unmet = [n for n in wanted if found.get(n) not in wanted[n] and not (n in absent_is_fine and n not in found)]
    return [f"{name}=={' or '.join(sorted(wanted[name]))}" for name in unmet]


def python_in(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def site_packages() -> Path | None:
    """The folder of `.venv` that holds the packages, or None."""
    places = [*VENV.glob("lib/python3.*/site-packages"), *VENV.glob("Lib/site-packages")]
    return places[0] if places else None


def supported(version: tuple[int, ...]) -> bool:
    return OLDEST <= version[:2] <= NEWEST


def link_project(site: Path) -> None:
    """Make the project's packages importable for every kernel, also one that an editor starts."""
    link = site / "data_science_on_aws_course.pth"
    # A relative line survives moving the project, and is plain ASCII whatever the folder is called.
    target = os.path.relpath(ROOT, site) if ROOT in site.parents else str(ROOT)
    linked = site / link.read_text(encoding="utf-8") if link.exists() else None
    if linked and linked.resolve() == ROOT:
        return
    try:
        if linked and linked.exists():
            raise OSError("it belongs to another copy of the course")
        link.write_text(target, encoding="utf-8")
    except OSError:
        # Not ours to change: then only what course.py starts finds this copy.
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


def in_other_environment() -> bool:
    """Whether this interpreter belongs to an active conda or virtual environment other than `.venv`.

    Studio's own does not count: it is not ours to change, and a new one each time the space starts.
    """
    if in_studio():
        return False
    isolated = sys.prefix != sys.base_prefix or Path(sys.prefix, "conda-meta").is_dir()
    return isolated and Path(sys.prefix).resolve() != VENV


def fingerprint() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def ready_python() -> str | None:
    """The interpreter that has everything the lock names already, or None; installs nothing."""
    lock = LOCK.read_text(encoding="utf-8")
    if in_other_environment() and supported(sys.version_info[:2]) and not unmet_pins(lock):
        link_project(Path(sysconfig.get_path("purelib")))
        return sys.executable
    stamp = STAMP.read_text(encoding="utf-8") if STAMP.exists() else None
    site = site_packages()
    if site is None or not python_in(VENV).exists() or not made_with_this_python(site):
        return None
    if stamp is None and not unmet_pins(lock, [str(site)]):
        # Made by hand (uv sync, pip install -r): take it as it is.
        STAMP.write_text(fingerprint(), encoding="utf-8")
    elif stamp != fingerprint():
        return None
    link_project(site)
    return str(python_in(VENV))


def made_with_this_python(site: Path) -> bool:
    """Whether `.venv` still leads to the version that it was made with: Studio's next image may have another there."""
    version = re.fullmatch(r"python(3\.\d+)", python_in(VENV).resolve().name)
    return version is None or site.parent.name in ("Lib", f"python{version[1]}")


def set_up() -> str:
    """Make the environment ready, showing progress, register its kernel, and return its interpreter's path."""
    python = ready_python()
    if not python:
        with one_at_a_time():
            # Another window may have done it while this one waited.
            python = ready_python() or build_environment()
    try:
        kernel.register(python)
    except OSError as error:
        say(f"The kernel {kernel.TITLE} cannot be registered: {error}\nIn JupyterLab, choose Python 3 instead.")
    return python


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold back a second set-up of the same folder until the first has ended (where the system can)."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another course.py is setting up this folder; waiting for it …")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def build_environment() -> str:
    pins = read_pins(LOCK.read_text(encoding="utf-8"))
    uv = next(f"uv=={version}" for name, version, _ in pins if name == "uv")
    python = str(python_in(VENV))
    say(f"First use, or the versions changed: setting up {VENV.name} (about 1.2 GB, 1 to 5 minutes).")
    interrupted = STAMP.exists() and STAMP.read_text(encoding="utf-8") == INSTALLING
    if interrupted or not works(python, "import pip"):
        empty_environment()
        create_environment(uv)
    STAMP.write_text(INSTALLING, encoding="utf-8")
    say(f"[2/3] Fetching the installer ({uv}) …")
    offline = "Check the network (or the proxy and index settings of pip) and run the same command again."
    step([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", uv], offline)
    say(f"[3/3] Installing {len({name for name, _, _ in pins})} packages …")
    install = [python, "-m", "uv", "pip", "install", "--python", python, "-r", str(LOCK)]
    step(install, offline, uv_settings(python))
    site = site_packages()
    assert site is not None
    link_project(site)
    STAMP.write_text(fingerprint(), encoding="utf-8")
    say("The environment is ready.\n")
    return python


def empty_environment() -> None:
    """Start over. The stamp stays until the end, so that an interruption at any point is noticed."""
    VENV.mkdir(exist_ok=True)
    STAMP.write_text(INSTALLING, encoding="utf-8")
    left_over = [entry for entry in VENV.iterdir() if entry != STAMP]
    if left_over:
        say(f"{VENV.name} is unfinished or unusable: making it anew.")
    for entry in left_over:
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def works(python: str, code: str) -> bool:
    """Whether an interpreter exists, has a supported version and can run `code`."""
    check = f"import sys; assert {OLDEST} <= sys.version_info[:2] <= {NEWEST}; {code}"
    try:
        return subprocess.run([python, "-c", check], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def find_python() -> str | None:
    """An interpreter that can make the environment: 3.11 if there is one, else 3.12 or 3.13."""
    on_path = [shutil.which(f"python3.{minor}") for minor in range(OLDEST[1], NEWEST[1] + 1)]
    here = sys.executable
    candidates = [here, *on_path] if sys.version_info[:2] == OLDEST else [on_path[0], here, *on_path[1:]]
    # Debian and Ubuntu split ensurepip off into python3-venv; without it no environment can be made.
    return next((p for p in candidates if p and works(p, "import ensurepip, venv")), None)


def create_environment(uv: str) -> None:
    """Create `.venv`, with a Python that uv brings if this machine has none that fits."""
    found = find_python()
    if found:
        say(f"[1/3] Making a virtual environment with {found} …")
        return step([found, "-m", "venv", str(VENV)], "See the message above.")
    say("[1/3] No Python 3.11, 3.12 or 3.13 with venv here: asking uv for one …")
    advice = (
        "Install Python 3.11, 3.12 or 3.13 and run the same command again.\n"
        "  Debian, Ubuntu: sudo apt install python3-venv (or python3.11 python3.11-venv)\n"
        "  macOS: brew install python@3.11      Windows: winget install Python.Python.3.11\n"
        "  conda: conda env create -f environment.yml"
    )
    with tempfile.TemporaryDirectory() as folder:
        helper = str(python_in(Path(folder)))
        step([sys.executable, "-m", "venv", folder], advice)
        step([helper, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", uv], advice)
        make = [helper, "-m", "uv", "venv", "--seed", "--allow-existing", "--python", "3.11", str(VENV)]
        step(make, advice, uv_settings(helper))


def uv_settings(python: str) -> dict[str, str]:
    """pip's own index and certificate settings under uv's names; what is set for uv already wins."""
    names = {
        "index-url": "UV_INDEX_URL",
        "extra-index-url": "UV_EXTRA_INDEX_URL",
        "find-links": "UV_FIND_LINKS",
        "trusted-host": "UV_INSECURE_HOST",
        "timeout": "UV_HTTP_TIMEOUT",
        "default-timeout": "UV_HTTP_TIMEOUT",
        "cert": "SSL_CERT_FILE",
    }
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    settings: dict[str, str] = {}
    ranks = ("global.", "install.", ":env:.")
    for rank in ranks:
        for key, _, value in (line.partition("=") for line in listed.splitlines() if line.startswith(rank)):
            if name := names.get(key[len(rank) :]):
                # pip separates by white space; uv's find-links by commas.
                settings[name] = ("," if name == "UV_FIND_LINKS" else " ").join(literal_eval(value).split())
    if "UV_EXTRA_INDEX_URL" in settings:
        # pip takes the best version of all indexes; uv by default stops at the first that knows the name.
        settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return {**settings, **os.environ}


def step(command: list[str], advice: str, env: dict[str, str] | None = None) -> None:
    """Run a command with its output visible; exit with advice if it fails."""
    code = subprocess.run(command, cwd=ROOT, env=env).returncode
    if code:
        sys.exit(f"\nThis step failed (exit code {code}): {' '.join(command)}\n{advice}")


def child_environment(python: str, **extra: str) -> dict[str, str]:
    """The environment for the course's own processes: its programs first on PATH, its kernels preferred."""
    env = {**os.environ, "JUPYTER_PREFER_ENV_PATH": "1", "PYTHONUNBUFFERED": "1", **extra}
    env["PATH"] = os.pathsep.join([str(Path(python).parent), env.get("PATH", "")])
    env.pop("PYTHONHOME", None)
    if Path(python) == python_in(VENV):
        env["VIRTUAL_ENV"] = str(VENV)
    return env
