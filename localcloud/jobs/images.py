"""Container images as environments: a pinned Python environment per framework image or Glue version.

Each is built once, on first use, from `images/<name>.txt` beside this file, shared by all jobs. A job gets a thin layer
of its own on top (`make_layer`), so that what its `requirements.txt` installs is gone with the job, as in a container.
A build that was interrupted goes on where it stopped: uv keeps what it has downloaded and built.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from localcloud.jobs import supervise
from localcloud.protocol import ServiceError
from localcloud.store.state import images_folder

REQUIREMENTS = Path(__file__).parent / "images"

# Repository name and version of the images that AWS publishes -> our environment.
_KNOWN = {
    r"sagemaker-scikit-learn:1\.9-0(-cpu-py3)?": "sklearn-1.9-0",
    r"pytorch-training:2\.10\.0(-cpu-py313)?(-ubuntu.+-sagemaker)?": "pytorch-2.13",
    r"pytorch-inference:2\.6\.0(-cpu-py312)?(-ubuntu.+-sagemaker)?": "pytorch-2.13",
    r"tensorflow-training:2\.21\.0(-cpu-py312)?(-amzn2023)?(-sagemaker)?": "tensorflow-2.21",
    r"tensorflow-inference:2\.20\.0(-cpu(-py312)?)?(-amzn2023|-ubuntu.+)?(-sagemaker)?": "tensorflow-2.21",
}
_FOR_TESTS = "clients-1"  # runs no job
BUILDING = "Building the image's environment: once, 1 to 3 minutes"
_building: dict[str, threading.Lock] = defaultdict(threading.Lock)


class BuildFailed(Exception):
    """The environment could not be made; the message ends with the installer's own last lines."""


def names() -> list[str]:
    """The images that jobs, endpoints and services run in."""
    return sorted(path.stem for path in REQUIREMENTS.glob("*.txt") if path.stem != _FOR_TESTS)


def for_uri(uri: str) -> str:
    """The image name for a container registry address.

    Raises:
        ServiceError: ValidationException, for an image that is not offered here.
    """
    repository = uri.rsplit("/", 1)[-1]
    for pattern, name in _KNOWN.items():
        if re.fullmatch(pattern, repository):
            return name
    offered = ", ".join(pattern.replace("\\", "").split("(")[0] for pattern in _KNOWN)
    raise ServiceError(
        "ValidationException",
        f"Requested image {uri} not found. The local AWS offers: {offered}. "
        "An image of your own runs on AWS, where it is pulled from ECR.",
    )


def server(uri: str) -> str:
    """The file in `localcloud/runtime` that serves a model in this image's Python."""
    return "tensorflow_server.py" if for_uri(uri).startswith("tensorflow") else "model_server.py"


def folder(name: str) -> Path:
    """Where this version of the image lives: new requirements or another Python make a new folder."""
    requirements = REQUIREMENTS / f"{name}.txt"
    if not requirements.exists():
        raise BuildFailed(f"There is no image {name!r}. There are: {', '.join(names())}.")
    recipe = requirements.read_bytes() + f"Python {sys.version_info.major}.{sys.version_info.minor}".encode()
    stamp = hashlib.sha256(recipe).hexdigest()[:8]
    return images_folder() / f"{name}-{stamp}"


def is_ready(name: str) -> bool:
    return (folder(name) / ".ready").exists()


def ensure(name: str, progress: Callable[[str], None] | None = None) -> Path:
    """Return the image's Python, building the image first when it is not there.

    Args:
        progress: called with each line of the installer.
    Raises:
        BuildFailed: with the reason; what was downloaded is kept for the next try.
    """
    target = folder(name)
    python = target / "bin" / "python3"
    with _building[name]:
        if (target / ".ready").exists():
            return python
        target.parent.mkdir(parents=True, exist_ok=True)
        with _lock_file(target.with_name(f"{target.name}.lock")):
            if not (target / ".ready").exists():
                tell = progress or (lambda line: None)
                tell(f"Building image {name}, once; later jobs start at once.")
                _uv(tell, "venv", "--allow-existing", "--seed", "--python", sys.executable, str(target))
                requirements = str(REQUIREMENTS / f"{name}.txt")
                _install(tell, python, requirements, cpu_build="torch" in name)
                (target / ".ready").touch()
                tell(f"Image {name} is ready.")
    return python


def _install(progress: Callable[[str], None], python: Path, requirements: str, *, cpu_build: bool) -> None:
    """Install an image's packages.

    Args:
        cpu_build: take PyTorch from its own index, which has a build without CUDA. On Linux the package index has only
            the one with CUDA: some 2.5 GB to download, 4.6 GB on disk. Whoever configured an index gets what it has.
    """
    # Compiled ahead: jobs write no byte code into the image, so none would be kept otherwise.
    install = ("pip", "install", "--compile-bytecode", "--python", str(python), "-r", requirements)
    if cpu_build and sys.platform == "linux" and not _own_index():
        try:
            _uv(progress, *install, "--torch-backend", "cpu")
            return
        except BuildFailed as error:
            progress(f"{error} Taking PyTorch from the package index instead.")
    _uv(progress, *install)


def _own_index() -> bool:
    names = ("FIND_LINKS", "INDEX_URL", "EXTRA_INDEX_URL", "INDEX", "DEFAULT_INDEX", "NO_INDEX", "TORCH_BACKEND")
    return any(os.environ.get(f"{tool}_{name}") for tool in ("UV", "PIP") for name in names)


class _lock_file:
    """One build at a time over processes; the system releases the lock when its holder dies."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._file = self._path.open("w")
        if os.name == "posix":
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _uv(progress: Callable[[str], None], *arguments: str) -> None:
    environment = dict(os.environ, NO_COLOR="1", UV_LINK_MODE="hardlink")
    environment.pop("VIRTUAL_ENV", None)
    for pip_name in ("FIND_LINKS", "INDEX_URL", "EXTRA_INDEX_URL"):
        value = os.environ.get(f"PIP_{pip_name}")
        if value and f"UV_{pip_name}" not in os.environ:
            environment[f"UV_{pip_name}"] = value
    process = subprocess.Popen(
        [sys.executable, "-I", supervise.__file__, sys.executable, "-m", "uv", *arguments],
        env=environment,
        stdin=subprocess.PIPE,  # the supervisor's lifeline: a build does not outlive whoever wants it
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            progress(lines[-1])
        if process.wait() != 0:
            raise BuildFailed("The image could not be built: " + " | ".join(lines[-6:]))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def make_layer(image_python: Path, layer: Path) -> Path:
    """Make a writable layer over a shared image and return the layer's Python.

    It is a virtual environment that sees the image's packages through a `.pth` file: pip finds them there and counts
    them as installed, and puts anything new into the layer.
    """
    bin_folder = layer / "bin"
    bin_folder.mkdir(parents=True)
    base = Path(os.path.realpath(image_python))
    for name in ("python", "python3"):
        (bin_folder / name).symlink_to(base)
    for name in ("pip", "pip3"):
        (bin_folder / name).write_text('#!/bin/sh\nexec "$(dirname "$0")/python3" -m pip "$@"\n')
        (bin_folder / name).chmod(0o755)
    (layer / "pyvenv.cfg").write_text(f"home = {base.parent}\ninclude-system-site-packages = false\n")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site_packages = layer / "lib" / version / "site-packages"
    site_packages.mkdir(parents=True)
    image_packages = image_python.parents[1] / "lib" / version / "site-packages"
    (site_packages / "image.pth").write_text(f"import site; site.addsitedir({str(image_packages)!r})\n")
    return bin_folder / "python3"
