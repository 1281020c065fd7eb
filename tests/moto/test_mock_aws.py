"""CodeArtifact within `mock_aws`: state, neighbours, connections."""

import hashlib
import io
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import backend_index, mock_aws

import pytest_codeartifact.moto
from pytest_codeartifact.emulator.api.model import operations, snake_case
from tests.support.distributions import make_wheel
from tests.support.emulation import ACCOUNT as EMULATED_ACCOUNT
from tests.support.emulation import API_URL, Emulation, refusal
from tests.support.public_registry import PublicRegistry

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

ACCOUNT = "123456789012"


def names(client: "CodeArtifactClient") -> list[str]:
    return [domain["name"] for domain in client.list_domains()["domains"]]


# --- State -----------------------------------------------------------------------------------


def test_each_mock_starts_empty() -> None:
    """What one mock made is gone in the next; a mock within a mock is the same one."""
    for _ in range(2):
        with mock_aws():
            client = boto3.client("codeartifact")
            assert names(client) == []
            client.create_domain(domain="team")
            with mock_aws():
                assert names(boto3.client("codeartifact")) == ["team"]
            assert names(client) == ["team"]


@mock_aws
def test_decorated_test_has_a_mock_of_its_own() -> None:
    """The decorator works like the context manager."""
    client = boto3.client("codeartifact")
    client.create_domain(domain="team")
    assert names(client) == ["team"]


@pytest.mark.usefixtures("mocked")
def test_moto_api_resets_the_service(client: "CodeArtifactClient") -> None:
    """Moto's own reset empties CodeArtifact with everything else."""
    assert (
        requests.post("http://motoapi.amazonaws.com/moto-api/reset", timeout=5).status_code == 200
    )
    assert names(client) == []
    client.create_domain(domain="team")


def test_folder_goes_with_the_mock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state lives in a temporary folder, only once it is needed and no longer than the mock."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with mock_aws():
        boto3.client("sts").get_caller_identity()
        assert list(tmp_path.iterdir()) == []
        boto3.client("codeartifact").create_domain(domain="team")
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_mock_left_standing_is_cleared_away_at_exit(tmp_path: Path) -> None:
    """A program that never stops its mock leaves no folder behind, and nothing to read."""
    program = (
        "import boto3, moto, pytest_codeartifact.moto\n"
        "moto.mock_aws().start()\n"
        "boto3.client('codeartifact', 'eu-west-1').create_domain(domain='team')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={"TMPDIR": str(tmp_path), "HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir() if "codeartifact" in path.name] == []


def test_threads_share_the_service(client: "CodeArtifactClient") -> None:
    """Calls from many threads at once all count."""
    with ThreadPoolExecutor(8) as pool:
        for made in [
            pool.submit(client.create_repository, domain="team", repository=f"repo-{number}")
            for number in range(16)
        ]:
            made.result()
    assert len(client.list_repositories()["repositories"]) == 17


@pytest.mark.usefixtures("mocked")
def test_regions_are_apart() -> None:
    """A domain of one region is not there in another, as on the service."""
    for region in ("us-east-1", "ap-southeast-1", "cn-north-1"):
        client = boto3.client("codeartifact", region_name=region)
        assert names(client) == []
        arn = client.create_domain(domain="team")["domain"]["arn"]
        assert f":codeartifact:{region}:{ACCOUNT}:" in arn


# --- The same service ------------------------------------------------------------------------

REQUEST: dict[str, Any] = {
    "domain": "team",
    "repository": "store",
    "sourceRepository": "store",
    "destinationRepository": "store",
    "format": "pypi",
    "package": "demo",
    "packageVersion": "1.0",
    "packageGroup": "/pypi/*",
    "externalConnection": "public:pypi",
    "versions": ["1.0"],
    "targetStatus": "Archived",
    "asset": "demo.whl",
    "assetName": "demo.whl",
    "assetContent": b"\x00\xff",
    "assetSHA256": "0" * 64,
    "policyDocument": json.dumps({"Version": "2012-10-17"}),
    "restrictions": {"publish": "ALLOW", "upstream": "BLOCK"},
    "originRestrictionType": "PUBLISH",
    "tags": [{"key": "stage", "value": "tést"}],
    "tagKeys": ["stage"],
}


def outcome(client: "CodeArtifactClient", name: str, account: str) -> dict[str, Any]:
    """What an operation answers, but for what differs each time."""
    shape = operations()[name].input_shape
    assert shape is not None
    request = {member: REQUEST[member] for member in shape.required_members if member in REQUEST}
    if "resourceArn" in shape.members:
        request["resourceArn"] = f"arn:aws:codeartifact:eu-west-1:{account}:domain/team"
    if name == "UpdatePackageGroupOriginConfiguration":
        request["restrictions"] = {"PUBLISH": "BLOCK"}
    try:
        answer = getattr(client, snake_case(name))(**request)
    except ClientError as error:
        answer = dict(error.response)
    metadata = answer.pop("ResponseMetadata")
    headers = {key for key in metadata["HTTPHeaders"] if key.startswith("x-amzn")}
    text = json.dumps(answer, default=lambda value: type(value).__name__).replace(account, "owner")
    # Keys, tokens and the ids of repositories are made up anew each time.
    text = re.sub(r"[\w+/=.-]{36,}|(?<=RepoId: )\w+", "…", text)
    return {"status": metadata["HTTPStatusCode"], "headers": headers, "answer": json.loads(text)}


def prepared(client: "CodeArtifactClient") -> "CodeArtifactClient":
    """The same client, once it has made the domain `team` and its repository `store`."""
    client.create_domain(domain="team")
    client.create_repository(domain="team", repository="store")
    return client


@pytest.mark.parametrize("name", sorted(operations()))
def test_operation_answers_as_the_emulator_does(emulation: Emulation, name: str) -> None:
    """Every operation reaches the same code: status, members and error texts are the same."""
    expected = outcome(prepared(emulation.client(url=API_URL)), name, EMULATED_ACCOUNT)
    assert expected["status"] < 500
    with mock_aws():
        assert outcome(prepared(boto3.client("codeartifact")), name, ACCOUNT) == expected


@pytest.fixture
def emulation(tmp_path: Path) -> Iterator[Emulation]:
    """An emulator that nobody mocks."""
    with Emulation(tmp_path / "state") as emulation:
        yield emulation
        assert emulation.crashes() == []


def test_refusal_arrives_whole(client: "CodeArtifactClient") -> None:
    """Status, code, message and the members of an error are what boto3 gets from the service."""
    with pytest.raises(client.exceptions.ConflictException) as refused:
        client.create_repository(domain="team", repository="store")
    response = refusal(refused)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert response["ResponseMetadata"]["RequestId"]
    assert (response["resourceId"], response["resourceType"]) == ("store", "repository")
    assert "already exists" in response["Error"]["Message"]


def test_asset_makes_the_round_trip(client: "CodeArtifactClient") -> None:
    """A streamed body goes in byte by byte, and comes out with its headers."""
    content = bytes(range(256)) * 400
    version: dict[str, Any] = {
        "domain": "team",
        "repository": "store",
        "format": "generic",
        "namespace": "lab",
        "package": "data",
        "packageVersion": "1.0",
    }
    published = client.publish_package_version(
        **version,
        assetName="data (1).bin",
        assetContent=io.BytesIO(content),
        assetSHA256=hashlib.sha256(content).hexdigest(),
    )
    got = client.get_package_version_asset(**version, asset="data (1).bin")
    assert got["asset"].read() == content
    assert (got["assetName"], got["packageVersion"]) == ("data (1).bin", "1.0")
    assert got["packageVersionRevision"] == published["versionRevision"]
    with pytest.raises(client.exceptions.ValidationException):
        client.publish_package_version(
            **{**version, "packageVersion": "2.0"},
            assetName="data.bin",
            assetContent=content,
            assetSHA256="0" * 64,
        )


# --- Other services --------------------------------------------------------------------------


def test_other_services_go_on(client: "CodeArtifactClient") -> None:
    """Moto's services are there beside it, also for names that look like ours."""
    s3 = boto3.client("s3")
    where: Any = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="codeartifact.eu-west-1", CreateBucketConfiguration=where)
    s3.put_object(Bucket="codeartifact.eu-west-1", Key="v1/domain", Body=b"mine")
    kept = s3.get_object(Bucket="codeartifact.eu-west-1", Key="v1/domain")
    assert kept["Body"].read() == b"mine"
    boto3.client("sqs").create_queue(QueueName="codeartifact")
    assert names(client) == ["team"]


def test_rules_of_eventbridge_hear_of_packages(client: "CodeArtifactClient") -> None:
    """What happens to a package reaches the targets of the mock's own rules."""
    sqs, events = boto3.client("sqs"), boto3.client("events")
    queue = sqs.create_queue(QueueName="packages")["QueueUrl"]
    events.put_rule(Name="all", EventPattern='{"source": ["aws.codeartifact"]}')
    target = {"Id": "1", "Arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:packages"}
    events.put_targets(Rule="all", Targets=[target])
    client.publish_package_version(
        domain="team",
        repository="store",
        format="generic",
        namespace="lab",
        package="data",
        packageVersion="1.0",
        assetName="data.bin",
        assetContent=b"abc",
        assetSHA256=hashlib.sha256(b"abc").hexdigest(),
    )
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    event = json.loads(message["Body"])
    assert (event["account"], event["detail"]["packageName"]) == (ACCOUNT, "data")


def test_registering_again_changes_nothing() -> None:
    """Each of the service's addresses is known to moto once, however often that is asked for."""
    before = list(backend_index.backend_url_patterns)
    pytest_codeartifact.moto._register()
    assert backend_index.backend_url_patterns == before
    assert [name for name, _ in before].count("codeartifact") == 4


@pytest.mark.usefixtures("mocked")
@pytest.mark.parametrize("dualstack", [False, True])
@pytest.mark.parametrize("fips", [False, True])
def test_each_address_of_the_api_is_mocked(*, dualstack: bool, fips: bool) -> None:
    """No other host of the service is a way out."""
    config = Config(use_dualstack_endpoint=dualstack, use_fips_endpoint=fips)
    client = boto3.client("codeartifact", region_name="us-east-1", config=config)
    client.create_domain(domain="team")
    assert names(client) == ["team"]


@pytest.mark.parametrize("dualstack", [False, True])
@pytest.mark.parametrize("domain", ["team", "my-s3-files"])
def test_each_address_of_an_endpoint_is_mocked(
    client: "CodeArtifactClient", domain: str, *, dualstack: bool
) -> None:
    """Endpoints answer under their real host names, also where a domain's name looks like S3's."""
    if domain != "team":
        client.create_domain(domain=domain)
        client.create_repository(domain=domain, repository="store")
    where: Any = {"domain": domain, "repository": "store", "format": "pypi"}
    kind: Any = "dualstack" if dualstack else "ipv4"
    url = client.get_repository_endpoint(**where, endpointType=kind)["repositoryEndpoint"]
    suffix = (
        "codeartifact.eu-west-1.on.aws" if dualstack else "d.codeartifact.eu-west-1.amazonaws.com"
    )
    assert url == f"https://{domain}-{ACCOUNT}.{suffix}/pypi/store/"
    answer = requests.get(f"{url}simple/demo/", timeout=5)
    assert answer.headers["WWW-Authenticate"].startswith(f'Bearer realm="{domain}/store"')


# --- External connections --------------------------------------------------------------------


@pytest.fixture
def page(client: "CodeArtifactClient") -> Any:  # noqa: ANN401 - a function
    """Ask for a project page of `store`, which is connected to the public registry."""
    client.associate_external_connection(
        domain="team", repository="store", externalConnection="public:pypi"
    )
    token = client.get_authorization_token(domain="team")["authorizationToken"]
    url = client.get_repository_endpoint(domain="team", repository="store", format="pypi")

    def ask(project: str) -> requests.Response:
        address = f"{url['repositoryEndpoint']}simple/{project}/"
        return requests.get(address, auth=("aws", token), timeout=5)

    return ask


def test_connection_leads_nowhere_by_itself(page: Any) -> None:  # noqa: ANN401 - as above
    """A mock does not leave the machine: the public registry counts as unavailable."""
    answer = page("demo")
    assert answer.status_code == 504
    assert "pytest_codeartifact.moto.set_upstream" in answer.text


def test_connection_leads_where_a_test_says(page: Any, client: "CodeArtifactClient") -> None:  # noqa: ANN401 - as above
    """A test's own registry serves, until the mock ends."""
    with PublicRegistry() as registry:
        registry.add(make_wheel("demo", "1.0"))
        pytest_codeartifact.moto.set_upstream("public:pypi", registry.url)
        assert "demo-1.0" in page("demo").text
        assert client.list_packages(domain="team", repository="store")["packages"] == []


def test_unknown_connection_is_named() -> None:
    """A connection that does not exist cannot be pointed anywhere."""
    with pytest.raises(ValueError, match="'public:perl' is no external connection"):
        pytest_codeartifact.moto.set_upstream("public:perl", "http://127.0.0.1:9/")
