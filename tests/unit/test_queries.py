"""Requests to IAM and STS that say a thing twice, or nothing that makes sense."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

import botocore.session
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.model import ListShape, Shape, StructureShape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.emulation import BASE_URL, REGION, Answer, Emulation, refusal
from tests.support.people import Keys, People, trusting

WHO_AM_I = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def emulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulation]:
    """One for all tests here: loading the neighbours takes a moment."""
    with Emulation(tmp_path_factory.mktemp("state")) as emulation:
        yield emulation
        assert emulation.crashes() == []


@pytest.fixture
def people(emulation: Emulation) -> People:
    return People(emulation, emulation.other_account())


@pytest.fixture
def others(emulation: Emulation) -> People:
    return People(emulation, emulation.other_account())


def ask(
    people: People,
    keys: Keys,
    body: Mapping[str, str] | str = "",
    *,
    service: str = "sts",
    below: str = "/",
    headers: Mapping[str, str] | None = None,
    altered: Callable[[str], str] = str,
    region: str = REGION,
) -> Answer:
    """Send a well-signed request whose signature's header is then `altered`."""
    text = body if isinstance(body, str) else urlencode(body)
    request = AWSRequest("POST", BASE_URL + below, {**FORM, **(headers or {})}, text.encode())
    _signer(keys, SigV4Auth, service, region).add_auth(request)
    sent = {**dict(request.headers.items()), "Host": urlsplit(BASE_URL).netloc}
    sent["Authorization"] = altered(sent["Authorization"])
    return people.emulation.request("POST", below, sent, text.encode())


def _signer(keys: Keys, kind: Any, service: str, region: str = REGION) -> Any:  # noqa: ANN401 - botocore's
    credentials = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    return kind(credentials, service, region)


def _assume(role: str) -> dict[str, str]:
    form = {"Action": "AssumeRole", "Version": "2011-06-15"}
    return {**form, "RoleArn": role, "RoleSessionName": "evil"}


ASSUMING = "Action=AssumeRole&Version=2011-06-15&RoleSessionName=evil&RoleArn={}"


@pytest.mark.parametrize(
    ("below", "body", "headers"),
    [
        pytest.param("/", ASSUMING + "&Action=GetCallerIdentity", {}, id="twice in the body"),
        pytest.param("/", "Action=GetCallerIdentity&" + ASSUMING, {}, id="last in the body"),
        pytest.param(f"/?{ASSUMING}", "Action=GetCallerIdentity", {}, id="in the address"),
        pytest.param("/?Action=GetCallerIdentity", ASSUMING, {}, id="beside the address"),
        pytest.param("/", "", {"X-Amz-Target": "STS.AssumeRole"}, id="as a target"),
        pytest.param("/", "", {"Action": "AssumeRole", "RoleArn": "{}"}, id="in headers"),
        pytest.param("/", "x" * 1024 * 1024 + "&" + ASSUMING, {}, id="far behind in the body"),
    ],
)
def test_role_is_not_assumed_unasked(
    people: People, others: People, below: str, body: str, headers: dict[str, str]
) -> None:
    """However a request hides it from whoever checks, nobody becomes what does not trust them."""
    role = others.role("victim")
    sent = {name: value.format(role) for name, value in headers.items()}
    answer = ask(
        people, people.user("ann"), body.format(role), below=below.format(role), headers=sent
    )
    assert b"SecretAccessKey" not in answer.body
    assert answer.status in {200, 400, 403}


@pytest.mark.parametrize("service", ["STS", "Sts", "sts.x", "x.sts"])
def test_service_has_one_spelling_for_all(people: People, others: People, service: str) -> None:
    """A signing name that others read as STS's does not lead past the trust policy."""
    answer = ask(people, people.user("ann"), _assume(others.role("victim")), service=service)
    assert answer.status == 403


@pytest.mark.parametrize(
    "operation", ["AssumeRoleWithWebIdentity", "GetSessionToken", "GetFederationToken"]
)
def test_credentials_without_a_trust_policy_are_not_given(people: People, operation: str) -> None:
    """What would be taken on trust here is refused by name, and not tried again."""
    form = {"Action": operation, "RoleArn": people.role("worker"), "RoleSessionName": "session"}
    form |= {"WebIdentityToken": "token", "Name": "name", "Version": "2011-06-15"}
    answer = ask(people, people.user("ann"), form)
    assert answer.status == 501
    assert f"{operation} is not emulated" in answer.body.decode()


def test_account_is_that_of_the_signature(people: People, others: People) -> None:
    """Neither moto's own header nor something like a key in the signature's header moves it."""
    day = f"{datetime.now(UTC):%Y%m%d}"
    stolen = f", Also={others.account.access_key_id}/{day}/{REGION}/sts/aws4_request"
    by_header = {"x-moto-account-id": others.account.number}
    answers = (
        ask(people, people.administrator, WHO_AM_I, headers=by_header),
        ask(people, people.administrator, WHO_AM_I, altered=lambda header: header + stolen),
    )
    for answer in answers:
        assert answer.status == 200
        assert f"<Account>{people.account.number}<" in answer.body.decode()


def test_signature_with_two_credentials_is_refused(people: People, others: People) -> None:
    """Nobody is left to choose which of them was verified."""
    day = f"{datetime.now(UTC):%Y%m%d}"
    stolen = f"Credential={others.account.access_key_id}/{day}/{REGION}/sts/aws4_request, "
    answer = ask(
        people,
        people.administrator,
        WHO_AM_I,
        altered=lambda header: header.replace("Credential=", f"{stolen}Credential=", 1),
    )
    assert answer.status == 400
    assert b"IncompleteSignature" in answer.body


@pytest.mark.parametrize("below", ["/moto-api/reset", "/moto-api/data.json", "/latest/meta-data/x"])
def test_own_interface_of_moto_is_closed(people: People, below: str) -> None:
    """Whoever has a key cannot reset or read what all accounts have."""
    user = people.user("ann")
    assert ask(people, user, below=below, service="iam").status == 501
    assert [each["UserName"] for each in people.iam.list_users()["Users"]][-1:] == ["ann"]


def test_signature_for_another_service_is_refused(people: People) -> None:
    """What was signed for another service is no call of this one."""
    signed = f"Also=Credential=a/b/{REGION}/codeartifact/aws4_request, "
    answer = ask(
        people,
        people.administrator,
        below="/v1/domains",
        service="s3",
        altered=lambda header: header.replace("Credential=", f"{signed}Credential=", 1),
    )
    assert answer.status == 403
    assert b"correct service: 'codeartifact'" in answer.body


def test_presigned_address_reaches_a_neighbour(people: People) -> None:
    """STS answers to an address that was signed, as tools show it to prove who they are."""
    user = people.user("ann")
    request = AWSRequest("GET", f"{BASE_URL}/?{urlencode(WHO_AM_I)}")
    _signer(user, SigV4QueryAuth, "sts").add_auth(request)
    url = str(request.prepare().url).removeprefix(BASE_URL)
    answer = people.emulation.request("GET", url)
    assert answer.status == 200
    assert f":{people.account.number}:user/ann<" in answer.body.decode()
    assert people.emulation.request("GET", url.replace("GetCaller", "GetOther")).status == 403


def test_operation_that_iam_does_not_have_is_named(people: People) -> None:
    """The refusal names it, with the code that clients know."""
    answer = ask(people, people.administrator, {"Action": "Nonsense", "Version": "1"})
    assert answer.status == 400
    assert b"<Code>InvalidAction</Code>" in answer.body
    assert b"Could not find operation Nonsense for version 1" in answer.body


def test_refusal_that_repeats_anything_can_be_read(people: People) -> None:
    """What XML cannot carry does not make an answer that clients cannot parse."""
    answer = ask(people, people.administrator, {"Action": "Non\x00\ufffesense", "Version": "<1>"})
    [message] = ET.fromstring(answer.body).iterfind(".//{*}Message")
    assert message.text == "Could not find operation Non\ufffd\ufffdsense for version <1>"


def test_missing_parameter_is_named(people: People) -> None:
    """A user without a name is not called None."""
    answer = ask(people, people.administrator, {"Action": "CreateUser"}, service="iam")
    assert answer.status == 400
    assert b"Value null at 'userName' failed to satisfy constraint" in answer.body
    form = {"Action": "TagUser", "UserName": "ann", "Tags.member.1.Value": "v"}
    answer = ask(people, people.administrator, form, service="iam")
    assert b"Value null at 'tags.1.member.key'" in answer.body


def test_operation_that_moto_does_not_have_is_no_crash(people: People) -> None:
    """It is refused by name."""
    with pytest.raises(ClientError) as refused:
        people.sts().decode_authorization_message(EncodedMessage="text")
    assert refusal(refused)["Error"]["Code"] == "NotImplemented"
    assert "decode_authorization_message" in str(refused.value)


# --- Requests that nobody thought of ---------------------------------------------------------

VALUES = st.one_of(
    st.sampled_from(
        ["", "ann", "worker", "arn:aws:iam::111122223333:role/x", "{}", "-1", "true", "v1", "/"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.just(trusting("*")),
)
MODELS = {name: botocore.session.get_session().get_service_model(name) for name in ("iam", "sts")}
# Moto itself fails where the name of a service has no dot.
OPERATIONS = [
    (service, name)
    for service, model in MODELS.items()
    for name in model.operation_names
    if name != "CreateServiceLinkedRole"
]


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str]:
    """The service and the body of a request with some of an operation's parameters."""
    service, name = draw(st.sampled_from(OPERATIONS))
    form = [("Action", name), ("Version", "x")]

    def add(shape: Shape, path: str) -> None:
        if isinstance(shape, StructureShape):
            for member, its_shape in shape.members.items():
                if member in shape.required_members or draw(st.booleans()):
                    add(its_shape, f"{path}.{member}" if path else member)
        elif isinstance(shape, ListShape):
            for number in draw(st.lists(st.sampled_from(["1", "2", "x", ""]), max_size=2)):
                add(shape.member, f"{path}.member.{number}")
        else:
            form.append((path, draw(VALUES)))

    shape = MODELS[service].operation_model(name).input_shape
    if shape is not None:
        add(shape, "")
    return service, urlencode(form) + draw(st.sampled_from(["", "&&=", "&%ff=1", "&Action=x"]))


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(request=requests())
def test_any_request_is_answered(emulation: Emulation, request: tuple[str, str]) -> None:
    """Whatever a request says, it is carried out or refused: no crash, no answer that says 500."""
    people = People(emulation, emulation.owner)
    service, body = request
    answer = ask(people, people.administrator, body, service=service)
    assert answer.status != 500, answer.body
