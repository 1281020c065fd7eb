"""Projects, roles and log groups are listed late: after they were made, and after they are gone."""

import io
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

App = Callable[[dict[str, Any], Any], Iterable[bytes]]
Headers = list[tuple[str, str]]
Entry = Mapping[str, str]
SERVICES = frozenset({"codebuild", "iam", "logs"})
_NAMED = {"codebuild": "name", "iam": "RoleName", "logs": "logGroupName"}
_MAKING = frozenset({"CreateProject", "CreateRole", "CreateLogGroup"})
_REMOVING = frozenset({"DeleteProject", "DeleteRole", "DeleteLogGroup"})
_IAM = "https://iam.amazonaws.com/doc/2010-05-08/"


@dataclass
class Listings:
    """What was made and removed, by service and name, and when."""

    _made: dict[tuple[str, str], float] = field(default_factory=dict)
    _gone: dict[tuple[str, str], tuple[float, Entry]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(
        self,
        service: str,
        app: App,
        environ: dict[str, Any],
        start_response: Any,  # noqa: ANN401 -- PEP 3333
        seconds: float,
    ) -> Iterable[bytes]:
        """Pass a request on, and show of a listing what could be known `seconds` ago."""
        operation, asked = _read(service, environ)
        name = asked.get(_NAMED[service], "")
        entry = self._entry(service, name) if operation in _REMOVING else {}
        started: list[tuple[str, Headers]] = []
        chunks = app(environ, lambda status, headers, *_: started.append((status, headers)))
        content = joined(chunks)
        status, headers = started[0]
        if status.startswith("200"):
            if operation in _MAKING:
                with self._lock:
                    self._made[service, name] = time.monotonic()
                    self._gone.pop((service, name), None)
            elif operation in _REMOVING and entry:
                with self._lock:
                    self._made.pop((service, name), None)
                    self._gone[service, name] = (time.monotonic(), entry)
            content = self._shown(service, operation, asked, content, seconds)
        headers = [pair for pair in headers if pair[0].lower() != "content-length"]
        start_response(status, [*headers, ("Content-Length", str(len(content)))])
        return [content]

    def _shown(
        self, service: str, operation: str, asked: Mapping[str, Any], content: bytes, seconds: float
    ) -> bytes:
        match operation:
            case "ListProjects":
                told = json.loads(content)
                told["projects"] = [
                    name for name in told["projects"] if not self._is_new(service, name, seconds)
                ]
                if not told.get("nextToken"):
                    told["projects"] += self._still(service, seconds)
                return json.dumps(told).encode()
            case "DescribeLogGroups":
                told = json.loads(content)
                told["logGroups"] = [
                    each
                    for each in told["logGroups"]
                    if not self._is_new(service, each["logGroupName"], seconds)
                ]
                if not told.get("nextToken"):
                    prefix, gone = (
                        asked.get("logGroupNamePrefix", ""),
                        self._still(service, seconds),
                    )
                    told["logGroups"] += [gone[name] for name in gone if name.startswith(prefix)]
                return json.dumps(told).encode()
            case "ListRoles":
                return self._roles(asked, content, seconds)
            case _:
                return content

    def _roles(self, asked: Mapping[str, Any], content: bytes, seconds: float) -> bytes:
        root = ET.fromstring(content)
        roles = root.find(f".//{{{_IAM}}}Roles")
        assert roles is not None
        for member in list(roles):
            if self._is_new("iam", member.findtext(f"{{{_IAM}}}RoleName", ""), seconds):
                roles.remove(member)
        if root.findtext(f".//{{{_IAM}}}IsTruncated") != "true":
            for entry in self._still("iam", seconds).values():
                if entry["Path"].startswith(asked.get("PathPrefix", "/")):
                    member = ET.SubElement(roles, f"{{{_IAM}}}member")
                    for tag, text in entry.items():
                        ET.SubElement(member, f"{{{_IAM}}}{tag}").text = text
        shown: bytes = ET.tostring(root, encoding="utf-8", default_namespace=_IAM)
        return shown

    def _entry(self, service: str, name: str) -> Entry:
        """What a listing says of something that is about to be removed; nothing where it is not."""
        from moto.iam.models import iam_backends  # noqa: PLC0415 -- heavy
        from moto.logs.models import logs_backends  # noqa: PLC0415 -- likewise

        from tests.support.stand_in import ACCOUNT, REGION  # noqa: PLC0415 -- it starts this program

        match service:
            case "codebuild":
                # Removing one that is not there is answered as if it were.
                with self._lock:
                    return {"name": name} if (service, name) in self._made else {}
            case "logs":
                group = logs_backends[ACCOUNT][REGION].groups.get(name)
                return dict(group.to_describe_dict()) if group else {}
            case _:
                for role in iam_backends[ACCOUNT]["aws"].roles.values():
                    if role.name == name:
                        return {
                            "Path": role.path,
                            "RoleName": role.name,
                            "RoleId": role.id,
                            "Arn": role.arn,
                            "CreateDate": role.create_date.strftime("%Y-%m-%dT%H:%M:%SZ"),
                        }
                return {}

    def _is_new(self, service: str, name: str, seconds: float) -> bool:
        with self._lock:
            return time.monotonic() - self._made.get((service, name), -seconds) < seconds

    def _still(self, service: str, seconds: float) -> dict[str, Entry]:
        """What is gone and shows none the less."""
        now = time.monotonic()
        with self._lock:
            return {
                name: entry
                for (of, name), (when, entry) in self._gone.items()
                if of == service and now - when < seconds
            }


def joined(chunks: Iterable[bytes]) -> bytes:
    """All of an answer, which is then over (PEP 3333)."""
    content = b"".join(chunks)
    close = getattr(chunks, "close", None)
    if close is not None:
        close()
    return content


def _read(service: str, environ: dict[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The operation and its parameters; the body can be read again."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    if service == "iam":
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        return form.get("Action", ""), form
    return environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2], json.loads(body or b"{}")
