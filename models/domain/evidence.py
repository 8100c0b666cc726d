"""What recognisers say and what settling makes of it; flows see only these values.

A recogniser answers `Match`, `Ambiguous` or `Unknown`, never a silent guess.
Settling answers with a verdict: `Charge`, `Ask` the one question that gains most, or
`Refuse` with the reasons a person can act on. Probabilities are integers in ppm.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from models.domain.serving import Portion
    from models.domain.units import Mass, Money, Ppm

T = TypeVar("T")

MOST_OPTIONS: Final = 3
"""Large pictures a diner takes in at a glance."""


class Reason(StrEnum):
    """Why a recogniser does not know, in the words shown at the till."""

    NOT_ON_MENU = "not_on_menu"
    TWO_TOO_CLOSE = "two_too_close"
    CUT_BY_FRAME = "cut_by_frame"
    HAND_IN_PICTURE = "hand_in_picture"
    GLARE = "glare"
    EMPTY_PLATE = "empty_plate"
    TWO_DISHES_ON_PLATE = "two_dishes_on_plate"
    LIDDED = "lidded"
    UNDER_A_BOWL = "under_a_bowl"
    FOREIGN_OBJECT = "foreign_object"
    NO_PLATE = "no_plate"
    NO_FACE = "no_face"
    TWO_FACES = "two_faces"
    FACE_CUT_OFF = "face_cut_off"
    FACE_TOO_SMALL = "face_too_small"
    FACE_BLURRED = "face_blurred"
    FACE_TURNED = "face_turned"
    FACE_BADLY_LIT = "face_badly_lit"
    NOT_ENROLLED = "not_enrolled"
    SECOND_FACTOR = "second_factor"
    MASS_DISAGREES = "mass_disagrees"
    WEIGH_ALONE = "weigh_alone"

    @property
    def chinese(self) -> str:
        """What the diner or attendant reads, with the way on."""
        return _REASONS[self]


_REASONS = {
    Reason.NOT_ON_MENU: "今日菜单中没有这道菜，请选择菜品",
    Reason.TWO_TOO_CLOSE: "两道菜太像，请点选",
    Reason.CUT_BY_FRAME: "盘子超出画面，请把餐盘往中间放",
    Reason.HAND_IN_PICTURE: "画面中有手，请移开",
    Reason.GLARE: "反光太强，请稍微移动餐盘",
    Reason.EMPTY_PLATE: "空盘，不计价",
    Reason.TWO_DISHES_ON_PLATE: "一个盘里有两道菜，请点选两道半份",
    Reason.UNDER_A_BOWL: "碗下的垫盘，不计价",
    Reason.LIDDED: "盒盖未打开，请打开盒盖或点选菜品",
    Reason.FOREIGN_OBJECT: "托盘上有手机、钥匙等物品，请拿开",
    Reason.NO_PLATE: "没有看到盘子，请把餐盘放在台面上",
    Reason.NO_FACE: "没有看到人脸，请面向摄像头，或刷卡、扫码",
    Reason.TWO_FACES: "画面中有两个人，请一人结账",
    Reason.FACE_CUT_OFF: "人脸不完整，请站到画面中间",
    Reason.FACE_TOO_SMALL: "离得太远，请靠近一些",
    Reason.FACE_BLURRED: "画面模糊，请稍停一下",
    Reason.FACE_TURNED: "请正对摄像头",
    Reason.FACE_BADLY_LIT: "脸部太暗或太亮，请稍微移动一下",
    Reason.NOT_ENROLLED: "没有认出您，请刷卡、扫码或找服务员",
    Reason.SECOND_FACTOR: "请输入手机号后四位，或刷卡、扫码",
    Reason.MASS_DISAGREES: "重量与菜品不符，请检查托盘上有无其他物品",
    Reason.WEIGH_ALONE: "有按重量计价的菜，请把它单独放上称重",
}


@dataclass(frozen=True, slots=True)
class Candidate(Generic[T]):
    """One possibility and its calibrated probability."""

    what: T
    ppm: Ppm


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """Sure enough to act on without asking."""

    what: T
    ppm: Ppm


@dataclass(frozen=True, slots=True)
class Ambiguous(Generic[T]):
    """Several possibilities, best first; a person must choose."""

    candidates: tuple[Candidate[T], ...]
    reason: Reason


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing on the list; the reason says what to do."""

    reason: Reason


Answer = Match[T] | Ambiguous[T] | Unknown


@dataclass(frozen=True, slots=True)
class Served:
    """A dish in a portion at its price: what one plate may turn out to be."""

    dish: str
    portion: Portion
    price: Money


@dataclass(frozen=True, slots=True)
class PlateVerdict:
    """The best reading of one plate.

    `served` is `None` for an empty plate or one that nothing explains; `price_ppm`
    is the posterior of the *price*, `dish_ppm` of the dish itself. `mass` is net, with
    its variance: what the weighing makes of the learned masses, if there was one.
    """

    plate: int
    served: Served | None
    price_ppm: Ppm
    dish_ppm: Ppm
    mass: Mass | None = None
    reason: Reason | None = None
    mass_variance_mg2: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """The one question whose answer gains most: what is on this plate.

    At most three options, each a large picture to tap; "none of these" opens search.
    """

    plate: int
    options: tuple[Candidate[Served], ...]
    reason: Reason

    def __post_init__(self) -> None:
        if len(self.options) > MOST_OPTIONS:
            raise ValueError(f"{len(self.options)} options are more than a glance")


@dataclass(frozen=True, slots=True)
class Charge:
    """Sure of the total: charge it. The plates add up to `total`, always.

    `reasons` are remarks that do not stop the sale, as mass that nothing explains.
    """

    plates: tuple[PlateVerdict, ...]
    total: Money
    ppm: Ppm
    reasons: tuple[Reason, ...] = ()

    def __post_init__(self) -> None:
        fen = sum(plate.served.price.fen for plate in self.plates if plate.served)
        if fen != self.total.fen:
            raise ValueError(f"plates add up to {fen} fen, charged {self.total.fen}")


@dataclass(frozen=True, slots=True)
class Ask:
    """Not sure enough: ask `question`, then decide again. `reasons` are remarks."""

    plates: tuple[PlateVerdict, ...]
    question: Question
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nothing to charge yet: the counter must be put right first."""

    plates: tuple[PlateVerdict, ...]
    reasons: tuple[Reason, ...]


Verdict = Charge | Ask | Refuse
