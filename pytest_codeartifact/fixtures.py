"""The public fixtures. Each is thin: what they give works without pytest too."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_codeartifact import targets
from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.settings import Settings

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

    from pytest_codeartifact.targets import RunTarget
    from pytest_codeartifact.targets.builds import Build
    from pytest_codeartifact.targets.control import Control, Events
    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.gateway import Gateway
    from pytest_codeartifact.targets.packages import SamplePackage
    from pytest_codeartifact.targets.roles import Policy, Role
    from pytest_codeartifact.targets.workspace import BotoWorkspace, Domain, Repository
    from pytest_codeartifact.tools.toolbox import Tools


_NO_EMULATOR = "this needs the emulator, which a real account is not; use --codeartifact=local"


@contextlib.contextmanager
def _said_plainly() -> Iterator[None]:
    """Report a problem of the run as its one line, without a traceback into this plugin."""
    try:
        yield
    except CodeArtifactError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="session")
def codeartifact_settings(pytestconfig: pytest.Config) -> Settings:
    """Region, account and other settings of this run, each with its source."""
    return targets.settings_of(pytestconfig)


@pytest.fixture(scope="session")
def codeartifact_target(
    pytestconfig: pytest.Config, codeartifact_settings: Settings
) -> "RunTarget":
    """Where AWS calls go: `.client()`, `.environment()` for programs, `.capabilities`."""
    del codeartifact_settings  # asked for, so that a bad setting shows as itself
    with _said_plainly():
        return targets.target_of(pytestconfig)


@pytest.fixture(scope="session")
def codeartifact_client(codeartifact_target: "RunTarget") -> "CodeArtifactClient":
    """A boto3 CodeArtifact client of the target; on the emulator no AWS configuration is read."""
    return codeartifact_target.client()


@pytest.fixture(scope="session")
def codeartifact_emulator(codeartifact_target: "RunTarget") -> "Control":
    """Control of the emulator: move its clock, read its requests and crashes, set upstreams."""
    control = codeartifact_target.control
    if control is None:
        pytest.skip(_NO_EMULATOR)
    return control


@pytest.fixture
def codeartifact_private(pytestconfig: pytest.Config) -> "Iterator[EmulatorTarget]":
    """An emulator of this test alone, for what others must not notice: clock, faults, reset."""
    if targets.settings_of(pytestconfig).is_on_account:
        pytest.skip(_NO_EMULATOR)
    with _said_plainly(), targets.private_target(pytestconfig) as target:
        yield target
        crashes = target.control.crashes()
    if crashes:
        seen = "\n".join(f"the emulator crashed on {crash}" for crash in crashes)
        pytest.fail(seen, pytrace=False)


@pytest.fixture
def codeartifact_role(codeartifact_target: "RunTarget") -> "Iterator[Callable[..., Role]]":
    """Call it with a policy for a role that may do exactly this: `.client()`, `.environment()`."""
    roles = codeartifact_target.roles()

    def role(policy: "Policy") -> "Role":
        with _said_plainly():
            return roles.role(policy)

    yield role
    with _said_plainly():
        roles.close()


@pytest.fixture
def codeartifact_build(
    request: pytest.FixtureRequest, codeartifact_target: "RunTarget"
) -> "Iterator[Callable[..., Build]]":
    """Call it with a buildspec and `role_policy=…` for a build that ran under such a role."""
    builds = codeartifact_target.builds(_gateway_of(request))

    def build(buildspec: str | None = None, **how: Any) -> "Build":  # noqa: ANN401 -- as `build`
        with _said_plainly():
            return builds.build(buildspec, **how)

    yield build
    with _said_plainly():
        builds.close()


@pytest.fixture
def codeartifact_events(
    codeartifact_emulator: "Control", codeartifact_workspace: "BotoWorkspace"
) -> "Events":
    """The EventBridge events of this test's domains so far: `.all()`, `.of(package)`."""
    from pytest_codeartifact.targets.control import Events  # noqa: PLC0415 -- when used

    return Events(codeartifact_emulator, lambda: codeartifact_workspace.domains)


@pytest.fixture
def codeartifact_workspace(codeartifact_target: "RunTarget") -> "Iterator[BotoWorkspace]":
    """Makes domains and repositories that are removed after the test, the newest first."""
    workspace = codeartifact_target.workspace()
    yield workspace
    with _said_plainly():
        workspace.close()


@pytest.fixture
def make_codeartifact_domain(codeartifact_workspace: "BotoWorkspace") -> "Callable[..., Domain]":
    """Call it for another domain: `make_codeartifact_domain(name=None)`."""
    return codeartifact_workspace.domain


@pytest.fixture
def make_codeartifact_repository(
    codeartifact_workspace: "BotoWorkspace", codeartifact_domain: "Domain"
) -> "Callable[..., Repository]":
    """Call it for another repository: `(name=None, *, domain=…, upstreams=(), external=None)`."""

    def make(
        name: str | None = None,
        *,
        domain: "Domain" = codeartifact_domain,
        upstreams: "Iterable[Repository]" = (),
        external: str | None = None,
    ) -> "Repository":
        return codeartifact_workspace.repository(
            domain, name, upstreams=tuple(upstreams), external=external
        )

    return make


@pytest.fixture
def codeartifact_domain(
    codeartifact_target: "RunTarget", make_codeartifact_domain: "Callable[..., Domain]"
) -> "Domain":
    """A domain: `.name`, `.owner`, `.arn`, `.token()`; on a real account the run has one of it."""
    with _said_plainly():
        return codeartifact_target.run_domain() or make_codeartifact_domain()


@pytest.fixture
def codeartifact_repository(
    make_codeartifact_repository: "Callable[..., Repository]",
) -> "Repository":
    """A fresh, empty repository: `.endpoint("pypi")`, `.index_url`, `.upload(path)`."""
    return make_codeartifact_repository()


@pytest.fixture
def codeartifact_gateway(
    codeartifact_target: "RunTarget", tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Gateway]":
    """Lets `codeartifact_tools` of this test use AWS's real host names: `.connections()`."""
    from pytest_codeartifact.targets.gateway import Gateway  # noqa: PLC0415 -- when used

    if codeartifact_target.gateway is not None:
        yield codeartifact_target.gateway
        return
    folder = tmp_path_factory.mktemp("codeartifact-gateway")
    with contextlib.closing(Gateway.open(codeartifact_target.endpoint_url, folder)) as gateway:
        yield gateway


@pytest.fixture
def codeartifact_tools(
    request: pytest.FixtureRequest,
    codeartifact_target: "RunTarget",
    codeartifact_settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> "Tools":
    """Real programs in a private home: `.aws`, `.pip`, …, `.connect(repository.connection)`."""
    from pytest_codeartifact.tools.toolbox import Tools  # noqa: PLC0415 -- when used

    return Tools.create(
        tmp_path_factory.mktemp("codeartifact-home"),
        account=codeartifact_target.environment(),
        outside_index=codeartifact_target.outside_index()
        or codeartifact_settings.public_pypi.value,
        gateway=codeartifact_target.gateway or _gateway_of(request),
    )


def _gateway_of(request: pytest.FixtureRequest) -> "Gateway | None":
    """The test's gateway, where it or the settings ask for real host names."""
    name, settings = "codeartifact_gateway", targets.settings_of(request.config)
    if name in request.fixturenames or settings.endpoint_of_fixtures == "hosts":
        gateway: Gateway = request.getfixturevalue(name)
        return gateway
    return None


@pytest.fixture
def make_codeartifact_package(
    tmp_path_factory: pytest.TempPathFactory,
) -> "Callable[..., SamplePackage]":
    """Call it for a sample package: `(name=…, version="1.0.0", requires=())`."""
    from pytest_codeartifact.targets.packages import make_package  # noqa: PLC0415 -- when used

    folder = tmp_path_factory.mktemp("codeartifact-package")

    def make(
        name: str = "sample-package", version: str = "1.0.0", requires: Iterable[str] = ()
    ) -> "SamplePackage":
        return make_package(folder, name, version, requires)

    return make


@pytest.fixture
def codeartifact_package(
    make_codeartifact_package: "Callable[..., SamplePackage]",
) -> "SamplePackage":
    """A small package ready to upload: `.name`, `.version`, `.wheel`, `.sdist`."""
    return make_codeartifact_package()


@pytest.fixture
def codeartifact_moto(
    codeartifact_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> "Iterator[CodeArtifactClient]":
    """Moto's `mock_aws` with CodeArtifact in it, empty at first; gives a boto3 client."""
    from pytest_codeartifact.moto import mocked  # noqa: PLC0415 -- when used

    # Clients that the tested code makes without a region mean the same one.
    monkeypatch.setenv("AWS_DEFAULT_REGION", codeartifact_settings.region.value)
    with mocked(codeartifact_settings.region.value) as client:
        yield client
