"""Values that CodeBuild looks up for variables of a build."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.emulator.neighbours.parameters import (
    NoSuchParameter,
    SecretError,
)
from pytest_codeartifact.emulator.secret_references import FORM, SecretReference
from tests.support.emulation import REGION
from tests.support.people import People
from tests.support.service_roles import Workshop

ARN = "arn:aws:secretsmanager:us-west-2:999999999999:secret:team/demo-AbCdEf"
NOT_FOUND = "Secrets Manager can't find the specified secret"


def parameter(workshop: Workshop, name: str) -> str:
    """A parameter's value in the workshop's account."""
    return workshop.parameters.parameter(workshop.account, REGION, name)


def secret(workshop: Workshop, reference: str) -> str:
    """A secret's value in the workshop's account."""
    read = SecretReference.read(reference)
    return workshop.parameters.secret(workshop.account, REGION, read)


@pytest.mark.parametrize(
    ("kind", "value"), [("String", "plain"), ("StringList", "a,b,c"), ("SecureString", "hidden")]
)
def test_parameter_is_what_was_put(workshop: Workshop, kind: str, value: str) -> None:
    """Encrypted ones are decrypted, lists have their commas."""
    workshop.people.ask("ssm").put_parameter(Name="/demo/key", Value=value, Type=kind)
    assert parameter(workshop, "/demo/key") == value


def test_version_or_label_of_a_parameter_can_be_asked_for(workshop: Workshop) -> None:
    """They follow the name after a colon."""
    ssm = workshop.people.ask("ssm")
    for value in ("1", "2"):
        ssm.put_parameter(Name="key", Value=value, Type="String", Overwrite=True)
    ssm.label_parameter_version(Name="key", ParameterVersion=1, Labels=["first"])
    assert [parameter(workshop, name) for name in ("key", "key:1", "key:first")] == ["2", "1", "1"]


@pytest.mark.parametrize(
    "name", ["missing", "/demo/missing", "", "key:9", "/aws/reference/secretsmanager/missing"]
)
def test_missing_parameter_is_told(workshop: Workshop, name: str) -> None:
    """Neither a name nor a version is made up."""
    workshop.people.ask("ssm").put_parameter(Name="key", Value="1", Type="String")
    with pytest.raises(NoSuchParameter):
        parameter(workshop, name)


def test_secret_is_read_whole_or_by_key(workshop: Workshop) -> None:
    """A secret of JSON has keys; values that are no text are JSON again."""
    document = {"user": "ann", "port": 5432, "tags": ["a"]}
    manager = workshop.people.ask("secretsmanager")
    arn = manager.create_secret(Name="team/demo", SecretString=json.dumps(document))["ARN"]
    assert json.loads(secret(workshop, "team/demo")) == document
    assert secret(workshop, "team/demo:user") == "ann"
    assert secret(workshop, f"{arn}:user") == "ann"
    assert secret(workshop, "team/demo:port") == "5432"
    assert secret(workshop, "team/demo:tags") == '["a"]'


def test_version_of_a_secret_can_be_asked_for(workshop: Workshop) -> None:
    """By its stage or its id; without either it is the current one."""
    manager = workshop.people.ask("secretsmanager")
    first = manager.create_secret(Name="demo", SecretString="1")["VersionId"]
    manager.put_secret_value(SecretId="demo", SecretString="2")
    read = [
        secret(workshop, reference)
        for reference in ("demo", "demo::AWSPREVIOUS", f"demo:::{first}", "demo::AWSCURRENT:")
    ]
    assert read == ["2", "1", "1", "2"]


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("missing", f"ResourceNotFoundException: {NOT_FOUND}."),
        (
            "demo::NOSTAGE",
            f"ResourceNotFoundException: {NOT_FOUND} value for staging label: NOSTAGE",
        ),
        (
            "demo:::no-version",
            f"ResourceNotFoundException: {NOT_FOUND} value for VersionId: no-version",
        ),
        ("demo:password", "InvalidRequestException: The secret demo is no JSON object."),
        ("json:password", "ResourceNotFoundException: The secret json has no key password."),
        ("bytes", "InvalidRequestException: The secret has no SecretString."),
    ],
)
def test_secret_that_cannot_be_read_says_why(workshop: Workshop, reference: str, told: str) -> None:
    """Code and sentence are the service's, and nothing of the secret is in it."""
    manager = workshop.people.ask("secretsmanager")
    manager.create_secret(Name="demo", SecretString="hunter2")
    manager.create_secret(Name="json", SecretString='{"pass": "hunter2"}')
    manager.create_secret(Name="bytes", SecretBinary=b"hunter2")
    with pytest.raises(SecretError) as refused:
        secret(workshop, reference)
    assert str(refused.value) == told


def test_deleted_secret_is_refused(workshop: Workshop) -> None:
    """A secret that waits for its end gives nothing away."""
    manager = workshop.people.ask("secretsmanager")
    manager.create_secret(Name="demo", SecretString="1")
    manager.delete_secret(SecretId="demo")
    with pytest.raises(SecretError, match="because it was marked for deletion"):
        secret(workshop, "demo")


def test_secret_of_another_account_is_named_by_its_arn(workshop: Workshop) -> None:
    """Account and region are those of the ARN."""
    emulation = workshop.emulation
    other = People(emulation, emulation.other_account())
    made = other.ask("secretsmanager").create_secret(Name="demo", SecretString="theirs")
    assert secret(workshop, made["ARN"]) == "theirs"
    named = workshop.parameters.secret_arn(workshop.account, REGION, made["ARN"])
    assert named == made["ARN"]


def test_arn_of_a_secret_is_known_by_its_name(workshop: Workshop) -> None:
    """Policies name secrets by ARNs, of which a missing one has only the beginning."""
    made = workshop.people.ask("secretsmanager").create_secret(Name="demo", SecretString="1")
    arn = workshop.parameters.secret_arn
    assert arn(workshop.account, REGION, "demo") == made["ARN"]
    prefix = f"arn:aws:secretsmanager:{REGION}:{workshop.account}:secret:"
    assert arn(workshop.account, REGION, "missing") == f"{prefix}missing"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("demo", SecretReference("demo")),
        ("demo:key", SecretReference("demo", "key")),
        ("demo:key:stage", SecretReference("demo", "key", "stage")),
        ("demo:::id", SecretReference("demo", "", "", "id")),
        (ARN, SecretReference(ARN)),
        (f"{ARN}:key::id", SecretReference(ARN, "key", "", "id")),
        (f"{ARN}::stage", SecretReference(ARN, "", "stage")),
    ],
)
def test_reference_is_read_by_its_colons(text: str, read: SecretReference) -> None:
    """Those of an ARN do not count."""
    assert SecretReference.read(text) == read


@pytest.mark.parametrize("text", ["", ":key", "demo:key:stage:id:more", f"{ARN}:a:b:c:d"])
def test_reference_without_secret_or_with_more_is_refused(text: str) -> None:
    """What names no secret, or has too many parts, is no reference."""
    with pytest.raises(ValueError, match=f"is not of the form {FORM}"):
        SecretReference.read(text)


def test_reference_to_a_stage_and_a_version_is_refused() -> None:
    """One of both says which version is meant."""
    with pytest.raises(ValueError, match="by its stage or by its id, not by both"):
        SecretReference.read(f"{ARN}:key:stage:id")


words = st.text(st.characters(exclude_characters=":", codec="utf-8"), max_size=5)


@given(
    st.one_of(st.just(ARN), words.filter(lambda word: word not in {"", "arn"})),
    words,
    st.one_of(st.tuples(words, st.just("")), st.tuples(st.just(""), words)),
)
def test_reference_is_read_back(secret_id: str, key: str, version: tuple[str, str]) -> None:
    """Whatever the parts are, they are read as they were written."""
    read = SecretReference.read(":".join((secret_id, key, *version)))
    assert read == SecretReference(secret_id, key, *version)
