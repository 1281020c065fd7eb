"""A small reference model of one domain, as somebody who has read the user guide would expect it.

It knows generic packages, upstreams, origin controls, statuses, copies, package groups (their
PUBLISH restriction), policies and tags. Nothing of the emulator is used here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

NAMESPACE = "space"
PATTERNS = ("/*", "/generic/*", f"/generic/{NAMESPACE}/*", f"/generic/{NAMESPACE}/demo$")
"""The only patterns used, from the least to the most specific."""


class Refused(Exception):
    """The service's exception without its `Exception`, such as `Conflict`."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version: `content` stays what it was when the version is disposed of."""

    status: str
    entered: str
    content: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def assets(self) -> Mapping[str, bytes]:
        """The files that can still be had."""
        return {} if self.status == "Disposed" else self.content


@dataclass(slots=True)
class Package:
    """A package in one repository with its origin controls."""

    publish: str = "ALLOW"
    upstream: str = "BLOCK"
    versions: dict[str, Version] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Repository:
    """A repository; upstreams are references, so that a namesake is another one."""

    name: str
    upstreams: list["Repository"] = field(default_factory=list)
    packages: dict[str, Package] = field(default_factory=dict)


Outcome = tuple[dict[str, str], dict[str, str]]
"""The versions that changed with their status, and those that failed with the error code."""


@dataclass(slots=True)
class Model:
    """The domain; each method does what the operation of its name does, or raises Refused."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=lambda: {"/*": "ALLOW"})
    policies: dict[str, str] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=lambda: {"": {}})

    # --- Repositories ---

    def create_repository(self, name: str, upstreams: Iterable[str]) -> None:
        """Make a repository."""
        if name in self.repositories:
            raise Refused("Conflict")
        self.repositories[name] = Repository(name, self._upstreams(name, upstreams))
        self.tags[name] = {}

    def update_repository(self, name: str, upstreams: Iterable[str] | None) -> None:
        """Replace the upstreams, or look them up again by their names."""
        repository = self._repository(name)
        if upstreams is None:
            known = [self.repositories.get(upstream.name) for upstream in repository.upstreams]
            repository.upstreams = [upstream for upstream in known if upstream]
        else:
            repository.upstreams = self._upstreams(name, upstreams)

    def delete_repository(self, name: str) -> None:
        """Delete a repository, also one that is somebody's upstream."""
        self._repository(name)
        del self.repositories[name], self.tags[name]
        self.policies.pop(name, None)

    def _repository(self, name: str) -> Repository:
        if name not in self.repositories:
            raise Refused("ResourceNotFound")
        return self.repositories[name]

    def _upstreams(self, name: str, wanted: Iterable[str]) -> list[Repository]:
        names = list(wanted)
        if name in names or len(set(names)) < len(names):
            raise Refused("Validation")
        return [self._repository(upstream) for upstream in names]

    # --- Packages ---

    def put_origin(self, repository: str, package: str, publish: str, upstream: str) -> None:
        """Set origin controls, also of a package that has no versions yet."""
        known = self._repository(repository).packages.setdefault(package, Package())
        known.publish, known.upstream = publish, upstream

    def delete_package(self, repository: str, package: str) -> None:
        """Delete a package with its versions and its controls."""
        self._package(repository, package)
        del self.repositories[repository].packages[package]

    def publish(
        self,
        repository: str,
        package: str,
        version: str,
        *,
        asset: str,
        content: bytes,
        finish: bool,
    ) -> str:
        """Add an asset to a version; the version's status."""
        place = self._repository(repository)
        known = place.packages.get(package)
        if self._group_mode(package) == "BLOCK" or (known and known.publish == "BLOCK"):
            raise Refused("AccessDenied")
        held = known.versions.get(version) if known else None
        after = _with_asset(held or Version("Unfinished", repository), asset, content)
        if finish and after.status == "Unfinished":
            after = replace(after, status="Published")
        place.packages.setdefault(package, self._first(package)).versions[version] = after
        return after.status

    def _first(self, package: str) -> Package:
        """A package as its first version makes it; a group that restricts it decides alone."""
        return Package(upstream="BLOCK" if self._group_mode(package) == "ALLOW" else "ALLOW")

    def _package(self, repository: str, package: str) -> Package:
        found = self._repository(repository).packages.get(package)
        if found is None:
            raise Refused("ResourceNotFound")
        return found

    # --- Versions ---

    def change_status(
        self, place: tuple[str, str], names: Iterable[str], to: str, expected: str | None
    ) -> Outcome:
        """Give versions a status, `Disposed` and `Deleted` included; all of them or none."""
        package = self._package(*place)
        failed, changed = {}, {}
        for name in names:
            version = package.versions.get(name)
            if version is None:
                failed[name] = "NOT_FOUND"
            elif expected not in {None, version.status}:
                failed[name] = "MISMATCHED_STATUS"
            elif version.status == "Disposed" and to != "Deleted":
                failed[name] = "NOT_ALLOWED"
            else:
                changed[name] = replace(version, status=to)
        if failed:
            return {}, failed | dict.fromkeys(changed, "SKIPPED")
        package.versions |= changed
        if to == "Deleted":
            for name in changed:
                del package.versions[name]
        return dict.fromkeys(changed, to), {}

    def copy(
        self, package: str, source: str, destination: str, names: Iterable[str], *, overwrite: bool
    ) -> Outcome:
        """Copy versions; those that are the same already are not mentioned."""
        if source == destination:
            raise Refused("Validation")
        self._repository(source)
        self._repository(destination)
        here = self._package(source, package)
        target = self.repositories[destination].packages.get(package)
        failed, copied = {}, {}
        for name in names:
            version = here.versions.get(name)
            there = target.versions.get(name) if target else None
            code = _copy_failure(version, there, overwrite=overwrite)
            if code:
                failed[name] = code
            elif version and not _is_same(version, there):
                copied[name] = version
        if failed:
            return {}, failed | dict.fromkeys(copied, "SKIPPED")
        if copied:
            packages = self.repositories[destination].packages
            packages.setdefault(package, self._first(package)).versions |= copied
        return {name: version.status for name, version in copied.items()}, {}

    # --- Package groups ---

    def create_group(self, pattern: str) -> None:
        """Make a group that inherits everything."""
        if pattern in self.groups:
            raise Refused("Conflict")
        self.groups[pattern] = "INHERIT"

    def delete_group(self, pattern: str) -> None:
        """Delete a group other than the root."""
        if pattern not in self.groups:
            raise Refused("ResourceNotFound")
        del self.groups[pattern]

    def restrict_group(self, pattern: str, mode: str) -> None:
        """Say who may publish into a group."""
        if pattern not in self.groups:
            raise Refused("ResourceNotFound")
        self.groups[pattern] = mode

    def group_of(self, package: str) -> str:
        """The most specific group of a package."""
        return max((p for p in self.groups if _matches(p, package)), key=PATTERNS.index)

    def _group_mode(self, package: str) -> str:
        for pattern in reversed(PATTERNS):
            mode = self.groups.get(pattern, "INHERIT")
            if mode != "INHERIT" and _matches(pattern, package):
                return mode
        raise AssertionError

    # --- Policies and tags: of the domain under the empty name ---

    def check_place(self, name: str) -> None:
        """Refuse when there is no such repository; the domain is always there."""
        if name:
            self._repository(name)

    def put_policy(self, name: str, document: str) -> None:
        """Attach a policy."""
        self.check_place(name)
        self.policies[name] = document

    def delete_policy(self, name: str) -> str:
        """Take a policy away; returns it."""
        self.check_place(name)
        if name not in self.policies:
            raise Refused("ResourceNotFound")
        return self.policies.pop(name)


def _with_asset(version: Version, asset: str, content: bytes) -> Version:
    if version.status in {"Archived", "Disposed"}:
        raise Refused("Conflict")
    there = version.content.get(asset)
    if there not in {None, content}:
        raise Refused("Conflict")
    if there is None and version.status != "Unfinished":
        raise Refused("Conflict")
    return replace(version, content={**version.content, asset: content})


def _is_same(version: Version, there: Version | None) -> bool:
    return there is not None and there.assets == version.assets


def _copy_failure(version: Version | None, there: Version | None, *, overwrite: bool) -> str | None:
    if version is None:
        return "NOT_FOUND"
    if version.status not in {"Published", "Unlisted"}:
        return "NOT_ALLOWED"
    if there is None or _is_same(version, there):
        return None
    if not overwrite:
        return "ALREADY_EXISTS"
    return "NOT_ALLOWED" if there.status == "Disposed" else None


def _matches(pattern: str, package: str) -> bool:
    path = f"/generic/{NAMESPACE}/{package}"
    return path == pattern[:-1] if pattern.endswith("$") else path.startswith(pattern[:-1])
