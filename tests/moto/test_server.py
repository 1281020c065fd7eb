"""CodeArtifact on moto's server, which other programs reach by HTTP."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import urllib3
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of moto's server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def url(server: str) -> Iterator[str]:
    """The same, empty before and after."""
    reset(server)
    yield server
    reset(server)


def reset(url: str) -> None:
    assert urllib3.request("POST", f"{url}/moto-api/reset").status == 200


def ask(service: str, url: str) -> Any:  # noqa: ANN401 - any service's client
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client(service, endpoint_url=url, **keys)  # type: ignore[call-overload]  # any service


@pytest.fixture
def client(url: str) -> "CodeArtifactClient":
    """A client of the server."""
    client: CodeArtifactClient = ask("codeartifact", url)
    return client


def test_server_answers_until_it_is_reset(client: "CodeArtifactClient", url: str) -> None:
    """The server keeps what was made, refuses with members, and forgets when told."""
    made = client.create_domain(domain="team")["domain"]
    assert made["arn"] == "arn:aws:codeartifact:eu-west-1:123456789012:domain/team"
    with pytest.raises(client.exceptions.ConflictException) as refused:
        client.create_domain(domain="team")
    assert refused.value.response["resourceId"] == "team"  # type: ignore[typeddict-item]  # modelled by the service
    assert client.describe_domain(domain="team")["domain"] == made
    reset(url)
    assert client.list_domains()["domains"] == []


def test_bytes_pass_the_server(client: "CodeArtifactClient") -> None:
    """Raw bodies go in and out unchanged, with the headers around them."""
    content = bytes(range(256)) * 1000
    client.create_domain(domain="team")
    client.create_repository(domain="team", repository="store")
    version: dict[str, Any] = {
        "domain": "team",
        "repository": "store",
        "format": "generic",
        "namespace": "lab",
        "package": "data+ä",
        "packageVersion": "1.0",
    }
    sha256 = hashlib.sha256(content).hexdigest()
    client.publish_package_version(
        **version, assetName="data.bin", assetContent=content, assetSHA256=sha256
    )
    got = client.get_package_version_asset(**version, asset="data.bin")
    assert got["asset"].read() == content
    assert got["assetName"] == "data.bin"


def test_other_services_are_on_the_same_server(client: "CodeArtifactClient", url: str) -> None:
    """Moto's own services answer beside it."""
    client.create_domain(domain="team")
    s3 = ask("s3", url)
    where = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="lab-files", CreateBucketConfiguration=where)
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["lab-files"]
    assert ask("sts", url).get_caller_identity()["Account"] == "123456789012"


def test_requests_leave_no_file_open(client: "CodeArtifactClient") -> None:
    """The server has a thread for each request; what such a thread opened ends with it."""
    client.list_domains()
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(30):
        client.list_domains()
    assert len(list(Path("/dev/fd").iterdir())) < before + 20
