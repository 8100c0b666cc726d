"""The comparison engine: never for payment, clear when it is not installed."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from models.recognition.faces import FaceReader, NotForPayment, Seen
from models.recognition.faces_dlib import Dlib, DlibMissing
from models.recognition.runtime import read_picture

WEIGHTS = Path(os.environ.get("CANTEEN_WEIGHTS", Path(__file__).parents[3] / "weights"))
INSTALLED = find_spec("dlib") is not None


@pytest.mark.skipif(INSTALLED, reason="the extra is installed here")
def test_without_the_extra_the_way_to_get_it_is_told() -> None:
    with pytest.raises(DlibMissing, match="pip install"):
        Dlib()


@pytest.mark.weights
@pytest.mark.skipif(not INSTALLED, reason="needs the extra `dlib`")
def test_dlib_sees_a_portrait_but_may_not_pay() -> None:
    engine = Dlib()
    with pytest.raises(NotForPayment):
        FaceReader(engine)
    reader = FaceReader(engine, comparing=True)
    seen = reader.look(read_picture(WEIGHTS / "portraits" / "grace_hopper.jpg"))
    assert isinstance(seen, Seen)
    assert np.linalg.norm(seen.vector) == pytest.approx(1.0, abs=1e-5)
    assert abs(seen.face.yaw_deg) < 20
