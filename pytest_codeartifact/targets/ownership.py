"""Whose something in a shared account is: names and tags that say run, owner and end of life.

Both are set in the request that makes a resource, so that there is no moment at which nobody could
tell whose it is. Sources: "Tag a domain in CodeArtifact" (CodeArtifact User Guide), "Tag naming
limits and requirements" (Tagging AWS Resources).
"""

import itertools
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

DEFAULT_PREFIX = "pca"
PREFIX_PATTERN = r"[a-z][a-z0-9]{1,11}"
"""A prefix; what follows it must fit into a domain's name, which has at most 50 characters."""

_TAG = "pytest-codeartifact:"
RUN_TAG = f"{_TAG}run"
OWNER_TAG = f"{_TAG}owner"
EXPIRES_TAG = f"{_TAG}expires-at"
VERSION_TAG = f"{_TAG}version"
TAGS = (RUN_TAG, OWNER_TAG, EXPIRES_TAG, VERSION_TAG)

ROLE_PATH = "/pytest-codeartifact/"
"""The path of all roles that a run makes, which policies can name."""

_STAMP = "%Y%m%dt%H%M"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_RUN = re.compile(r"[0-9a-f]{8}")
# Tags take these characters besides letters, digits and blanks.
_NOT_IN_TAGS = re.compile(r"[^\w .:/=+@-]", re.ASCII)
_LONGEST_OWNER = 128


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who makes a resource, in which run, and until when it may exist. Times are UTC."""

    prefix: str
    run: str
    owner: str
    started: datetime
    expires: datetime
    version: str

    @property
    def stem(self) -> str:
        """How the names of all that this run makes begin, such as pca-20261128t1649-9f3c01ab."""
        return f"{self.prefix}-{self.started:{_STAMP}}-{self.run}"

    def tags(self) -> dict[str, str]:
        """The tags of all that this run makes."""
        return {
            RUN_TAG: self.run,
            OWNER_TAG: _NOT_IN_TAGS.sub("-", self.owner)[:_LONGEST_OWNER],
            EXPIRES_TAG: self.expires.strftime(_TIME),
            VERSION_TAG: self.version,
        }


@dataclass(frozen=True, slots=True)
class Claim:
    """What the tags of a resource say of it: that it is a run's, and since when nobody's."""

    run: str
    owner: str
    expires: datetime
    version: str

    @classmethod
    def read(cls, tags: Mapping[str, str]) -> "Claim | None":
        """What tags say; None unless all of ours are there and can be read."""
        if not all(tags.get(name) for name in TAGS) or not _RUN.fullmatch(tags[RUN_TAG]):
            return None
        try:
            expires = datetime.strptime(tags[EXPIRES_TAG], _TIME).replace(tzinfo=UTC)
        except ValueError:
            return None
        return cls(tags[RUN_TAG], tags[OWNER_TAG], expires, tags[VERSION_TAG])


@dataclass(frozen=True, slots=True)
class Naming:
    """How what a workspace makes is called, and which tags it gets; numbers go up in a process.

    `owned` is what the name of a domain must begin with where it is chosen; empty for any.
    """

    stem: str
    tags: Mapping[str, str] = field(default_factory=dict)
    owned: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    def name(self) -> str:
        """A name for a domain, repository, role or project that nobody else uses."""
        return f"{self.stem}-{next(self._numbers)}"


def naming_of(ownership: Ownership) -> Naming:
    """Names of a process of a run: those of other processes of it differ, too."""
    stem = f"{ownership.stem}-{secrets.token_hex(2)}"
    return Naming(stem, ownership.tags(), ownership.stem)


ANONYMOUS = Naming(f"{DEFAULT_PREFIX}-{secrets.token_hex(3)}")
"""Names of a process that works with an emulator: nobody has to find out whose they are."""
