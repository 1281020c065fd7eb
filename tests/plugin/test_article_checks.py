"""Each check of the article shows what its claim says, and would show if it were otherwise."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import pytest

from pytest_codeartifact.article.checks import Fact, Observation, World, discover
from pytest_codeartifact.article.checks.logins import Secrets, secrets_in
from pytest_codeartifact.article.checks.reader import REPOSITORY
from pytest_codeartifact.article.claims import table
from pytest_codeartifact.article.grounds import ARTICLES_DOMAIN as DOMAIN
from pytest_codeartifact.article.materials import Material, Materials
from pytest_codeartifact.article.original import original
from pytest_codeartifact.article.world import Laboratory, open_laboratory
from pytest_codeartifact.redaction import redact
from pytest_codeartifact.targets import secrets_of

if TYPE_CHECKING:
    from pytest_codeartifact.targets.workspace import Domain
    from pytest_codeartifact.tools.toolbox import Tools

EXPECTED: Mapping[str, Mapping[str, Fact]] = {
    claim.check: claim.facts for claim in table() if claim.check is not None
}
ARTICLE = original().materials
LOCAL = "127.0.0.1"


@pytest.fixture(autouse=True)
def nobodys_configuration() -> None:
    """Nothing: no pytest is run in pytest here, and its cleaning up would drop modules in use."""


@pytest.fixture(scope="module")
def laboratory(pytestconfig: pytest.Config) -> "Iterator[Laboratory]":
    """One laboratory for all tests of this file."""
    with open_laboratory(pytestconfig) as laboratory:
        yield laboratory


def observe(name: str, world: World) -> Observation:
    return discover()[name](world)


def differing(name: str, observation: Observation) -> set[str]:
    """The facts that are not as the claim has them."""
    expected, observed = EXPECTED[name], observation.facts
    assert observed.keys() == expected.keys()
    return {each for each in expected if observed[each] != expected[each]}


# --- As the article says ---------------------------------------------------------------------


def test_every_check_belongs_to_a_claim() -> None:
    """There is no check that nobody asks for, and no claim asks for one that is not there."""
    assert discover().keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_check_observes_what_its_claim_says(
    name: str, laboratory: Laboratory, pytestconfig: pytest.Config
) -> None:
    """Each fact is as claimed, there is evidence, and no secret in it; nothing asks the outside."""
    world = laboratory.world(ARTICLE)
    observation = observe(name, world)
    assert dict(observation.facts) == dict(EXPECTED[name])
    assert all(
        type(observation.facts[each]) is type(EXPECTED[name][each]) for each in EXPECTED[name]
    )
    assert observation.evidence
    shown = "\n".join([*(str(each) for each in observation.evidence), str(laboratory.log())])
    assert redact(shown, secrets_of(pytestconfig)) == shown
    assert {urlsplit(each["url"]).hostname for each in world.control.fetches()} <= {LOCAL}
    assert laboratory.gateway is not None
    assert not [each.host for each in laboratory.gateway.connections() if each.is_refused]


@pytest.mark.parametrize("name", ["comes-from-codeartifact", "login-configures-tools"])
def test_check_observes_the_same_by_plain_addresses(name: str, pytestconfig: pytest.Config) -> None:
    """The address that programs use does not matter."""
    with open_laboratory(pytestconfig, "plain") as laboratory:
        assert laboratory.gateway is None
        assert dict(observe(name, laboratory.world(ARTICLE)).facts) == dict(EXPECTED[name])


# --- Materials -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "block", "before", "after", "wrong"),
    [
        (
            "role-policy-is-enough",
            "policy",
            "GetRepositoryEndpoint",
            "GetRepositoryEndpointX",
            {"login", "install", "needed"},
        ),
        (
            "role-policy-is-enough",
            "policy",
            "codeartifact:ReadFromRepository",
            "codeartifact:DescribeDomain",
            {"install", "needed"},
        ),
        (
            "bearer-token-permission-is-needed",
            "policy",
            "GetServiceBearerToken",
            "GetServiceBearerTokenX",
            {"with_it"},
        ),
        ("condition-is-right", "policy", "StringEquals", "StringEqualsX", {"right"}),
        ("condition-is-right", "policy", "sts:AWSService", "sts:AWSServices", {"right"}),
        ("condition-is-right", "policy", '"Condition"', '"Comment"', {"other_service"}),
        (
            "buildspec-installs-with-the-role",
            "buildspec",
            "commands",
            "commandsX",
            {"login", "install"},
        ),
        (
            "buildspec-installs-with-the-role",
            "buildspec",
            "demo-repo",
            "demo-repoX",
            {"login", "install"},
        ),
        (
            "buildspec-installs-with-the-role",
            "buildspec",
            "requirements.txt",
            "requirements.txtX",
            {"install"},
        ),
    ],
)
def test_altered_material_is_noticed(
    name: str, block: str, before: str, after: str, wrong: set[str], laboratory: Laboratory
) -> None:
    """A word more or less in what the claim rests on makes its facts other ones."""
    shown = ARTICLE.blocks[block]
    assert before in shown.text
    changed = Material(shown.text.replace(before, after), shown.line)
    observation = observe(name, laboratory.world(Materials({**ARTICLE.blocks, block: changed})))
    assert differing(name, observation) == wrong
    assert observation.evidence


def everything_else_broken(keep: str) -> Materials:
    """Materials of which only the part that a check is about can still be used."""
    policy = ARTICLE.blocks["policy"]
    changes = {
        "packages": ("codeartifact:", "artifact:"),
        "bearer": ("GetServiceBearerToken", "GetNothing"),
        "condition": ("sts:AWSServiceName", "sts:Nothing"),
    }
    text = policy.text
    for part, (before, after) in changes.items():
        text = text if part == keep else text.replace(before, after)
    blocks = {"policy": Material(text, policy.line)}
    if keep == "buildspec":
        blocks = {"buildspec": ARTICLE.blocks["buildspec"]}
    return Materials(blocks)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("role-policy-is-enough", "packages"),
        ("bearer-token-permission-is-needed", "bearer"),
        ("condition-is-right", "condition"),
        ("buildspec-installs-with-the-role", "buildspec"),
    ],
)
def test_check_depends_on_its_own_part_alone(name: str, part: str, laboratory: Laboratory) -> None:
    """With all other parts of the materials broken, the facts are as claimed."""
    observation = observe(name, laboratory.world(everything_else_broken(part)))
    assert dict(observation.facts) == dict(EXPECTED[name])


@pytest.mark.parametrize(
    "name",
    [
        "role-policy-is-enough",
        "bearer-token-permission-is-needed",
        "condition-is-right",
        "buildspec-installs-with-the-role",
    ],
)
def test_missing_material_is_an_observation(name: str, laboratory: Laboratory) -> None:
    """An article that shows no policy and no buildspec gets facts, and is told why."""
    observation = observe(name, laboratory.world(Materials({})))
    assert differing(name, observation)
    assert any("the article shows no" in each.text for each in observation.evidence)


# --- Faults ----------------------------------------------------------------------------------


class Otherwise:
    """A thing as it is, but for what is given here."""

    def __init__(self, thing: object, **others: object) -> None:
        self._thing = thing
        self._others = others

    def __getattr__(self, name: str) -> object:
        if name in self._others:
            return self._others[name]
        return getattr(self._thing, name)


def nothing(*_: object, **__: object) -> None:
    """What somebody does who only claims to have done it."""


def filled(world: World) -> object:
    """New repositories hold a package already."""

    def repository(domain: "Domain", name: str, *, external: str | None = None) -> object:
        made = world.workspace.repository(domain, name, external=external)
        made.upload(world.package("stowaway").wheel)
        return made

    return Otherwise(world, workspace=Otherwise(world.workspace, repository=repository))


def unconnected(world: World) -> object:
    """External connections are not made."""

    def repository(domain: "Domain", name: str, *, external: str) -> object:
        assert external
        return world.workspace.repository(domain, name)

    return Otherwise(world, workspace=Otherwise(world.workspace, repository=repository))


def forgetting(world: World) -> object:
    """The repository drops what it fetched, and the registry is not down."""

    def break_registry(_: str) -> None:
        world.account.client().delete_package(
            domain=DOMAIN, repository=REPOSITORY, format="pypi", package="kept"
        )

    return Otherwise(world, control=Otherwise(world.control, break_registry=break_registry))


def harmless(world: World) -> object:
    """Nothing that is broken outside is really broken."""
    return Otherwise(world, control=Otherwise(world.control, break_registry=nothing))


def timeless(world: World) -> object:
    """The service's clock does not go on."""
    return Otherwise(world, control=Otherwise(world.control, advance=nothing))


def hasty(world: World) -> object:
    """Tokens live for an hour."""

    def get_authorization_token(domain: str) -> object:
        return client.get_authorization_token(domain=domain, durationSeconds=3600)

    client = world.account.client()
    impatient = Otherwise(client, get_authorization_token=get_authorization_token)
    return Otherwise(world, account=Otherwise(world.account, client=lambda: impatient))


def powerless(world: World) -> object:
    """A domain's policy is not put in force."""
    client = world.account.client()
    deaf = Otherwise(client, put_domain_permissions_policy=nothing)
    return Otherwise(world, account=Otherwise(world.account, client=lambda: deaf))


def irrevocable(world: World) -> object:
    """What a role was once allowed it may for ever."""
    return Otherwise(world, role=lambda policy: Otherwise(world.role(policy), allow=nothing))


@dataclass(frozen=True, slots=True)
class Confused:
    """Somebody whose pip asks the public registry as well."""

    world: World

    def environment(self) -> dict[str, str]:
        index = self.world.public_registry.index_url
        return self.world.account.environment() | {"PIP_EXTRA_INDEX_URL": index}


def confused(world: World) -> object:
    """Machines have an extra index."""

    def tools(_: object = None) -> "Tools":
        return world.tools(Confused(world))

    return Otherwise(world, tools=tools)


@pytest.mark.parametrize(
    ("name", "fault", "wrong"),
    [
        ("new-repository-is-empty", filled, {"packages"}),
        ("domain-groups-repositories", powerless, {"policy_reaches_all"}),
        ("public-package-on-demand", unconnected, {"installed", "packages_after", "origin"}),
        ("kept-when-the-registry-is-gone", forgetting, {"fetched_after"}),
        ("outside-changes-do-not-reach-in", harmless, {"yanked", "replaced", "down"}),
        ("comes-from-codeartifact", confused, {"installed", "traced", "public_registry_asked"}),
        ("private-and-public-together", confused, {"public", "indexes"}),
        ("token-lives-twelve-hours", hasty, {"hours"}),
        ("token-is-of-the-credentials", irrevocable, {"follows_the_caller"}),
        ("token-ends-after-twelve-hours", timeless, {"after"}),
        ("nothing-permanent-is-left", timeless, {"ends_in_hours"}),
    ],
)
def test_fault_of_the_world_is_noticed(
    name: str, fault: Callable[[World], object], wrong: set[str], laboratory: Laboratory
) -> None:
    """Where the world is not as the claim says, the facts that speak of it are other ones."""
    world = cast("World", fault(laboratory.world(ARTICLE)))
    assert differing(name, observe(name, world)) == wrong


# --- What a login leaves ---------------------------------------------------------------------

TOKEN = "eyJ2ZXIiOjEsImlzdSI6MTIz.part.part.part.part"


@pytest.mark.parametrize(
    ("text", "tokens", "keys", "passwords"),
    [
        (f"index-url = https://aws:{TOKEN}@host/simple/\n", {TOKEN}, set(), set()),
        (f"username = aws\npassword = {TOKEN}\nrepository = x\n", {TOKEN}, set(), set()),
        ("password = hunter2\n", set(), set(), {"hunter2"}),
        ("index-url = https://me:hunter2@host/simple/\n", set(), set(), {"hunter2"}),
        ("//host/:_authToken=hunter2\n", set(), set(), {"hunter2"}),
        ("aws_access_key_id = AKIAIOSFODNN7EXAMPLE\n", set(), {"AKIAIOSFODNN7EXAMPLE"}, set()),
        ("kept: my-own-key\n", set(), {"my-own-key"}, set()),
        ("password =\nrepository = https://host/pypi/\n", set(), set(), set()),
    ],
)
def test_secrets_are_told_apart(
    text: str, tokens: set[str], keys: set[str], passwords: set[str]
) -> None:
    """A token is no password, wherever it stands; keys are known by their form or by heart."""
    found = secrets_in(text, {"AWS_SECRET_ACCESS_KEY": "my-own-key"})
    assert found == Secrets(frozenset(tokens), frozenset(keys), frozenset(passwords))


# --- The laboratory --------------------------------------------------------------------------


def test_laboratory_keeps_the_commands_of_the_last_world(laboratory: Laboratory) -> None:
    """Programs of all homes of a world are in one log, which the next world begins anew."""
    world = laboratory.world(ARTICLE)
    for _ in range(2):
        world.tools().log.run(["true"], env={"PATH": "/usr/bin:/bin"}, cwd=Path.cwd(), timeout=9)
    assert [entry.command for entry in laboratory.log()] == ["true", "true"]
    laboratory.world(ARTICLE)
    assert laboratory.log() == ()


def test_world_is_empty_and_homes_are_gone(laboratory: Laboratory) -> None:
    """The next world has nothing of the one before, on the server or on this machine."""
    world = laboratory.world(ARTICLE)
    world.workspace.domain("kept")
    world.control.advance(3600)
    world.control.break_registry("down")
    home_path, late = world.tools().home.path, world.control.clock()
    assert home_path.is_dir()
    after = laboratory.world(ARTICLE)
    assert not home_path.exists()
    assert after.account.client().list_domains()["domains"] == []
    assert after.control.clock() < late
    assert not after.control.faults()
    assert {urlsplit(each).hostname for each in after.control.upstreams().values()} == {LOCAL}


def test_observation_is_remembered_by_its_name(laboratory: Laboratory) -> None:
    """What a claim's check observed need not be observed again."""
    observation = Observation({"packages": 0})
    assert laboratory.remembered("C99") is None
    laboratory.remember("C99", observation)
    assert laboratory.remembered("C99") is observation
