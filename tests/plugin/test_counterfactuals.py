"""What the article warns of, brought about by the plugin's fixtures, each in a moment."""

import contextlib
from typing import TYPE_CHECKING

import pytest
import urllib3
from botocore.exceptions import ClientError

from pytest_codeartifact.targets.ownership import ANONYMOUS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.packages import SamplePackage
    from pytest_codeartifact.targets.workspace import BotoWorkspace, Domain, Repository

    MakePackage = Callable[..., SamplePackage]

HALF_A_DAY_SECONDS = 12 * 3600
USER = ANONYMOUS.name()


@pytest.fixture
def workspace(codeartifact_private: "EmulatorTarget") -> "BotoWorkspace":
    """Domains and repositories of an emulator that nobody else uses."""
    return codeartifact_private.workspace()


@pytest.fixture
def domain(workspace: "BotoWorkspace") -> "Domain":
    """A domain of the private emulator."""
    return workspace.domain()


@pytest.fixture
def outside(
    codeartifact_private: "EmulatorTarget", workspace: "BotoWorkspace", domain: "Domain"
) -> "Repository":
    """A repository that plays the public registry: `public:pypi` points to its index."""
    outside = workspace.repository(domain)
    codeartifact_private.control.configure_upstream("public:pypi", outside.index_url)
    return outside


def read(repository: "Repository", path: str, token: str = "") -> tuple[int, str]:
    """Status and text of a path below the repository's simple index."""
    login = urllib3.make_headers(basic_auth=f"aws:{token or repository.domain.token()}")
    with urllib3.PoolManager(retries=False) as pool:
        url = f"{repository.endpoint('pypi')}simple/{path}"
        answer = pool.request("GET", url, headers=login)
    return answer.status, answer.data.decode("latin-1")


def test_token_is_refused_after_twelve_hours(
    codeartifact_private: "EmulatorTarget",
    workspace: "BotoWorkspace",
    domain: "Domain",
    codeartifact_package: "SamplePackage",
) -> None:
    """A token serves to its last second and no longer; a new one serves at once."""
    repository = workspace.repository(domain)
    repository.upload(codeartifact_package.wheel)
    page, token = f"{codeartifact_package.name}/", domain.token()
    assert read(repository, page, token)[0] == 200
    codeartifact_private.control.advance(HALF_A_DAY_SECONDS - 60)
    assert read(repository, page, token)[0] == 200
    codeartifact_private.control.advance(61)
    assert read(repository, page, token)[0] == 401
    assert read(repository, page)[0] == 200


@pytest.fixture
def remove_user(codeartifact_target: "EmulatorTarget") -> "Iterator[Callable[[], None]]":
    """Removes the user `USER`; called by the test, or after it."""
    iam = codeartifact_target.boto3_client("iam")

    def remove() -> None:
        for key in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=USER, AccessKeyId=key["AccessKeyId"])
        for policy in iam.list_attached_user_policies(UserName=USER)["AttachedPolicies"]:
            iam.detach_user_policy(UserName=USER, PolicyArn=policy["PolicyArn"])
        iam.delete_user(UserName=USER)

    yield remove
    with contextlib.suppress(iam.exceptions.NoSuchEntityException):
        remove()


def test_token_of_a_revoked_user_reads_nothing(
    codeartifact_target: "EmulatorTarget",
    codeartifact_repository: "Repository",
    remove_user: "Callable[[], None]",
) -> None:
    """Who loses the permission, or is deleted, loses what was asked for before as well."""
    iam, repository = codeartifact_target.boto3_client("iam"), codeartifact_repository
    policy = "arn:aws:iam::aws:policy/AWSCodeArtifactReadOnlyAccess"
    iam.create_user(UserName=USER)
    iam.attach_user_policy(UserName=USER, PolicyArn=policy)
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    user = codeartifact_target.with_key(key["AccessKeyId"], key["SecretAccessKey"], None)
    answer = user.client().get_authorization_token(domain=repository.domain.name)
    token = answer["authorizationToken"]
    assert read(repository, "demo/", token)[0] == 404
    iam.detach_user_policy(UserName=USER, PolicyArn=policy)
    status, text = read(repository, "demo/", token)
    assert (status, "not authorized to perform: codeartifact:Read" in text) == (403, True)
    iam.attach_user_policy(UserName=USER, PolicyArn=policy)
    assert read(repository, "demo/", token)[0] == 404
    remove_user()
    assert read(repository, "demo/", token)[0] == 403


def test_vanished_upstream_leaves_what_was_retained(
    codeartifact_private: "EmulatorTarget",
    workspace: "BotoWorkspace",
    domain: "Domain",
    outside: "Repository",
    make_codeartifact_package: "MakePackage",
) -> None:
    """A build whose packages went through the repository does not notice; a new one does."""
    kept, other = (make_codeartifact_package(name) for name in ("kept", "other"))
    outside.upload(kept.wheel, other.wheel)
    repository = workspace.repository(domain, external="public:pypi")
    file = f"kept/{kept.version}/{kept.wheel.name}"
    assert read(repository, file)[1].encode("latin-1") == kept.wheel.read_bytes()
    assert read(repository, "other/")[0] == 200
    codeartifact_private.control.break_registry("down")
    assert read(repository, file)[1].encode("latin-1") == kept.wheel.read_bytes()
    assert kept.wheel.name in read(repository, "kept/")[1]
    assert read(repository, "other/")[0] == 504


def test_confused_dependency_is_not_offered(
    workspace: "BotoWorkspace",
    domain: "Domain",
    outside: "Repository",
    make_codeartifact_package: "MakePackage",
) -> None:
    """A public package with a private one's name and a higher version stays outside."""
    private = make_codeartifact_package("private-package", "1.0.0")
    attack = make_codeartifact_package("private-package", "99.0.0")
    repository = workspace.repository(domain, external="public:pypi")
    repository.upload(private.wheel)
    outside.upload(attack.wheel)
    assert attack.wheel.name in read(outside, "private-package/")[1]
    status, page = read(repository, "private-package/")
    assert (status, private.wheel.name in page, attack.wheel.name in page) == (200, True, False)
    assert read(repository, f"private-package/99.0.0/{attack.wheel.name}")[0] == 404


def test_replaced_file_does_not_reach_who_has_the_old_one(
    codeartifact_private: "EmulatorTarget",
    workspace: "BotoWorkspace",
    domain: "Domain",
    outside: "Repository",
    make_codeartifact_package: "MakePackage",
) -> None:
    """A version that changes behind one's back: only repositories without it get the new bytes."""
    package = make_codeartifact_package("demo")
    outside.upload(package.wheel)
    old, new = (workspace.repository(domain, external="public:pypi") for _ in range(2))
    file, before = f"demo/{package.version}/{package.wheel.name}", package.wheel.read_bytes()
    assert read(old, file)[1].encode("latin-1") == before
    changed = make_codeartifact_package("demo", requires=["idna"]).wheel.read_bytes()
    codeartifact_private.control.break_registry(
        "replaced", package="Demo", file=package.wheel.name, content=changed
    )
    assert read(old, file)[1].encode("latin-1") == before
    assert read(new, file)[1].encode("latin-1") == changed


def test_fault_that_does_not_exist_is_refused(codeartifact_private: "EmulatorTarget") -> None:
    """A misspelt kind says what there is, in the test that misspelt it."""
    from pytest_codeartifact.errors import ControlError  # noqa: PLC0415 - as a user's test does

    with pytest.raises(
        ControlError, match=r"faults: the kind of a fault is one of down, slow, .*; not 'borken'$"
    ):
        codeartifact_private.control.break_registry("borken")


def test_organizations_members_are_accounts_like_others(
    codeartifact_private: "EmulatorTarget",
) -> None:
    """An account that AWS Organizations made is opened by its number."""
    made = codeartifact_private.boto3_client("organizations")
    made.create_organization(FeatureSet="ALL")
    told = made.create_account(Email="team@example.com", AccountName="team")
    number = told["CreateAccountStatus"]["AccountId"]
    member = codeartifact_private.new_account(number)
    assert member.account == number
    assert member.boto3_client("sts").get_caller_identity()["Account"] == number
    with pytest.raises(ClientError, match="ResourceNotFound"):
        member.client().describe_domain(domain="team")
