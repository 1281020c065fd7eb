"""Who is let in at the endpoint for Python packages, and what the others are told."""

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene, basic
from pytest_codeartifact.targets import Capability

_PAGE = "simple/probe-access/"


@probe(settles="the status, challenge and body for each way to present a token, or none")
def credentials(scene: Scene, saw: Recorder) -> None:
    """Ask for a page without a token, with good ones and with bad ones."""
    repository = scene.repository()
    scene.publish(repository, scene.package("probe-access").wheel)
    token, foreign = scene.token(), scene.token(scene.new_domain())
    for step, authorization in (
        ("no credentials", ""),
        ("the user aws and a word", basic("x")),
        ("the user aws and no password", basic("")),
        ("another user and a token", basic(token, "other")),
        ("a bearer token", f"Bearer {token}"),
        ("the bare token", token),
        ("a token without its end", basic(token[:-8])),
        ("a token of another domain", basic(foreign)),
        ("the user aws and a token", basic(token)),
    ):
        saw.http(step, scene.get(repository, _PAGE, authorization=authorization))
    file = f"{_PAGE}1.0.0/probe_access-1.0.0-py3-none-any.whl"
    saw.http("a file without credentials", scene.get(repository, file, authorization=""))
    npm = f"{repository.endpoint('npm')}probe-absent/-/probe-absent-1.0.0.tgz"
    saw.http("a file of npm without credentials", scene.http("GET", npm))


@probe(settles="the status and body for what is not there, or not served")
def paths(scene: Scene, saw: Recorder) -> None:
    """Ask for pages of missing things, and for paths that clients try."""
    repository = scene.repository()
    scene.publish(repository, scene.package("probe-access").wheel)
    for step, path in (
        ("a missing package", "simple/probe-absent/"),
        ("a missing file", f"{_PAGE}1.0.0/probe_access-1.0.0.zip"),
        ("a missing version", f"{_PAGE}9.9/probe_access-9.9-py3-none-any.whl"),
        ("the list of all packages", "simple/"),
        ("the list without a slash", "simple"),
        ("the endpoint itself", ""),
        ("the old JSON interface", "probe-access/json"),
        ("a page without a slash", _PAGE.rstrip("/")),
        ("a page with a double slash", f"/{_PAGE}"),
        ("a name that is not normalised", "simple/Probe_Access/"),
    ):
        saw.http(step, scene.get(repository, path))
    authorization = {"authorization": basic(scene.token())}
    elsewhere = repository.endpoint("pypi").replace(repository.name, scene.name("repository"))
    saw.http("a missing repository", scene.http("GET", elsewhere + _PAGE, authorization))
    saw.http("a missing repository without credentials", scene.http("GET", elsewhere + _PAGE))


@probe(
    settles="the status, headers and body for a token whose principal may not read or publish",
    needs=[Capability.IDENTITIES],
)
def token_of_who_may_not(scene: Scene, saw: Recorder) -> None:
    """Read and publish with the token of a role that may only ask for one."""
    repository = scene.repository()
    scene.publish(repository, scene.package("probe-access").wheel)
    role = scene.role(["codeartifact:GetAuthorizationToken", "sts:GetServiceBearerToken"])
    given = {"authorization": basic(role.token(repository.domain))}
    endpoint = repository.endpoint("pypi")
    saw.http("the page", scene.http("GET", endpoint + _PAGE, given))
    saw.http("a missing package", scene.http("GET", f"{endpoint}simple/probe-absent/", given))
    saw.http(
        "an upload",
        scene.upload(
            repository, scene.package("probe-other").wheel, authorization=given["authorization"]
        ),
    )
    npm = repository.endpoint("npm")
    saw.http("a package of npm", scene.http("GET", f"{npm}probe-absent", given))


@probe(
    settles="whether a token of before works on after its role lost every permission",
    needs=[Capability.IDENTITIES],
)
def token_of_who_may_no_more(scene: Scene, saw: Recorder) -> None:
    """Use one token while its role may read, and afterwards."""
    repository = scene.repository()
    scene.publish(repository, scene.package("probe-access").wheel)
    asking = ["codeartifact:GetAuthorizationToken", "sts:GetServiceBearerToken"]
    role = scene.role([*asking, "codeartifact:ReadFromRepository"])
    given = basic(role.token(repository.domain))
    saw.http("while it may read", scene.get(repository, _PAGE, authorization=given))
    role.allow(asking)
    saw.http("after it may not", scene.get(repository, _PAGE, authorization=given))


@probe(
    settles="whether reading through an upstream needs any right on the upstream",
    needs=[Capability.IDENTITIES],
)
def reading_through_an_upstream(scene: Scene, saw: Recorder) -> None:
    """Read what an upstream has with a role that may read one repository alone."""
    upstream = scene.repository()
    downstream = scene.repository(upstreams=[upstream])
    wheel = scene.package("probe-access").wheel
    scene.publish(upstream, wheel)
    role = scene.role(
        [
            "codeartifact:GetAuthorizationToken",
            "sts:GetServiceBearerToken",
            {
                "Effect": "Allow",
                "Action": "codeartifact:ReadFromRepository",
                "Resource": downstream.arn,
            },
        ]
    )
    given = basic(role.token(downstream.domain))
    saw.http("the page", scene.get(downstream, _PAGE, authorization=given))
    saw.http("the file", scene.get(downstream, f"{_PAGE}1.0.0/{wheel.name}", authorization=given))
    saw.http("the page of the upstream itself", scene.get(upstream, _PAGE, authorization=given))
