"""Who calls within `mock_aws`, and what policies say once moto's own checks are on."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count
from moto.core.authorization import enable_iam_authentication

from tests.support.distributions import make_wheel
from tests.support.people import BEARER, Document, allow, deny, policy

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

ACCOUNT, OTHER = "123456789012", "999988887777"
EVERYTHING = allow("*")

Credentials = dict[str, str]


def codeartifact(**credentials: str) -> "CodeArtifactClient":
    made: CodeArtifactClient = boto3.client(
        "codeartifact",
        **credentials,  # type: ignore[call-overload]  # of its many words these are three
    )
    return made


def user(name: str, *statements: Document) -> Credentials:
    """The key of a new user with these statements as its policy."""
    iam = boto3.client("iam")
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }


def session(account: str, *statements: Document) -> Credentials:
    """The key of a session of a new role in the default account, or of any role elsewhere."""
    if account == ACCOUNT:
        iam = boto3.client("iam")
        iam.create_role(RoleName="worker", AssumeRolePolicyDocument="{}")
        statements = statements or (EVERYTHING,)
        iam.put_role_policy(RoleName="worker", PolicyName="own", PolicyDocument=policy(*statements))
    sts = boto3.client("sts")
    arn = f"arn:aws:iam::{account}:role/worker"
    made = sts.assume_role(RoleArn=arn, RoleSessionName="tests")["Credentials"]
    return {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
        "aws_session_token": made["SessionToken"],
    }


def owner(client: "CodeArtifactClient") -> str:
    """The account that a domain made by this client belongs to."""
    return client.create_domain(domain="mine")["domain"]["owner"]


def denial(client: "CodeArtifactClient", operation: str, **request: Any) -> str:  # noqa: ANN401 - boto3's
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**request)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    return str(refused.value.response["Error"]["Message"])


# --- Whose account ---------------------------------------------------------------------------


@pytest.mark.usefixtures("mocked")
@pytest.mark.parametrize(
    ("account", "client"),
    [
        pytest.param(ACCOUNT, codeartifact, id="nobody known"),
        pytest.param(ACCOUNT, lambda: codeartifact(**user("ann")), id="user"),
        pytest.param(ACCOUNT, lambda: codeartifact(**session(ACCOUNT)), id="role"),
        pytest.param(OTHER, lambda: codeartifact(**session(OTHER)), id="role elsewhere"),
    ],
)
def test_key_tells_the_account(account: str, client: Callable[[], "CodeArtifactClient"]) -> None:
    """The account is the one that owns the access key, as moto's GetCallerIdentity says."""
    assert owner(client()) == account


@pytest.mark.usefixtures("mocked")
def test_variable_tells_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moto's variable for the account counts here too, before any key."""
    keys = user("ann")
    monkeypatch.setenv("MOTO_ACCOUNT_ID", OTHER)
    assert owner(codeartifact(**keys)) == OTHER


@pytest.mark.usefixtures("mocked")
def test_header_tells_the_account() -> None:
    """Moto's header for the account counts here too."""
    client = codeartifact()

    def add(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        request.headers["x-moto-account-id"] = OTHER

    client.meta.events.register("before-sign.codeartifact", add)
    assert owner(client) == OTHER


@pytest.mark.usefixtures("mocked")
def test_accounts_share_a_domain() -> None:
    """Another account finds the domain under its owner, as on the service."""
    owner(codeartifact())
    other = codeartifact(**session(OTHER))
    made = other.create_repository(domain="mine", domainOwner=ACCOUNT, repository="theirs")
    assert made["repository"]["administratorAccount"] == OTHER
    assert made["repository"]["domainOwner"] == ACCOUNT


# --- Without checks --------------------------------------------------------------------------


@pytest.mark.usefixtures("mocked")
def test_policies_are_not_asked_by_default() -> None:
    """As in all of moto: a user without permissions may do everything, whatever denies it."""
    client = codeartifact(**user("ann"))
    owner(client)
    locked = policy(deny("*", Principal="*"))
    client.put_domain_permissions_policy(domain="mine", policyDocument=locked)
    assert client.get_authorization_token(domain="mine")["authorizationToken"]
    client.delete_domain(domain="mine")


@pytest.mark.usefixtures("mocked")
def test_signatures_are_not_checked_by_default() -> None:
    """As in all of moto: any secret will do."""
    keys = user("ann") | {"aws_secret_access_key": "wrong"}
    assert owner(codeartifact(**keys)) == ACCOUNT


# --- With moto's checks on -------------------------------------------------------------------


@pytest.mark.usefixtures("mocked")
def test_policies_are_asked_while_moto_does() -> None:
    """Within moto's own switch an action needs its permission, with conditions and resources."""
    keys = user("ann", allow("CreateDomain", "DescribeDomain"), allow("GetAuthorizationToken"))
    client = codeartifact(**keys)
    with enable_iam_authentication():
        owner(client)
        client.describe_domain(domain="mine")
        assert denial(client, "delete_domain", domain="mine") == (
            f"User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform:"
            f" codeartifact:DeleteDomain on resource: arn:aws:codeartifact:eu-west-1:{ACCOUNT}"
            ":domain/mine because no identity-based policy allows the codeartifact:DeleteDomain"
            " action"
        )
        text = denial(client, "get_authorization_token", domain="mine")
        assert "perform: sts:GetServiceBearerToken on resource: *" in text
    assert client.get_authorization_token(domain="mine")["authorizationToken"]
    client.delete_domain(domain="mine")


@pytest.mark.usefixtures("mocked")
def test_changed_policy_counts_at_once() -> None:
    """What IAM says of a user is looked up at each request."""
    client = codeartifact(**user("ann", allow("ListDomains")))
    iam = boto3.client("iam")
    for document, passes in [(allow("ListDomains"), True), (deny("ListDomains"), False)]:
        iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=policy(document))
        with enable_iam_authentication():
            if passes:
                client.list_domains()
            else:
                assert denial(client, "list_domains").endswith(
                    "with an explicit deny in an identity-based policy"
                )


@pytest.mark.usefixtures("mocked")
def test_role_acts_by_its_own_policy() -> None:
    """A session may do what its role may."""
    client = codeartifact(**session(ACCOUNT, allow("ListDomains")))
    with enable_iam_authentication():
        client.list_domains()
        assert "assumed-role/worker/tests is not authorized" in denial(
            client, "create_domain", domain="mine"
        )


@pytest.mark.usefixtures("mocked")
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"aws_access_key_id": "AKIA0000000000000000"}, "UnrecognizedClientException"),
        ({"aws_secret_access_key": "wrong"}, "InvalidSignatureException"),
    ],
    ids=["key", "secret"],
)
def test_signatures_are_checked_while_moto_does(changed: Credentials, code: str) -> None:
    """With the checks on, an unknown key is nobody's and a wrong secret is refused."""
    client = codeartifact(**(user("ann", EVERYTHING) | changed))
    with enable_iam_authentication(), pytest.raises(ClientError) as refused:
        client.list_domains()
    assert refused.value.response["Error"]["Code"] == code


def test_first_actions_are_free_as_moto_counts() -> None:
    """Calls to prepare a test are free in the number given, those of all services together."""

    @set_initial_no_auth_action_count(5)
    @mock_aws
    def act() -> None:
        client = codeartifact(**user("ann", allow("DescribeDomain")))  # three actions of IAM
        owner(client)
        client.get_authorization_token(domain="mine")
        client.describe_domain(domain="mine")
        denial(client, "get_authorization_token", domain="mine")

    act()


@pytest.mark.usefixtures("mocked")
def test_package_endpoint_asks_policies_while_moto_does(client: "CodeArtifactClient") -> None:
    """A token's user needs the permission to read, and to publish."""
    reader = allow("GetAuthorizationToken", "ReadFromRepository")
    ann = codeartifact(**user("ann", reader, BEARER))
    token = ann.get_authorization_token(domain="team")["authorizationToken"]
    where: Any = {"domain": "team", "repository": "store", "format": "pypi"}
    url = client.get_repository_endpoint(**where)["repositoryEndpoint"]
    wheel = make_wheel("demo", "1.0")

    def upload() -> requests.Response:
        files = {"content": (wheel.filename, wheel.content)}
        return requests.post(url, data=wheel.fields, files=files, auth=("aws", token), timeout=5)

    with enable_iam_authentication():
        refused = upload()
        assert refused.status_code == 403
        assert "codeartifact:PublishPackageVersion" in json.loads(refused.text)["message"]
        listed = requests.get(f"{url}simple/demo/", auth=("aws", token), timeout=5)
        assert listed.status_code == 404
    assert upload().status_code == 200
    page = requests.get(f"{url}simple/demo/", auth=("aws", token), timeout=5)
    assert wheel.filename in page.text
    file = f"{url}simple/demo/1.0/{wheel.filename}"
    assert requests.get(file, auth=("aws", token), timeout=5).content == wheel.content
    assert requests.get(file, timeout=5).status_code == 401
    assert "Basic realm=" in requests.get(file, timeout=5).headers["WWW-Authenticate"]


@pytest.mark.usefixtures("mocked")
def test_token_of_an_unknown_key_is_an_administrators(client: "CodeArtifactClient") -> None:
    """Who had a token before the checks began, and was nobody moto knows, may go on reading."""
    token = client.get_authorization_token(domain="team")["authorizationToken"]
    where: Any = {"domain": "team", "repository": "store", "format": "pypi"}
    url = client.get_repository_endpoint(**where)["repositoryEndpoint"]
    with enable_iam_authentication():
        answer = requests.get(f"{url}simple/demo/", auth=("aws", token), timeout=5)
    assert answer.status_code == 404
