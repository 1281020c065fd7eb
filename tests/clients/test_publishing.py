"""Build, twine and uv bring packages into a repository."""

from typing import TYPE_CHECKING

import pytest

from tests.support.distributions import unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_codeartifact import CodeArtifactClient

    from pytest_codeartifact.targets.packages import SamplePackage
    from pytest_codeartifact.targets.workspace import Repository
    from pytest_codeartifact.tools.toolbox import Tools

WRONG_TOKEN = "wrong-token-" + "x" * 1000


def _upload(*paths: object) -> tuple[str, ...]:
    return ("upload", "--repository", "codeartifact", *map(str, paths))


def _stored(
    client: "CodeArtifactClient", repository: "Repository", package: "SamplePackage"
) -> dict[str, int]:
    """Names and sizes of the assets of the package's version."""
    assets = client.list_package_version_assets(
        domain=repository.domain.name,
        repository=repository.name,
        format="pypi",
        package=package.name,
        packageVersion=package.version,
    )["assets"]
    return {each["name"]: each["size"] for each in assets}


@pytest.mark.parametrize("program", ["twine", "uv"])
def test_upload_stores_every_file(
    program: str,
    tools: "Tools",
    codeartifact_client: "CodeArtifactClient",
    codeartifact_repository: "Repository",
    codeartifact_package: "SamplePackage",
) -> None:
    """An upload of wheel and sdist stores both; the same once more is a success, too."""
    for _ in range(2):
        if program == "twine":
            tools.twine.run(*_upload(*codeartifact_package.paths))
        else:
            paths = map(str, codeartifact_package.paths)
            tools.uv.run("publish", "--index", "codeartifact", *paths)

    stored = _stored(codeartifact_client, codeartifact_repository, codeartifact_package)
    assert stored == {path.name: path.stat().st_size for path in codeartifact_package.paths}


def test_twine_hears_why_other_bytes_are_refused(
    tools: "Tools", make_codeartifact_package: "Callable[..., SamplePackage]"
) -> None:
    """Other bytes under a published name are a conflict; twine shows the reason when asked."""
    tools.twine.run(*_upload(make_codeartifact_package().wheel))
    changed = make_codeartifact_package(requires=["idna"])

    refused = tools.twine.run(*_upload("--verbose", changed.wheel), expect=1)

    assert "409 Conflict" in refused.stdout
    assert changed.wheel.name in refused.stdout.partition("409 Conflict")[2].replace("\n", "")


def test_uv_refuses_other_bytes_by_what_the_index_says(
    tools: "Tools", make_codeartifact_package: "Callable[..., SamplePackage]"
) -> None:
    """Uv compares with the repository's page and names both hashes."""
    tools.uv.run("publish", "--index", "codeartifact", str(make_codeartifact_package().wheel))
    changed = make_codeartifact_package(requires=["idna"])

    refused = tools.uv.run("publish", "--index", "codeartifact", str(changed.wheel), expect=2)

    assert "do not match" in refused.stderr


def test_uv_hears_of_a_conflict_without_looking_first(
    tools: "Tools",
    codeartifact_repository: "Repository",
    make_codeartifact_package: "Callable[..., SamplePackage]",
) -> None:
    """Where uv does not compare beforehand, the repository's 409 stops it."""
    publish = ("publish", "--publish-url", codeartifact_repository.endpoint("pypi"))
    tools.uv.run(*publish, str(make_codeartifact_package().wheel))
    changed = make_codeartifact_package(requires=["idna"])

    refused = tools.uv.run(*publish, str(changed.wheel), expect=2)

    assert "409" in refused.stderr


def test_upload_with_a_wrong_token_is_refused_without_showing_it(
    tools: "Tools",
    codeartifact_repository: "Repository",
    codeartifact_package: "SamplePackage",
) -> None:
    """Twine and uv name the 401; the token stands nowhere in what they print."""
    wheel = codeartifact_package.wheel
    with_twine = tools.twine.run(*_upload("--password", WRONG_TOKEN, wheel), expect=1)
    with_uv = tools.uv.run(
        *("publish", "--publish-url", codeartifact_repository.endpoint("pypi"), str(wheel)),
        env={"UV_PUBLISH_PASSWORD": WRONG_TOKEN},
        expect=2,
    )

    assert "401 Unauthorized" in with_twine.stdout
    assert "401" in with_uv.stderr
    for done in (with_twine, with_uv):
        assert WRONG_TOKEN not in done.stdout + done.stderr


def test_built_distributions_travel_from_source_to_installation(
    tools: "Tools",
    codeartifact_package: "SamplePackage",
) -> None:
    """What build makes of a source tree, twine uploads and pip installs."""
    work = tools.home.work_path
    tree = f"{codeartifact_package.module}-{codeartifact_package.version}"
    unpack(codeartifact_package.sdist, work)

    tools.build.run("--wheel", "--outdir", "dist", tree)
    [wheel] = (work / "dist").iterdir()
    tools.twine.run("check", str(wheel))
    tools.twine.run(*_upload(wheel))

    environment = tools.virtualenv("fresh")
    environment.pip("install", codeartifact_package.name)
    assert environment.installed() == {codeartifact_package.name: codeartifact_package.version}
