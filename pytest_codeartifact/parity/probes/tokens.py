"""Authorization tokens: how long they may live, and what an expired one gets."""

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene, basic
from pytest_codeartifact.targets import Capability

_SHORTEST_SECONDS = 900


@probe(settles="the refusal of durations out of range, and its reason")
def token_durations(scene: Scene, saw: Recorder) -> None:
    """Ask for tokens of forbidden and of border durations."""
    client, domain = scene.client(), scene.domain.name
    for seconds in (60, 899, 43201, 50000):
        saw.api(
            f"a token of {seconds} seconds",
            client.get_authorization_token,
            domain=domain,
            durationSeconds=seconds,
        )
    token = scene.token(duration_seconds=_SHORTEST_SECONDS)
    saw.fact("parts of a token", token.count(".") + 1)
    saw.fact("a token is longer than 1000 characters", len(token) > 1000)  # noqa: PLR2004


@probe(
    settles="what a package manager gets for a token that has expired",
    needs=[Capability.TRAVEL],
)
def token_expired(scene: Scene, saw: Recorder) -> None:
    """Use a token after its time."""
    repository = scene.repository()
    token = scene.token(duration_seconds=_SHORTEST_SECONDS)
    page = "simple/absent/"
    saw.http("before it expires", scene.get(repository, page, authorization=basic(token)))
    scene.travel(_SHORTEST_SECONDS + 1)
    saw.http("after it expired", scene.get(repository, page, authorization=basic(token)))
