"""`canteen doctor`: is this machine fit to settle trays, and if not, what to do."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from hardware.devices import probe
from models.domain.errors import CanteenError
from models.recognition.gallery import KEY_VARIABLE, FaceKey
from models.recognition.weights import verify
from models.sync.rules import Link, chain_breaks
from pos_terminal.store import AlreadyRunning, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pos_terminal.config import Settings

_FREE_BYTES: Final = 2 * 2**30
_BUILT: Final = 1_790_000_000
"""No correct clock is before this program was written (2026-09)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing checked: `cure` says what to do when it is not well."""

    subject: str
    well: bool
    said: str
    cure: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Check weights, database, clock, disk, face key and devices, one after another."""
    yield _weights(settings.weights)
    yield _database(settings)
    yield _clock()
    yield _disk(settings.db.parent)
    yield _face_key(settings)
    for role, url in settings.devices.items():
        yield _device(role, url)
    if not settings.devices:
        yield Finding(
            "设备 devices",
            well=True,
            said="未配置，照片和重量由命令给出 none set",
            cure="在 .env 中设置 CANTEEN_CAMERA、CANTEEN_SCALE 等",
        )


def _weights(folder: Path) -> Finding:
    problems = verify(folder)
    if not problems:
        return Finding("权重 weights", well=True, said=str(folder))
    said = "；".join(problem.message() for problem in problems)
    return Finding("权重 weights", well=False, said=said, cure="运行 make setup")


def _database(settings: Settings) -> Finding:
    subject = "数据库 database"
    if not settings.db.exists():
        cure = "运行 canteen menu init 或 canteen terminal load"
        return Finding(subject, well=True, said=f"尚未建立 {settings.db}", cure=cure)
    try:
        with Store(settings.db, settings.journal) as store, store.reading() as session:
            answer = session.scalar(text("PRAGMA quick_check"))
            facts = store.facts()
    except AlreadyRunning as running:
        return Finding(subject, well=True, said=running.message())
    except Exception as broken:  # noqa: BLE001 - whatever a damaged file raises
        cure = "停用本终端，保留数据库和流水文件，联系技术人员"
        return Finding(subject, well=False, said=str(broken), cure=cure)
    breaks = chain_breaks(map(Link.of, facts))
    well = answer == "ok" and not breaks
    whole = f"{settings.db}，{len(facts)} 条记录，流水一致"
    said = whole if well else f"{answer}，{len(breaks)} 处断链"
    return Finding(subject, well, said, "" if well else "由流水文件重建，联系技术人员")


def _clock() -> Finding:
    now = time.time()
    well = now > _BUILT
    said = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(now))
    return Finding(
        "时钟 clock", well, said, "" if well else "校准系统时间（timedatectl）"
    )


def _disk(folder: Path) -> Finding:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    well = free >= _FREE_BYTES
    said = f"剩余 {free / 2**30:.1f} GiB"
    return Finding("磁盘 disk", well, said, "" if well else "清理磁盘，至少留出 2 GiB")


def _face_key(settings: Settings) -> Finding:
    subject = "人脸密钥 face key"
    if settings.face_key is None:
        cure = f"刷脸需要设置 {KEY_VARIABLE}（canteen terminal key 可生成）"
        return Finding(subject, well=True, said="未设置，可刷卡或扫码", cure=cure)
    try:
        key = FaceKey.from_environment(
            {KEY_VARIABLE: settings.face_key.get_secret_value()}
        )
    except CanteenError as error:
        return Finding(subject, well=False, said=error.message(), cure="检查 .env")
    return Finding(subject, well=True, said=f"已设置（{key.key_id[:6]}…）")


def _device(role: str, url: str) -> Finding:
    subject = f"设备 {role}"
    try:
        probe(url)
    except CanteenError as error:
        return Finding(subject, well=False, said=error.message(), cure="检查后重试")
    return Finding(subject, well=True, said=url)
