"""The people of the demo canteen: organisations and diners, all of them invented.

Phone numbers start with 154, a range no operator gives out, so that no message ever
reaches a stranger. Names are surname and given name drawn at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.domain.people import DinerGroup, PhoneNumber

if TYPE_CHECKING:
    from random import Random

ORGANISATIONS: Final = 87
DINERS: Final = 3741
_NO_OPERATOR: Final = "154"

_OFFICES: Final = """
党委办公室 人大常委会办公室 政府办公室 政协办公室 纪委监委机关 组织部 宣传部
统战部 政法委 政策研究室 网信办 编办 机关工委 巡察办 老干部局 信访局 档案馆
党校 保密局 总工会 团委 妇联 科协 文联 残联 工商联 红十字会 侨联 法学会
发展和改革委员会 教育局 科学技术局 工业和信息化局 民族事务委员会 公安局 民政局
司法局 财政局 人力资源和社会保障局 自然资源局 生态环境局 住房和城乡建设局
城市管理局 交通运输局 水务局 农业农村局 商务局 文化旅游广电局 卫生健康委员会
退役军人事务局 应急管理局 审计局 市场监督管理局 体育局 统计局 医疗保障局
乡村振兴局 审批服务管理局 地方金融工作局 国防动员办公室 投资促进局 林业和草原局
机关事务管理局 供销合作社 住房公积金管理中心 公共资源交易中心 政务服务中心
大数据中心 电子政务中心 会计核算中心 国库集中支付中心 房屋征收中心 气象服务中心
地震监测中心 疾病预防控制中心 食品检验中心 环境监测站 劳动监察支队
文化执法支队 交通执法支队 不动产登记中心 职业能力鉴定中心 社会保险中心
医保服务中心 融媒体中心 机关后勤服务中心 机关幼儿园
"""
_SURNAMES: Final = (
    "马马马马马王王王李李李张张张刘刘杨杨陈陈赵赵丁丁金金白白沙哈纳海田何吴周徐孙胡"
    "朱高林郭罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾魏薛叶阎余潘杜戴"
    "夏钟汪任姜范方石姚谭廖邹熊陆郝孔崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武"
)
_GIVEN: Final = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂文辉力斌波宁宇浩凯健俊帆帅旭晨晓"
    "东海燕红梅兰英玉华春秋冬雪云龙飞鹏志国庆建学林森瑞祥福生荣光亮婷慧颖琳怡佳欣"
)
_PORTRAITS: Final = {
    "grace_hopper.jpg": "霍珀（演示）",
    "astronaut.png": "柯林斯（演示）",
}


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation (单位) whose people eat here."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class DemoDiner:
    """An invented diner; `portrait` names the public-domain picture of a face payer."""

    id: str
    name: str
    organisation: str
    group: DinerGroup
    usual_hall: str
    phone: PhoneNumber
    card: str
    portrait: str | None = None


def organisations() -> tuple[Organisation, ...]:
    """Give all organisations, generic names without a city."""
    return tuple(
        Organisation(f"U{number:02d}", name)
        for number, name in enumerate(_OFFICES.split(), start=1)
    )


def diners(
    random: Random, halls: tuple[str, str], units: tuple[Organisation, ...]
) -> tuple[DemoDiner, ...]:
    """Invent all diners; the first two pay with the demo portraits."""
    cards = random.sample(range(10**9, 10**10), DINERS)
    sizes = [random.randint(12, 90) for _ in units]
    portraits = list(_PORTRAITS.items())
    found = []
    for number in range(DINERS):
        portrait, name = portraits[number] if number < len(portraits) else (None, "")
        found.append(
            DemoDiner(
                id=f"P{number + 1:05d}",
                name=name or _name(random),
                organisation=random.choices(units, sizes)[0].code,
                group=random.choices(tuple(DinerGroup), (86, 11, 3))[0],
                usual_hall=random.choices(halls, (70, 30))[0],
                phone=PhoneNumber(f"{_NO_OPERATOR}{random.randrange(10**8):08d}"),
                card=str(cards[number]),
                portrait=portrait,
            )
        )
    return tuple(found)


def _name(random: Random) -> str:
    given = random.choice(_GIVEN) + random.choice(("", random.choice(_GIVEN)))
    return random.choice(_SURNAMES) + given
