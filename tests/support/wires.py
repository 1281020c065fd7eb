"""botocore's own client code with a service's answers made up: what it sends, what it reads."""

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.model import ListShape, MapShape, Shape, StructureShape
from urllib3 import HTTPResponse

from pytest_codeartifact.emulator.api.model import CODEARTIFACT, Json, snake_case
from pytest_codeartifact.emulator.http import Request, Response

STRINGS = {
    "[0-9]{12}": "111122223333",
    "[0-9a-f]+": "0a" * 32,
    r"[A-Za-z0-9][A-Za-z0-9._\-:]{1,99}": "public:pypi",
    r"[A-Za-z0-9][A-Za-z0-9._\-]{1,99}": "Team.repo-1",
    r"[\P{C}\s]+": '{\n\t"Sid": "é"}',
    r"[^#/\s]+": "näme+1&=%2F~",
    r"[^\p{C}\p{IsWhitespace}]+": "/npm/ü*~",
    r"[a-z][a-z0-9\-]{0,48}[a-z0-9]": "team-one",
    r"\P{C}*": "a ünïcode & + text",
    r"\P{C}+": "file name-1.0 (2).bin",
    r"\S+": "rEv+/=%20==",
    r"[A-Za-z0-9][A-Za-z0-9\-_]{1,127}": "Fleet_1-a",
    r"[A-Za-z0-9][A-Za-z0-9\-_]{1,149}": "Project_1-a",
    r"^([\p{L}\p{Z}\p{N}_.:/=@+\-]*)$": "ünïcode 1_.:/=@+-",
}


def sample(shape: Shape, *, only_required: bool = False) -> Json:
    """A value that fulfils the shape, whole or with nothing that may be left out."""
    if isinstance(shape, StructureShape):
        return {
            name: sample(member, only_required=only_required)
            for name, member in shape.members.items()
            if name in shape.required_members or not only_required
        }
    if isinstance(shape, ListShape):
        return [sample(shape.member, only_required=only_required)] * 2
    if isinstance(shape, MapShape):
        return {sample(shape.key): sample(shape.value, only_required=only_required)}
    if shape.type_name == "string":
        words = shape.metadata.get("enum")
        pattern = shape.metadata.get("pattern")
        return words[-1] if words else STRINGS.get(pattern or "", "plain, but \U0001f4e6")
    return {
        "blob": b"\x00\xff raw",
        "boolean": False,
        "integer": 7,
        "long": 43200,
        "timestamp": 1566002944.273,
        "double": 12.5,
    }[shape.type_name]


@dataclass
class Line:
    """A client of the service whose requests end here, and are answered with `response`."""

    config: Config
    service: str = CODEARTIFACT
    response: Response = field(default_factory=lambda: Response(200))
    requests: list[tuple[Request, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        session = botocore.session.Session()
        session.set_config_variable("config_file", os.devnull)
        session.set_config_variable("credentials_file", os.devnull)
        self.client: Any = session.create_client(
            self.service,
            region_name="eu-west-1",
            endpoint_url="http://127.0.0.1:9",
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="not a secret",
            config=self.config,
        )
        events: Any = self.client.meta.events
        events.register(f"before-send.{self.service}", self._answer)

    def call(self, operation: str, **parameters: Json) -> dict[str, Any]:
        """Call by API name and return the parsed answer without its metadata."""
        answer: dict[str, Any] = getattr(self.client, snake_case(operation))(**parameters)
        del answer["ResponseMetadata"]
        return answer

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        url = urlsplit(request.url)
        sent: Any = request.body or b""
        content = sent.read() if hasattr(sent, "read") else bytes(sent)
        headers = {name.lower(): text(value) for name, value in request.headers.items()}
        received = Request(request.method, unquote(url.path), url.query, headers, io.BytesIO())
        self.requests.append((received, content))
        headers_out: Any = self.response.headers
        body = self.response.body
        raw = HTTPResponse(
            io.BytesIO(body if isinstance(body, bytes) else b"".join(body)), preload_content=False
        )
        return AWSResponse(request.url, self.response.status, headers_out, raw)


def text(value: str | bytes) -> str:
    """A header's value as WSGI has it."""
    return value.decode("latin-1") if isinstance(value, bytes) else value


def plain(value: Json) -> Json:
    """A parsed answer as the handler stated it: times as numbers, raw payloads as bytes."""
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.timestamp()
    return value.read() if hasattr(value, "read") else value
