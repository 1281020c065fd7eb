"""Checks of packages: built, published, kept, installed, pinned."""

import re

from pytest_codeartifact.lessons.checks import check
from pytest_codeartifact.lessons.checks.asking import (
    IN_DOMAIN,
    downloads,
    many,
    versions,
)
from pytest_codeartifact.lessons.names import MODULE, PACKAGE, REPOSITORY, VERSION
from pytest_codeartifact.lessons.problems import NotYet, Refused
from pytest_codeartifact.lessons.room import Room
from pytest_codeartifact.tools.programs import site_packages
from pytest_codeartifact.tools.virtualenv import installed_distributions


@check
def built(room: Room, name: str = MODULE, version: str = VERSION) -> str:
    """Whether a wheel and a source distribution lie in dist."""
    dist = room.console.folder() / "dist"
    wanted = {f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.tar.gz"}
    found = {path.name for path in dist.glob("*")} if dist.is_dir() else set()
    if not wanted <= found:
        missing = ", ".join(sorted(wanted - found))
        raise NotYet(f"the folder dist lacks {missing}", "python3 -m build --wheel --sdist")
    return f"dist has {' and '.join(sorted(wanted))}"


@check
def published(
    room: Room, package: str = PACKAGE, version: str = VERSION, name: str = REPOSITORY
) -> str:
    """Whether a version of a package is published in the repository."""
    found = versions(room, package, name).get(version)
    if found is None or found["status"] != "Published":
        state = "" if found is None else f", it is {found['status']}"
        raise NotYet(
            f"{package} {version} is not published in {name}{state}",
            "twine upload --repository codeartifact dist/*",
        )
    origin = found["origin"]["originType"]
    told = {"INTERNAL": "you uploaded it", "EXTERNAL": "it was fetched from public:pypi"}
    return f"{package} {version} is Published in {name}; {told.get(origin, origin)}"


@check
def kept(room: Room, package: str, name: str = REPOSITORY) -> str:
    """Whether the repository has kept a public package."""
    found = [
        version
        for version, told in versions(room, package, name).items()
        if told["origin"]["originType"] == "EXTERNAL"
    ]
    if not found:
        raise NotYet(f"{name} has not kept {package} yet", f"pip download {package}")
    return f"{name} has kept {package} {', '.join(sorted(found))}, which came from public:pypi"


@check
def disposed(room: Room, package: str = PACKAGE, version: str = VERSION) -> str:
    """Whether a version of a package is gone, so that nobody can install it any more."""
    found = versions(room, package, REPOSITORY)
    if not found:
        raise Refused(f"{REPOSITORY} has no package {package}")
    status = found[version]["status"] if version in found else "gone"
    # An unlisted version can still be downloaded by those who name it.
    if status in {"Published", "Unlisted", "Unfinished"}:
        raise NotYet(
            f"{package} {version} is still {status}",
            f"aws codeartifact dispose-package-versions {IN_DOMAIN} --repository {REPOSITORY} "
            f"--format pypi --package {package} --versions {version}",
        )
    return f"{package} {version} is {status}: nobody can install it any more"


@check
def installed(room: Room, environment: str, package: str = PACKAGE, version: str = VERSION) -> str:
    """Whether a package is in a virtual environment, and came from the repository."""
    path = room.console.folder() / environment
    found = installed_distributions(site_packages(path)).get(package) if path.is_dir() else None
    if found is None or found.version != version:
        what = f"{package} {version} is not installed in {environment}"
        if not path.is_dir():
            what = f"there is no virtual environment {environment}"
            raise NotYet(what, f"virtualenv {environment}")
        raise NotYet(what, f"{environment}/bin/pip install {package}")
    within = f"/{package}/{version}/"
    file = next((each for each in reversed(downloads(room)) if within in each), None)
    if file is None:
        raise NotYet(
            f"{package} {version} is in {environment}, but the repository has never served it",
            f"{environment}/bin/pip install --force-reinstall {package}",
        )
    served = file.rpartition("/")[2]
    return f"{package} {version} is installed in {environment}; the repository served {served}"


@check
def pinned(room: Room, file: str = "requirements.txt", package: str = PACKAGE) -> str:
    """Whether a file pins a package by its hashes, and holds no token."""
    path = room.console.folder() / file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    wanted = rf"^{re.escape(package)}==\S+(?P<hashes>(?:[\s\\]+--hash=sha256:\S+)+)"
    found = re.search(wanted, text, re.MULTILINE)
    if found is None:
        raise NotYet(
            f"{file} does not pin {package} by its hashes",
            "pip-compile --quiet --generate-hashes --no-emit-index-url requirements.in",
        )
    if room.masked(text) != text:
        raise NotYet(
            f"{file} pins {package}, but a token stands in it",
            "pip-compile --quiet --generate-hashes --no-emit-index-url requirements.in",
        )
    count = found["hashes"].count("--hash=sha256:")
    return f"{file} pins {package} by {many(count, 'hash', 'hashes')}, and no token stands in it"
