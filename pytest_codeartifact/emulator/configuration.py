"""What an emulator is started with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_codeartifact.emulator.quotas import Quotas

DEFAULT_REGION = "ap-southeast-1"
DEFAULT_ACCOUNT = "111122223333"
BUILDS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Configuration:
    """`upstreams` says where external connections such as `public:pypi` point.

    More builds of CodeBuild than `builds_at_once` wait for each other.
    """

    state_path: Path
    region: str = DEFAULT_REGION
    account: str = DEFAULT_ACCOUNT
    upstreams: Mapping[str, str] = field(default_factory=dict)
    quotas: Quotas = field(default_factory=Quotas)
    builds_at_once: int = BUILDS_AT_ONCE
