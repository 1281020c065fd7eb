"""Pages and files for Python clients: media types, headers, ranges, metadata."""

import json
from collections.abc import Mapping
from typing import Any

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Answer, Recorder
from pytest_codeartifact.parity.scene import Scene, basic

_SIMPLE = "application/vnd.pypi.simple."
_ACCEPTED = {
    "html": "text/html",
    "simple html": f"{_SIMPLE}v1+html",
    "simple json": f"{_SIMPLE}v1+json",
    "latest html": f"{_SIMPLE}latest+html",
    "latest json": f"{_SIMPLE}latest+json",
    "anything": "*/*",
    "xml": "application/xml",
    "what pip sends": f"{_SIMPLE}v1+json, {_SIMPLE}v1+html; q=0.1, text/html; q=0.01",
}


@probe(settles="which media types a page has, its headers, and its keys as JSON")
def page_media_types(scene: Scene, saw: Recorder) -> None:
    """Ask for one page in every way that clients do."""
    repository = scene.repository()
    scene.publish(repository, scene.package("probe-page").wheel)
    scene.publish(repository, scene.package("probe-page").sdist)
    for name, accept in _ACCEPTED.items():
        saw.http(f"a page as {name}", scene.get(repository, "simple/probe-page/", accept=accept))
    saw.http("a page as nothing said", scene.get(repository, "simple/probe-page/"))


@probe(settles="in which order a page and its versions are listed")
def page_order(scene: Scene, saw: Recorder) -> None:
    """List versions that sort otherwise as text, by number, and by time."""
    repository = scene.repository()
    for version in ("2.0.0", "10.0.0", "1.0.0"):
        scene.publish(repository, scene.package("probe-order", version).wheel)
    answer = scene.get(repository, "simple/probe-order/", accept=f"{_SIMPLE}v1+json")
    told = _json(answer)
    saw.fact("files of the page", [each["filename"] for each in told.get("files", ())])
    saw.fact("versions of the page", told.get("versions"))
    page = scene.get(repository, "simple/probe-order/", accept="text/html")
    saw.http("the page as html", page)


@probe(settles="whether HEAD, ranges and metadata files are served, and the headers of a file")
def file_delivery(scene: Scene, saw: Recorder) -> None:
    """Ask for a file in whole, in part, by its head, and for its metadata."""
    repository, package = scene.repository(), scene.package("probe-file")
    scene.publish(repository, package.wheel)
    url = f"{repository.endpoint('pypi')}simple/probe-file/1.0.0/{package.wheel.name}"
    given = {"authorization": basic(scene.token())}
    saw.http("the file", scene.http("GET", url, given))
    saw.http("its head", scene.http("HEAD", url, given))
    saw.http("its first bytes", scene.http("GET", url, {**given, "range": "bytes=0-99"}))
    saw.http("its metadata", scene.http("GET", f"{url}.metadata", given))
    page = f"{repository.endpoint('pypi')}simple/probe-file/"
    saw.http("the head of a page", scene.http("HEAD", page, given))


def _json(answer: Answer) -> Mapping[str, Any]:
    try:
        told: Mapping[str, Any] = answer.json()
    except json.JSONDecodeError:
        return {}
    return told
