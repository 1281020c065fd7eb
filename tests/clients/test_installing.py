"""Pip, pip-compile and uv install from a repository."""

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
import urllib3

from tests.support.distributions import Distribution, make_wheel
from tests.support.public_registry import PublicRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from pytest_codeartifact.targets.control import Control
    from pytest_codeartifact.targets.packages import SamplePackage
    from pytest_codeartifact.targets.workspace import Repository
    from pytest_codeartifact.tools.toolbox import Tools

WRONG_TOKEN = "wrong-token-" + "x" * 1000


class _GuardedRegistry(PublicRegistry):
    """A public registry that answers nobody without its user's password."""

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> "Iterable[bytes]":
        wanted = urllib3.make_headers(basic_auth="reader:open-sesame")["authorization"]
        if environ.get("HTTP_AUTHORIZATION") == wanted:
            return PublicRegistry.__call__(self, environ, start_response)
        start_response("401 Unauthorized", [("Content-Length", "0")])
        return []


def test_pip_installs_what_runs(
    tools: "Tools", codeartifact_repository: "Repository", codeartifact_package: "SamplePackage"
) -> None:
    """An installed package comes from the repository, has the uploaded bytes, and runs."""
    codeartifact_repository.upload(*codeartifact_package.paths)
    environment = tools.virtualenv("fresh")

    environment.pip("install", codeartifact_package.name, "--report", "report.json")

    told = json.loads((tools.home.work_path / "report.json").read_text())
    [download] = [each["download_info"] for each in told["install"]]
    assert download["url"].startswith(codeartifact_repository.endpoint("pypi"))
    digest = hashlib.sha256(codeartifact_package.wheel.read_bytes()).hexdigest()
    assert download["archive_info"]["hashes"]["sha256"] == digest
    module = codeartifact_package.module
    ran = environment.run("python", "-c", f"import {module}; print({module}.hello())")
    assert codeartifact_package.name in ran.stdout


def test_pip_builds_a_source_distribution(
    tools: "Tools", codeartifact_repository: "Repository", codeartifact_package: "SamplePackage"
) -> None:
    """A repository that has only the sdist serves it to pip, which builds it."""
    codeartifact_repository.upload(codeartifact_package.sdist)
    environment = tools.virtualenv("fresh")

    environment.pip("install", codeartifact_package.name)

    assert environment.installed() == {codeartifact_package.name: codeartifact_package.version}


def test_pip_resolves_private_and_public_packages_together(
    tools: "Tools",
    connected_repository: "Repository",
    public_registry: PublicRegistry,
    public_wheels: tuple[Distribution, Distribution],
    make_codeartifact_package: "Callable[..., SamplePackage]",
) -> None:
    """A private package's public requirement is pulled through, once for two environments."""
    older, _ = public_wheels
    private = make_codeartifact_package("private", requires=[f"{older.name}<2"])
    connected_repository.upload(private.wheel)
    tools.connect(connected_repository.connection)

    for name in ("first", "second"):
        environment = tools.virtualenv(name)
        environment.pip("install", "--no-cache-dir", "private")
        assert environment.installed() == {"private": "1.0.0", older.name: "1.0"}

    assert public_registry.count(f"/files/{older.filename}") == 1
    assert public_registry.downloads == 1


def test_pip_installs_what_was_pulled_while_the_public_registry_is_down(
    tools: "Tools",
    connected_repository: "Repository",
    public_registry: PublicRegistry,
    public_wheels: tuple[Distribution, Distribution],
) -> None:
    """Once installed through the repository, a public package needs the public registry no more."""
    tools.connect(connected_repository.connection)
    tools.virtualenv("before").pip("install", "--no-cache-dir", public_wheels[0].name)
    public_registry.stop()

    environment = tools.virtualenv("after")
    environment.pip("install", "--no-cache-dir", public_wheels[0].name)

    assert environment.installed() == {public_wheels[0].name: "2.0"}


def test_files_of_a_public_registry_behind_a_password_are_pulled_through(
    tools: "Tools",
    codeartifact_emulator: "Control",
    public_registry: PublicRegistry,
    make_codeartifact_repository: "Callable[..., Repository]",
) -> None:
    """The password in the registry's address opens its files too, and pip never learns it."""
    del public_registry  # asked for, so that the connection is led back afterwards
    repository = make_codeartifact_repository(external="public:pypi")
    tools.connect(repository.connection)
    environment = tools.virtualenv("fresh")
    with _GuardedRegistry() as guarded:
        guarded.add(make_wheel("guarded"))
        address = guarded.url.replace("://", "://reader:open-sesame@")
        codeartifact_emulator.set_upstream("public:pypi", address)

        done = environment.pip("install", "-vvv", "guarded")

    assert environment.installed() == {"guarded": "1.0"}
    assert "open-sesame" not in done.stdout + done.stderr


def test_pip_leaves_out_what_was_yanked(
    tools: "Tools",
    connected_repository: "Repository",
    public_registry: PublicRegistry,
    public_wheels: tuple[Distribution, Distribution],
) -> None:
    """Pip takes the newest version that the public registry did not yank."""
    older, newer = public_wheels
    public_registry.yank(newer.filename, "broken")
    tools.connect(connected_repository.connection)
    environment = tools.virtualenv("fresh")

    environment.pip("install", older.name)

    assert environment.installed() == {older.name: "1.0"}


def test_pip_leaves_out_what_needs_another_python(
    tools: "Tools",
    connected_repository: "Repository",
    public_registry: PublicRegistry,
    public_wheels: tuple[Distribution, Distribution],
) -> None:
    """Pip takes the newest version that says it runs on this Python."""
    name = public_wheels[0].name
    public_registry.add(make_wheel(name, "3.0"), requires_python=">=4")
    tools.connect(connected_repository.connection)
    environment = tools.virtualenv("fresh")

    environment.pip("install", name)

    assert environment.installed() == {name: "2.0"}


def test_pip_says_when_nobody_has_the_package(tools: "Tools") -> None:
    """A name that no repository knows is no version at all, as on any index."""
    refused = tools.virtualenv("fresh").pip("install", "nobody-made-this", expect=1)

    assert "from versions: none" in refused.stderr


def test_pip_says_that_a_token_is_wrong_without_showing_it(
    tools: "Tools", codeartifact_repository: "Repository", codeartifact_package: "SamplePackage"
) -> None:
    """A wrong token is a 401 on pip's output, where the token itself does not stand."""
    codeartifact_repository.upload(codeartifact_package.wheel)
    wrong = codeartifact_repository.connection.index_url.replace("://", f"://aws:{WRONG_TOKEN}@")

    refused = tools.virtualenv("fresh").run(
        *("pip", "install", codeartifact_package.name), env={"PIP_INDEX_URL": wrong}, expect=1
    )

    assert "401" in refused.stderr
    assert WRONG_TOKEN not in refused.stdout + refused.stderr


def test_pip_compile_pins_hashes_that_install(
    tools: "Tools", codeartifact_repository: "Repository", codeartifact_package: "SamplePackage"
) -> None:
    """Pip-compile writes the hash of every uploaded file, and pip insists on them."""
    codeartifact_repository.upload(*codeartifact_package.paths)
    work = tools.home.work_path
    (work / "requirements.in").write_text(f"{codeartifact_package.name}\n")

    tools.pip_compile.run("--generate-hashes", "requirements.in")

    pinned = (work / "requirements.txt").read_text()
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in codeartifact_package.paths]
    assert all(f"--hash=sha256:{digest}" in pinned for digest in digests)
    environment = tools.virtualenv("fresh")
    environment.pip("install", "--require-hashes", "-r", "requirements.txt")
    assert environment.installed() == {codeartifact_package.name: codeartifact_package.version}
    (work / "requirements.txt").write_text(pinned.replace(digests[0], "0" * 64))
    refused = environment.pip(
        *("install", "--require-hashes", "--no-cache-dir", "--force-reinstall"),
        *("-r", "requirements.txt", "--only-binary", ":all:"),
        expect=1,
    )
    assert "DO NOT MATCH" in refused.stderr.upper()


def test_uv_installs_from_the_repository(
    tools: "Tools", codeartifact_repository: "Repository", codeartifact_package: "SamplePackage"
) -> None:
    """`uv pip install` gets the package with the token from its environment."""
    codeartifact_repository.upload(codeartifact_package.wheel)
    environment = tools.virtualenv("fresh")

    tools.uv.run(
        "pip", "install", "--python", str(environment.python_path), codeartifact_package.name
    )

    assert environment.installed() == {codeartifact_package.name: codeartifact_package.version}


@pytest.mark.parametrize("password", [WRONG_TOKEN, ""])
def test_uv_says_that_it_lacks_credentials(
    password: str,
    tools: "Tools",
    codeartifact_repository: "Repository",
    codeartifact_package: "SamplePackage",
) -> None:
    """Without a good token uv names the 401 and shows no token."""
    codeartifact_repository.upload(codeartifact_package.wheel)
    environment = tools.virtualenv("fresh")

    refused = tools.uv.run(
        *("pip", "install", "--python", str(environment.python_path), codeartifact_package.name),
        env={"UV_INDEX_CODEARTIFACT_PASSWORD": password},
        expect=1,
    )

    assert "401 Unauthorized" in refused.stderr
    assert WRONG_TOKEN not in refused.stderr


def test_uv_locks_and_syncs_a_project(
    tools: "Tools", codeartifact_repository: "Repository", codeartifact_package: "SamplePackage"
) -> None:
    """A project's lock file has addresses of the repository, the uploaded hash, and no token."""
    codeartifact_repository.upload(*codeartifact_package.paths)
    work = tools.home.work_path
    (work / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.9"\n'
        f'dependencies = ["{codeartifact_package.name}"]\n'
    )
    python = ("--python", str(tools.home.python_path))

    tools.uv.run("lock", *python)
    tools.uv.run("sync", "--locked", *python)

    locked = (work / "uv.lock").read_text()
    assert hashlib.sha256(codeartifact_package.wheel.read_bytes()).hexdigest() in locked
    assert f"{codeartifact_repository.endpoint('pypi')}simple/" in locked
    assert "eyJ" not in locked
    ran = tools.uv.run(
        *("run", "--locked", *python, "python", "-c"),
        f"import {codeartifact_package.module} as m; print(m.hello())",
    )
    assert codeartifact_package.name in ran.stdout
