"""The catalog's variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from chassis.settings import ProcessSettings


class Settings(ProcessSettings):
    """What the catalog reads beside what every process reads."""

    media_url: str = Field(
        default_factory=lambda: (Path.cwd() / ".soko" / "media").as_uri(),
        description="Where pictures are kept: file:///folder or s3://bucket/prefix.",
    )
