"""The endpoint for Python clients: who may in, what is there, project pages and files."""

import random
from collections.abc import Callable
from datetime import datetime
from html.parser import HTMLParser

import pytest
from packaging.utils import canonicalize_name

from pytest_codeartifact.emulator.entities import Status
from tests.support.distributions import Distribution, make_sdist, make_wheel
from tests.support.emulation import ACCOUNT, REGION, Shelf, basic
from tests.support.states import set_status

JSON = "application/vnd.pypi.simple.v1+json"
HTML_V1 = "application/vnd.pypi.simple.v1+html"
PIP = f"{JSON}, {HTML_V1}; q=0.1, text/html; q=0.01"
WHEEL = make_wheel(headers=["Requires-Python: >=3.8, <4"])
HOST = f"team-{ACCOUNT}.d.codeartifact.{REGION}.amazonaws.com"


# --- What is there -----------------------------------------------------------------------------


@pytest.mark.documented("Python compatibility")
@pytest.mark.parametrize(
    "below",
    [
        "",
        "simple/",
        "simple",
        "simple/absent/",
        "simple/absent/1.0/absent-1.0.tar.gz",
        "simple/demo/9.9/demo-9.9.tar.gz",
        "simple/demo/1.0/other.whl",
        "simple/demo/1.0/",
        f"simple/demo/1.0/{WHEEL.filename}.metadata",
        f"simple/demo/1.0/{WHEEL.filename}.asc",
        "demo/json",
        "pypi/demo/json",
        "/simple/demo/",
        "simple//",
        "simple/de mo/",
        "simple/-demo/",
        "simple/..%2Fdemo/",
        "simple/%00/",
        "simple/d%C3%A9mo/",
        "../../etc/passwd",
        "simple/demo/1.0/..%2F..%2Fstate.sqlite3",
    ],
)
def test_what_is_not_there_is_not_found(shelf: Shelf, below: str) -> None:
    """404 for what nobody has and for what the service does not offer."""
    assert shelf.upload(WHEEL).status == 200
    answer = shelf.get(below)
    # The endpoint itself is where uploads go, so there reading is a wrong method.
    assert answer.status == (404 if below else 405)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.assumed("the status of a missing repository is not documented")
def test_missing_repository_is_named(shelf: Shelf) -> None:
    """With a good token the refusal says what is missing."""
    gone = Shelf(shelf.emulation, "team", "gone", shelf.token).get("simple/demo/")
    assert gone.status == 404
    assert "'gone'" in gone.message
    headers = {"Authorization": basic("aws", shelf.token)}
    unknown = shelf.emulation.request("GET", f"/{HOST}/conda/store/x", headers)
    assert (unknown.status, "'conda'" in unknown.message) == (404, True)


@pytest.mark.assumed("HTTP's own rules where the service says nothing")
@pytest.mark.parametrize(
    ("method", "below", "allowed"),
    [
        ("GET", "", "POST"),
        ("PUT", "", "POST"),
        ("POST", "simple/demo/", "GET, HEAD"),
        ("DELETE", f"simple/demo/1.0/{WHEEL.filename}", "GET, HEAD"),
        ("PATCH", "simple/demo/", "GET, HEAD"),
    ],
)
def test_wrong_method_is_not_allowed(shelf: Shelf, method: str, below: str, allowed: str) -> None:
    """405 says which methods there are, as HTTP demands."""
    answer = shelf.get(below, method=method)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


# --- Project pages -----------------------------------------------------------------------------


@pytest.mark.documented("Python compatibility")
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "text/html"),
        ("*/*", "text/html"),
        ("text/html", "text/html"),
        ("TEXT/HTML", "text/html"),
        (JSON, JSON),
        ("application/vnd.pypi.simple.latest+json", JSON),
        (HTML_V1, HTML_V1),
        ("application/vnd.pypi.simple.latest+html", HTML_V1),
        (PIP, JSON),
        (f"{JSON};q=0.1, text/html;q=0.9", "text/html"),
        (f"{JSON};q=0, text/html", "text/html"),
        (f"application/xml, {HTML_V1};q=0.5", HTML_V1),
        ("application/json, */*;q=0.1", "text/html"),
        (f"text/html;q=nonsense, {JSON};q=0.1", JSON),
    ],
)
def test_page_has_the_type_asked_for(shelf: Shelf, accept: str | None, media_type: str) -> None:
    """JSON and HTML by the Accept header, HTML without one."""
    assert shelf.upload(WHEEL).status == 200
    headers = {} if accept is None else {"accept": accept}
    answer = shelf.get("simple/demo/", **headers)
    assert answer.status == 200
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.body.startswith(b"{" if media_type == JSON else b"<!DOCTYPE html>")
    assert "accept" in answer.headers["vary"].lower()


@pytest.mark.documented("Python compatibility")
@pytest.mark.parametrize(
    "accept",
    [
        "application/xml",
        "application/json",
        "application/vnd.pypi.simple.v2+json",
        "text/plain",
        f"{JSON};q=0",
        "text/html;q=0.0, application/xml",
    ],
)
@pytest.mark.parametrize("project", ["demo", "absent"])
def test_unsupported_type_is_not_acceptable(shelf: Shelf, accept: str, project: str) -> None:
    """406 for anything else, and the refusal says what is served."""
    assert shelf.upload(WHEEL).status == 200
    answer = shelf.get(f"simple/{project}/", accept=accept)
    assert answer.status == 406
    assert JSON in answer.message


@pytest.mark.observed("uv issue 1388")
def test_html_page_has_the_observed_form(shelf: Shelf) -> None:
    """Title, heading, and an anchor for each file with a relative link and its hash."""
    assert shelf.upload(WHEEL).status == 200
    page = Anchors(shelf.get("simple/demo/").body.decode())
    assert page.title == "Links for demo"
    del page.anchors[0]["data-upload-time"]
    assert page.anchors == [
        {
            "href": f"1.0/{WHEEL.filename}#sha256={WHEEL.sha256}",
            "data-requires-python": ">=3.8, <4",
            "data-gpg-sig": "false",
            "text": WHEEL.filename,
        }
    ]


class Anchors(HTMLParser):
    """The title and the anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.title = ""
        self.anchors: list[dict[str, str | None]] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = tag
        if tag == "a":
            self.anchors.append(dict(attrs) | {"text": ""})

    def handle_endtag(self, tag: str) -> None:
        self._open = "" if tag == self._open else self._open

    def handle_data(self, data: str) -> None:
        if self._open == "title":
            self.title += data
        elif self._open == "a":
            self.anchors[-1]["text"] = f"{self.anchors[-1]['text']}{data}"


@pytest.mark.documented("Python compatibility")
def test_json_page_follows_the_simple_api(shelf: Shelf) -> None:
    """What PEP 691 and PEP 700 demand of a page is on it."""
    sdist = make_sdist("demo", "1.1")
    assert shelf.upload(WHEEL).status == shelf.upload(sdist).status == 200
    page = shelf.get("simple/demo/", accept=JSON).json()
    times = [file.pop("upload-time") for file in page["files"]]
    assert times == sorted(times)
    assert page["meta"]["api-version"] == "1.1"
    assert page["name"] == "demo"
    assert sorted(page["versions"]) == ["1.0", "1.1"]
    assert page["files"] == [
        {
            "filename": WHEEL.filename,
            "url": f"1.0/{WHEEL.filename}",
            "hashes": {"sha256": WHEEL.sha256, "md5": WHEEL.fields["md5_digest"]},
            "size": len(WHEEL.content),
            "requires-python": ">=3.8, <4",
            "yanked": False,
        },
        {
            "filename": sdist.filename,
            "url": f"1.1/{sdist.filename}",
            "hashes": {"sha256": sdist.sha256, "md5": sdist.fields["md5_digest"]},
            "size": len(sdist.content),
            "yanked": False,
        },
    ]


@pytest.mark.documented("Python compatibility")
def test_both_pages_say_when_a_file_was_uploaded(shelf: Shelf) -> None:
    """For what was published here it is that moment, in UTC; JSON and HTML agree."""
    shelf.emulation.travel(3600)
    before = shelf.emulation.emulator.clock.now()
    assert shelf.upload(WHEEL).status == 200
    [file] = shelf.get("simple/demo/", accept=JSON).json()["files"]
    [anchor] = Anchors(shelf.get("simple/demo/").body.decode()).anchors
    said = file["upload-time"]
    assert anchor["data-upload-time"] == said
    assert said.endswith("Z")
    uploaded = datetime.fromisoformat(said).timestamp()
    assert before - 1e-6 <= uploaded <= shelf.emulation.emulator.clock.now()


@pytest.mark.documented("Python compatibility")
@pytest.mark.parametrize(
    "distribution",
    [
        make_wheel("demo", "1!2.0.post1"),
        make_wheel("demo", "1.0+local.7"),
        make_sdist("demo", "2.0rc1"),
        make_wheel("demo", "3.0", headers=['Requires-Python: >=3.8,!="3.9"<&>']),
        make_sdist("Demo.Pack-age", "1.0"),
    ],
    ids=lambda distribution: distribution.filename,
)
def test_link_on_the_page_leads_to_the_file(shelf: Shelf, distribution: Distribution) -> None:
    """Another program's parser finds the file, follows its link and gets the bytes."""
    name = canonicalize_name(distribution.name)
    assert shelf.upload(distribution).status == 200
    [package] = shelf.page(name).packages
    assert package.filename == distribution.filename
    assert package.digests == {
        "sha256": distribution.sha256,
        "md5": distribution.fields["md5_digest"],
    }
    headers = {"Authorization": basic("aws", shelf.token)}
    got = shelf.emulation.request("GET", package.url.partition("#")[0], headers)
    assert (got.status, got.body) == (200, distribution.content)


@pytest.mark.observed("uv issue 1388")
def test_missing_slash_is_no_redirect(shelf: Shelf) -> None:
    """The page comes without its trailing slash too, the same and at once."""
    assert shelf.upload(WHEEL).status == 200
    assert shelf.get("simple/demo").status == 200
    assert shelf.get("simple/demo").body == shelf.get("simple/demo/").body


@pytest.mark.documented("Python package name normalization")
@pytest.mark.parametrize("spelling", ["my-demo", "My.Demo", "my_demo", "MY--demo", "my._-demo"])
def test_any_spelling_is_the_package(shelf: Shelf, spelling: str) -> None:
    """A request may spell a name as it likes; page and file are those of the package."""
    wheel = make_wheel("My.Demo")
    assert shelf.upload(wheel).status == 200
    assert shelf.get(f"simple/{spelling}/").body == shelf.get("simple/my-demo/").body
    assert shelf.get(f"simple/{spelling}/1.0/{wheel.filename}").body == wheel.content


@pytest.mark.assumed("HTTP's own rule: HEAD is GET without a body")
@pytest.mark.parametrize(
    "below", ["simple/demo/", f"simple/demo/1.0/{WHEEL.filename}", "simple/absent/"]
)
def test_head_has_the_headers_of_get(shelf: Shelf, below: str) -> None:
    """The same status and headers, and no body."""
    assert shelf.upload(WHEEL).status == 200
    got, head = shelf.get(below), shelf.get(below, method="HEAD")
    assert (head.status, head.body) == (got.status, b"")
    for name in ("content-type", "content-length"):
        assert head.headers[name] == got.headers[name]
    assert int(got.headers["content-length"]) == len(got.body)


# --- Files -------------------------------------------------------------------------------------


@pytest.mark.documented("Using CodeArtifact with Python")
@pytest.mark.parametrize("size", [0, 3 * 1024 * 1024])
def test_file_comes_whole(shelf: Shelf, size: int) -> None:
    """Small or large, the bytes are those uploaded, with their length, and ranges are not."""
    wheel = make_wheel(extra=b"# " + random.Random(size).randbytes(size).hex().encode())
    assert shelf.upload(wheel).status == 200
    got = shelf.get(f"simple/demo/1.0/{wheel.filename}", range="bytes=0-9")
    assert (got.status, got.body) == (200, wheel.content)
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-length"] == str(len(wheel.content))
    assert "location" not in got.headers


# --- Statuses ----------------------------------------------------------------------------------


@pytest.mark.documented("Packages overview")
@pytest.mark.parametrize(
    ("status", "listed", "downloaded"),
    [
        (Status.PUBLISHED, True, 200),
        (Status.UNLISTED, False, 200),
        (Status.ARCHIVED, False, 404),
        (Status.DISPOSED, False, 404),
        (Status.UNFINISHED, False, 404),
    ],
)
def test_status_decides_what_clients_see(
    shelf: Shelf,
    make_shelf: Callable[..., Shelf],
    status: Status,
    listed: bool,  # noqa: FBT001 - a table
    downloaded: int,
) -> None:
    """Unlisted is hidden but served, archived and disposed are not served; downstream likewise."""
    other = make_wheel("demo", "2.0")
    assert shelf.upload(WHEEL).status == shelf.upload(other).status == 200
    downstream = make_shelf("app", shelf.repository)
    set_status(shelf, "demo", "1.0", status)
    expected = [WHEEL.filename, other.filename] if listed else [other.filename]
    for place in (shelf, downstream):
        assert place.files() == expected
        assert place.download(WHEEL).status == downloaded


@pytest.mark.documented("Packages overview")
@pytest.mark.parametrize("status", [Status.ARCHIVED, Status.DISPOSED])
def test_put_away_version_takes_no_upload(shelf: Shelf, status: Status) -> None:
    """Neither the same file nor another can be published to it."""
    assert shelf.upload(WHEEL).status == 200
    set_status(shelf, "demo", "1.0", status)
    kept = shelf.emulation.stored
    for distribution in (WHEEL, make_sdist()):
        answer = shelf.upload(distribution)
        assert 400 <= answer.status < 500
        assert status.value in answer.message
    assert shelf.emulation.stored == kept


@pytest.mark.documented("Packages overview")
def test_repository_with_hidden_versions_only_has_no_page(shelf: Shelf) -> None:
    """A package whose every version is hidden is not found."""
    assert shelf.upload(WHEEL).status == 200
    set_status(shelf, "demo", "1.0", Status.ARCHIVED)
    assert shelf.get("simple/demo/").status == 404
