"""Image environments: built once from pinned requirements, and a thin layer of its own for each job."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from localcloud.jobs import images
from localcloud.protocol import ServiceError


@pytest.mark.parametrize("name", images.names())
def test_every_package_of_an_image_has_its_exact_version(name: str) -> None:
    lines = (images.REQUIREMENTS / f"{name}.txt").read_text().splitlines()
    packages = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert packages
    assert all("==" in line for line in packages)


def test_addresses_of_amazons_registry_lead_to_images() -> None:
    account = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
    assert images.for_uri(f"{account}/sagemaker-scikit-learn:1.9-0-cpu-py3") == "sklearn-1.9-0"
    assert images.for_uri("sagemaker-scikit-learn:1.9-0") == "sklearn-1.9-0"
    for other in ("sagemaker-scikit-learn:1.2-1", f"{account}/sagemaker-scikit-learn:1.9-0-gpu", "", "../x"):
        with pytest.raises(ServiceError, match="not found"):
            images.for_uri(other)


def wheel(folder: Path, name: str, code: str) -> Path:
    """A pure Python wheel of one module."""
    path, info = folder / f"{name}-1.0-py3-none-any.whl", f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", code)
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "".join(f"{part},,\n" for part in (f"{name}.py", f"{info}/METADATA")))
    return path


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that plays localcloud/jobs/images, with one image of one package; images are built below tmp_path."""
    monkeypatch.setenv("LOCALCLOUD_IMAGES", str(tmp_path / "built"))
    monkeypatch.setattr(images, "REQUIREMENTS", tmp_path)
    package = wheel(tmp_path, "inimage", "WHERE = 'image'")
    (tmp_path / "tiny-1.txt").write_text(f"inimage @ {package.as_uri()}\n")
    return tmp_path


def run(python: Path, code: str) -> str:
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.image
def test_an_image_is_built_once_with_progress_and_each_job_has_its_own_layer(tiny: Path) -> None:
    told: list[str] = []
    python = images.ensure("tiny-1", told.append)
    assert told[0].startswith("Building image tiny-1")
    assert told[-1] == "Image tiny-1 is ready."
    assert run(python, "import inimage; print(inimage.WHERE)") == "image"
    again: list[str] = []
    assert images.ensure("tiny-1", again.append) == python
    assert again == []

    mine, other = (images.make_layer(python, tiny / name) for name in ("mine", "other"))
    own = wheel(tiny, "inlayer", "WHERE = 'layer'")
    subprocess.run([str(mine.parent / "pip"), "install", "-q", "--no-index", str(own)], check=True, env={})
    assert run(mine, "import inimage, inlayer; print(inimage.WHERE, inlayer.WHERE)") == "image layer"
    assert run(mine, "import sys; print(sys.prefix)") == str(tiny / "mine")
    for python_without in (other, python):
        with pytest.raises(subprocess.CalledProcessError):
            run(python_without, "import inlayer")


@pytest.mark.image
def test_a_build_that_fails_says_why_and_is_tried_again(tiny: Path) -> None:
    (tiny / "bad-1.txt").write_text(f"missing @ {(tiny / 'missing-1.0-py3-none-any.whl').as_uri()}\n")
    with pytest.raises(images.BuildFailed, match="missing"):
        images.ensure("bad-1")
    assert not images.is_ready("bad-1")
    wheel(tiny, "missing", "")
    images.ensure("bad-1")
    assert images.is_ready("bad-1")


def test_new_requirements_make_a_new_image(tiny: Path) -> None:
    before = images.folder("tiny-1")
    (tiny / "tiny-1.txt").write_text("other==1.0\n")
    assert images.folder("tiny-1") != before
    with pytest.raises(images.BuildFailed, match="There is no image 'none'"):
        images.folder("none")
