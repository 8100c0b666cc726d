"""Settings of one till, from the environment (`CANTEEN_...`) or a `.env` file.

Secrets come only from here; nothing secret has a default.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.recognition.weights import folder


class Settings(BaseSettings):
    """What a technician may set. Paths are relative to the working directory."""

    model_config = SettingsConfigDict(
        env_prefix="CANTEEN_", env_file=".env", extra="ignore"
    )

    db: Path = Path("var/terminal.db")
    """The till's own database; its journal lies beside it unless `journal` says so."""
    journal: Path | None = None
    """Second copy of every sale, best on a second disk."""
    weights: Path = Field(default_factory=folder)
    """Neural weights and demo portraits that `make setup` unpacked."""
    face_key: SecretStr | None = None
    """Base64 of the 32-byte key that encrypts face templates; unset: no faces."""
    threads: int = 2
    """Threads for recognition; one beats two when another job holds a core."""
    camera: str | None = None
    scale: str | None = None
    printer: str | None = None
    reader: str | None = None
    """Device addresses such as `camera://0` or `serial:///dev/ttyUSB0`."""

    @property
    def devices(self) -> dict[str, str]:
        """The devices that are set, by role."""
        roles = {
            "camera": self.camera,
            "scale": self.scale,
            "printer": self.printer,
            "reader": self.reader,
        }
        return {role: url for role, url in roles.items() if url}
