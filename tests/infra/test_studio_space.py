"""A JupyterLab space of SageMaker Studio, as far as a machine without AWS can play one, and the course in it.

The space has a home that persists, a file that says what it is, and an environment of AWS's that runs its JupyterLab
and is made anew each time it starts. The lifecycle configuration is run in it as a space would run it. Of the network
it has the package index alone, for all programs that heed the variables of a proxy, as pip, uv, git, curl and boto3 do.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pip._internal.models.index import PyPI  # pip's own word for where packages are, if nothing else is configured

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "infra" / "lifecycle-jupyterlab.sh"
LONGEST = 16_384  # characters of a script, encoded: CreateStudioLifecycleConfig
AWS_PINS = ["ipython==8.37.0", "numpy==1.26.4"]  # SageMaker Distribution 4.4.1
METADATA = {
    "AppType": "JupyterLab",
    "DomainId": "d-0123456789ab",
    "SpaceName": "ada-lessons",
    "ExecutionRoleArn": "arn:aws:iam::123456789012:role/dsaws-ada-notebook",
    "ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:app/d-0123456789ab/ada-lessons/JupyterLab/default",
    "ResourceName": "default",
    "AppImageVersion": "",
}


@dataclass
class Space:
    """A space: its home, its environment of AWS's, and the repository that the course comes from."""

    home: Path
    conda: Path
    repository: Path
    metadata: Path
    proxy: str  # where nobody listens

    @property
    def course(self) -> Path:
        return self.home / "data-science-on-aws"

    @property
    def environment(self) -> dict[str, str]:
        """Of this machine's environment only what says where the package index is, and what came from there before."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_"))}
        return (
            {"UV_CACHE_DIR": str(Path.home() / ".cache" / "uv")}
            | kept
            | dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), self.proxy)
            | dict.fromkeys(("NO_PROXY", "no_proxy"), package_hosts())
            | {
                "HOME": str(self.home),
                "PATH": os.pathsep.join([str(self.conda / "bin"), "/usr/bin", "/bin"]),
                "Repository": str(self.repository),
                "COURSE_STUDIO_METADATA": str(self.metadata),
                # The Jupyter of these tests is one of a virtual environment, which may have a kernel of the course's.
                "JUPYTER_PREFER_ENV_PATH": "0",
            }
        )

    def start(self) -> str:
        """Run the lifecycle configuration, wait for what it does in the background, and return its log."""
        log, began = self.home / "data-science-on-aws.log", time.monotonic()
        log.unlink(missing_ok=True)
        done = subprocess.run(["bash", SCRIPT], env=self.environment, capture_output=True, text=True, check=True)
        assert time.monotonic() - began < 10, "AWS waits five minutes at most"
        assert str(log) in done.stdout
        while "Its kernel is" not in (text := written(log)):
            assert "failed" not in text, text
            assert time.monotonic() - began < 900, text
            time.sleep(0.5)
        return text

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command in the space's terminal."""
        return subprocess.run(
            words, cwd=self.course, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )

    def installed(self) -> str:
        """What AWS's environment holds."""
        command = [self.conda / "bin" / "python3", "-m", "pip", "list", "--format=freeze"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@cache
def package_hosts() -> str:
    """The hosts that packages come from, by pip's configuration and uv's variables, and pip's own defaults."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    said += "".join(f"{name}='{value}'\n" for name, value in os.environ.items() if name.startswith("UV_"))
    indexes = [line for line in said.splitlines() if "index" in line.lower()]
    hosts = [urlsplit(url).hostname for line in indexes for url in re.findall(r"https?://[^\s']+", line)]
    return ",".join(filter(None, [PyPI.netloc, PyPI.file_storage_domain, *hosts]))


def written(log: Path) -> str:
    """What a log holds; nothing before the background has begun."""
    return log.read_text(encoding="utf-8") if log.exists() else ""


def python_3_12() -> str:
    """AWS's version of Python if this machine has it, else this one."""
    found = shutil.which("python3.12")
    return found if found and not subprocess.run([found, "-V"], capture_output=True).returncode else sys.executable


def repository_of_this_checkout(folder: Path) -> Path:
    """What would be committed now, as a repository."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "The course"]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    folder = tmp_path_factory.mktemp("studio")
    nobody = socket.socket()
    nobody.bind(("127.0.0.1", 0))  # a port of ours on which nothing listens
    proxy = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    paths = (folder / name for name in ("sagemaker-user", "conda", "repository", "metadata.json"))
    space = Space(*paths, proxy=proxy)
    space.home.mkdir()
    space.metadata.write_text(json.dumps(METADATA), encoding="utf-8")
    subprocess.run([python_3_12(), "-m", "venv", space.conda], check=True)
    (space.conda / "conda-meta").mkdir()
    subprocess.run([space.conda / "bin" / "python3", "-m", "pip", "install", "-q", *AWS_PINS], check=True)
    repository_of_this_checkout(space.repository)
    yield space
    nobody.close()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def set_up(space: Space) -> str:
    """The log of the first start; AWS's environment is the same after it."""
    before = space.installed()
    log = space.start()
    assert space.installed() == before
    return log


NEED_AN_IMAGE = {"set_up"}  # an environment of the course's own, with all its packages


def test_the_script_is_short_enough_for_aws() -> None:
    assert len(base64.b64encode(SCRIPT.read_bytes())) <= LONGEST


def test_cloudformation_finds_one_variable_to_put_in() -> None:
    """Fn::Sub reads every ${...}; the shell's own variables are written without brackets."""
    code = [line for line in SCRIPT.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert [line for line in code if "${" in line] == ['repository="${Repository}"']


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="there is no shellcheck here")
def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "command", [["python3", "-c", "{read}"], ["git", "ls-remote", "{url}"], ["curl", "-sS", "{url}"]]
)
def test_a_space_reaches_nothing_but_the_package_index(space: Space, tmp_path: Path, command: list[str]) -> None:
    asked: list[str] = []

    class Elsewhere(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    read = f"import urllib.request; urllib.request.urlopen('{url}')"
    words = [word.format(url=url, read=read) for word in command]

    def run(environment: dict[str, str]) -> str:
        return subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True).stderr

    try:
        refused = run(space.environment).lower()
        assert "refused" in refused or "could not connect" in refused or "failed to connect" in refused, refused
        assert asked == []
        run({"PATH": space.environment["PATH"]})
        assert asked, "it is these variables that keep it from answering"
    finally:
        server.shutdown()
        server.server_close()


def test_the_first_start_says_where_the_lessons_are(space: Space, set_up: str) -> None:
    assert "open data-science-on-aws/work/notebooks/00_start_here.ipynb" in set_up
    assert (space.course / "work" / "notebooks" / "00_start_here.ipynb").exists()


def test_the_environment_is_on_the_disk_that_persists_with_the_spaces_python(space: Space, set_up: str) -> None:
    asked = "import sys; print(*sys.version_info[:2])"
    python = str(space.course / ".venv" / "bin" / "python")
    answers = [space.run(path, "-c", asked).stdout for path in (python, "python3")]
    assert answers[0] == answers[1]


def test_jupyter_runs_the_lessons_kernel_in_the_courses_environment(space: Space, set_up: str) -> None:
    """A Jupyter of another environment finds it by the name that the notebooks have, and `helpers` in it."""
    code = (
        "import sys, nbformat, nbclient\n"
        "notebook = nbformat.read('work/notebooks/00_start_here.ipynb', as_version=4)\n"
        "source = 'import shutil, sys, helpers.models.training; print(sys.prefix); print(shutil.which(\"uv\"))'\n"
        "notebook.cells = [nbformat.v4.new_code_cell(source)]\n"
        "nbclient.NotebookClient(notebook).execute()\n"
        "print(notebook.cells[0].outputs[0].text)\n"
    )
    answer = space.run(sys.executable, "-c", code)
    assert answer.stdout.split() == [f"{space.course}/.venv", f"{space.course}/.venv/bin/uv"], answer.stderr


def test_a_second_start_changes_nothing_and_keeps_what_a_learner_wrote(space: Space, set_up: str) -> None:
    own = space.course / "work" / "notebooks" / "00_start_here.ipynb"
    own.write_text("mine", encoding="utf-8")
    stamp = (space.course / ".venv" / "course-stamp").stat().st_mtime_ns
    log = space.start()
    assert "setting up" not in log
    assert own.read_text(encoding="utf-8") == "mine"
    assert (space.course / ".venv" / "course-stamp").stat().st_mtime_ns == stamp


def test_a_folder_of_the_learners_with_the_courses_name_stays(tmp_path: Path) -> None:
    (tmp_path / "data-science-on-aws").mkdir()
    subprocess.run(["bash", SCRIPT], env={**os.environ, "HOME": str(tmp_path), "Repository": "nowhere"}, check=True)
    log = tmp_path / "data-science-on-aws.log"
    deadline = time.monotonic() + 10
    while "is no clone of the course" not in written(log):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [*(tmp_path / "data-science-on-aws").iterdir()] == []


def test_course_py_opens_neither_jupyterlab_nor_a_local_aws(space: Space, set_up: str) -> None:
    opened = space.run("python3", "course.py")
    assert opened.returncode == 0, opened.stderr
    assert "In JupyterLab's file browser, open" in opened.stdout
    assert "local AWS" not in opened.stdout
    assert not (space.course / ".localcloud").exists()
    for command in ("status", "stop"):
        assert "there is no local AWS" in space.run("python3", "course.py", command).stdout
