"""What programs see: how they end, and the line in which they say why."""

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene
from pytest_codeartifact.targets.workspace import Repository


@probe(settles="what login says, and how it refuses")
def program_login(scene: Scene, saw: Recorder) -> None:
    """Log pip and twine in, and pip for a repository and a domain that are not there."""
    repository, aws = scene.repository(), scene.tools().aws
    for tool in ("pip", "twine"):
        words = _login(tool, repository.domain.name, repository.name)
        saw.program(f"log in {tool}", aws.run(*words, expect=None))
    missing = scene.name("repository")
    words = _login("pip", repository.domain.name, missing)
    saw.program("log in for a missing repository", aws.run(*words, expect=None))
    words = _login("pip", scene.name("domain"), missing)
    saw.program("log in for a missing domain", aws.run(*words, expect=None))


def _login(tool: str, domain: str, repository: str) -> tuple[str, ...]:
    place = ("--domain", domain, "--repository", repository)
    return ("codeartifact", "login", "--tool", tool, *place)


@probe(settles="what pip says of a package that is missing, and of credentials that are wrong")
def program_install(scene: Scene, saw: Recorder) -> None:
    """Install a package, one that is not there, and with a token that is none."""
    repository, package = scene.repository(), scene.package("probe-installed")
    scene.publish(repository, package.wheel)
    tools = scene.tools()
    tools.pip.connect(repository.connection)
    install = ("install", "--no-deps", "--no-input")
    saw.program("install a package", tools.pip.run(*install, package.name, expect=None))
    saw.program("install a missing package", tools.pip.run(*install, "probe-absent", expect=None))
    index = f"{_with_password(repository, 'no-token')}simple/"
    saw.program(
        "install with a wrong token",
        tools.pip.run(*install, "--index-url", index, "probe-other", expect=None),
    )


@probe(settles="what twine says of a file that is there already")
def program_upload(scene: Scene, saw: Recorder) -> None:
    """Upload a wheel, the same again, and other bytes under its name."""
    repository, package = scene.repository(), scene.package("probe-uploaded")
    twine = scene.tools().twine
    twine.connect(repository.connection)
    upload = ("upload", "--non-interactive", "--disable-progress-bar", "-r", "codeartifact")
    saw.program("upload a wheel", twine.run(*upload, str(package.wheel), expect=None))
    scene.until_listed(repository, package.wheel.name)
    saw.program("upload it again", twine.run(*upload, str(package.wheel), expect=None))
    other = scene.package("probe-uploaded", requires=["idna"]).wheel
    saw.program("upload other bytes", twine.run(*upload, str(other), expect=None))


def _with_password(repository: Repository, password: str) -> str:
    """The endpoint with somebody's password in it."""
    return repository.endpoint("pypi").replace("://", f"://aws:{password}@", 1)
