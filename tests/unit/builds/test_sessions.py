"""CodeBuild becomes the service role of a project, if that trusts it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.sts.models import sts_backends

from pytest_codeartifact.emulator.neighbours.service_sessions import Issued, NotTrusted
from tests.support.emulation import Emulation, refusal
from tests.support.people import BEARER, Keys, People, allow, deny, policy, trusting
from tests.support.service_roles import SESSION, Workshop, trusting_service


def assumed(workshop: Workshop, role: str, **more: Any) -> Issued:  # noqa: ANN401 - what assume takes
    """A session of the role, for the build of the workshop."""
    return workshop.sessions.assume(role, SESSION, source_arn=workshop.build.project_id.arn, **more)


def keys(issued: Issued) -> Keys:
    """The session's key, as programs use it."""
    return Keys(issued.access_key_id, issued.secret_access_key, issued.session_token)


def test_session_is_known_by_its_name_everywhere(workshop: Workshop) -> None:
    """STS and CodeArtifact know the build's session by the ARN that AWS gives it."""
    issued = assumed(workshop, workshop.role())
    arn = f"arn:aws:sts::{workshop.account}:assumed-role/builder/{SESSION}"
    identity = workshop.people.sts(keys(issued)).get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (workshop.account, arn)
    assert identity["UserId"] == issued.caller.principal_id
    assert issued.caller.arn == arn
    client = workshop.people.codeartifact(keys(issued))
    with pytest.raises(client.exceptions.AccessDeniedException) as denied:
        client.create_domain(domain="team")
    assert f"User: {arn} is not authorized" in str(denied.value)


def test_policies_of_the_role_are_the_sessions_power(workshop: Workshop) -> None:
    """What the role's policies allow, the session may do, and nothing else."""
    workshop.people.codeartifact().create_domain(domain="team")
    role = workshop.role(BEARER, allow("GetAuthorizationToken"))
    client = workshop.people.codeartifact(keys(assumed(workshop, role)))
    assert client.get_authorization_token(domain="team")["authorizationToken"]
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.list_domains()


def test_session_may_do_nothing_once_its_role_is_deleted(workshop: Workshop) -> None:
    """A namesake made later does not give the power back."""
    issued = assumed(workshop, workshop.role(allow("*")))
    client = workshop.people.codeartifact(keys(issued))
    client.list_domains()
    workshop.people.iam.delete_role_policy(RoleName="builder", PolicyName="own")
    workshop.people.iam.delete_role(RoleName="builder")
    workshop.role(allow("*"))
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.list_domains()


@pytest.mark.parametrize(
    "trust",
    [
        trusting_service("codepipeline.amazonaws.com"),
        trusting_service(Action="sts:TagSession"),
        trusting_service(Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}),
        policy(
            {
                "Effect": "Allow",
                "Principal": {"Service": "codebuild.amazonaws.com"},
                "Action": "sts:AssumeRole",
            },
            {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"},
        ),
        trusting("arn:aws:iam::111122223333:root"),
    ],
    ids=["other-service", "other-action", "other-account", "denied", "no-service"],
)
def test_role_that_does_not_trust_codebuild_is_refused(workshop: Workshop, trust: str) -> None:
    """The trust policy decides, with all its statements and conditions."""
    role = workshop.role(trust=trust)
    with pytest.raises(NotTrusted) as refused:
        assumed(workshop, role)
    assert "CodeBuild is not authorized to perform: sts:AssumeRole on service role." in str(
        refused.value
    )
    with pytest.raises(NotTrusted):
        workshop.sessions.check(role, workshop.build.project_id.arn)


def test_missing_role_is_refused_as_one_that_does_not_trust(workshop: Workshop) -> None:
    """Nobody learns whether a role exists."""
    missing = f"arn:aws:iam::{workshop.account}:role/missing"
    with pytest.raises(NotTrusted, match="1\\) The provided service role exists"):
        assumed(workshop, missing)


def test_conditions_of_a_trust_policy_see_the_project(workshop: Workshop) -> None:
    """A role may be for one project only."""
    project = workshop.build.project_id.arn
    condition = {
        "ArnLike": {"aws:SourceArn": project},
        "StringEquals": {"aws:SourceAccount": workshop.account},
    }
    role = workshop.role(trust=trusting_service(Condition=condition))
    workshop.sessions.check(role, project)
    with pytest.raises(NotTrusted):
        workshop.sessions.check(role, f"{project}-2")


def test_checking_trust_makes_no_session(workshop: Workshop) -> None:
    """The role is as unused as before."""
    workshop.sessions.check(workshop.role(), workshop.build.project_id.arn)
    assert sts_backends[workshop.account]["aws"].assumed_roles == []


def test_session_ends_by_the_emulators_clock(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A session made on a clock that is ahead lasts as long as one made before."""
    with Emulation(tmp_path_factory.mktemp("state")) as emulation:
        workshop = Workshop(People(emulation, emulation.other_account()))
        role = workshop.role()
        emulation.travel(100_000)
        issued = assumed(workshop, role, seconds=900)
        assert issued.expires - emulation.emulator.clock.now() == pytest.approx(900, abs=30)
        assert issued.caller.expires == issued.expires


def test_expired_session_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A key is good for as long as it was made for, and the caller is told."""
    with Emulation(tmp_path_factory.mktemp("state")) as emulation:
        workshop = Workshop(People(emulation, emulation.other_account()))
        issued = assumed(workshop, workshop.role(), seconds=60)
        sts = workshop.people.sts(keys(issued))
        sts.get_caller_identity()
        emulation.travel(120)
        with pytest.raises(ClientError) as refused:
            sts.get_caller_identity()
        assert refusal(refused)["Error"]["Code"] == "ExpiredToken"


def test_session_lasts_no_longer_than_its_role_allows(workshop: Workshop) -> None:
    """Roles allow an hour unless they say otherwise."""
    issued = assumed(workshop, workshop.role(), seconds=8 * 3600)
    now = workshop.emulation.emulator.clock.now()
    assert issued.expires - now == pytest.approx(3600, abs=30)


def test_secrets_of_a_session_are_not_shown(workshop: Workshop) -> None:
    """Whoever prints credentials prints no secret."""
    issued = assumed(workshop, workshop.role())
    assert issued.secret_access_key not in repr(issued)
    assert issued.session_token not in repr(issued)


def test_sessions_made_at_once_are_not_confused(workshop: Workshop) -> None:
    """Whether a person or CodeBuild assumes, each session is its own role's."""
    people = workshop.people
    denying = deny("ListDomains")
    for_builds = workshop.role(allow("*"))
    for_people = people.role("person", denying, allow("*"))

    def by_codebuild() -> bool:
        client = people.codeartifact(keys(assumed(workshop, for_builds)))
        return "domains" in client.list_domains()

    def by_person() -> bool:
        client = people.codeartifact(people.assume(for_people))
        with pytest.raises(client.exceptions.AccessDeniedException):
            client.list_domains()
        return True

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(each) for _ in range(10) for each in (by_codebuild, by_person)]
        assert all(each.result() for each in asked)
