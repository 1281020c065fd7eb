"""The project page of the Simple API, as HTML or JSON from one description.

Sources: "Python compatibility" (AWS CodeArtifact User Guide); "Simple repository API" (Python
Packaging User Guide). Links are relative to the page, as the service writes them.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from urllib.parse import quote

from pytest_codeartifact.emulator.registry import Offer, OfferedAsset

JSON_V1 = "application/vnd.pypi.simple.v1+json"
HTML_V1 = "application/vnd.pypi.simple.v1+html"
HTML = "text/html"
_ANSWERS = {
    JSON_V1: JSON_V1,
    "application/vnd.pypi.simple.latest+json": JSON_V1,
    HTML_V1: HTML_V1,
    "application/vnd.pypi.simple.latest+html": HTML_V1,
    HTML: HTML,
    "*/*": HTML,
}


@lru_cache(maxsize=256)
def negotiated(accept: str | None) -> str | None:
    """The media type to answer with; None when nothing the client takes is served (406)."""
    if accept is None:
        return HTML
    best, best_quality = None, 0.0
    for item in accept.split(","):
        media_type, *parameters = (part.strip() for part in item.split(";"))
        quality = _quality(parameters)
        answer = _ANSWERS.get(media_type.lower())
        if answer is not None and quality > best_quality:
            best, best_quality = answer, quality
    return best


def render(project: str, offer: Offer, media_type: str) -> bytes:
    """The page as bytes."""
    return _json(project, offer) if media_type == JSON_V1 else _html(project, offer)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _html(project: str, offer: Offer) -> bytes:
    title = f"Links for {escape(project)}"
    lines = [
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1>\n",
        *(f"{_anchor(url, asset)}<br/>\n" for url, asset in _files(offer)),
        "</body></html>\n",
    ]
    return "".join(lines).encode()


def _anchor(url: str, asset: OfferedAsset) -> str:
    fragment = f"#sha256={asset.sha256}" if asset.sha256 else ""
    attributes = [f'href="{escape(url)}{fragment}"', 'data-gpg-sig="false"']
    if requires := asset.attributes.get("requires-python"):
        attributes.append(f'data-requires-python="{escape(requires)}"')
    yanked = asset.attributes.get("yanked")
    if yanked is not None:
        attributes.append(f'data-yanked="{escape(yanked)}"')
    if uploaded := asset.attributes.get("upload-time"):
        attributes.append(f'data-upload-time="{escape(uploaded)}"')
    return f"<a {' '.join(attributes)}>{escape(asset.name)}</a>"


def _json(project: str, offer: Offer) -> bytes:
    document = {
        "meta": {"api-version": "1.1"},
        "name": project,
        "versions": [version.version for version in offer.versions],
        "files": [_file(url, asset) for url, asset in _files(offer)],
    }
    return json.dumps(document).encode()


def _file(url: str, asset: OfferedAsset) -> dict[str, object]:
    yanked = asset.attributes.get("yanked")
    hashes = {"sha256": asset.sha256, "md5": asset.md5}
    file: dict[str, object] = {
        "filename": asset.name,
        "url": url,
        "hashes": {name: digest for name, digest in hashes.items() if digest},
        "yanked": False if yanked is None else yanked or True,
    }
    if asset.size is not None:
        file["size"] = asset.size
    for name in ("requires-python", "upload-time"):
        if said := asset.attributes.get(name):
            file[name] = said
    return file


def _files(offer: Offer) -> Iterator[tuple[str, OfferedAsset]]:
    for version in offer.versions:
        for asset in version.assets:
            yield f"{quote(version.version, safe='!+')}/{quote(asset.name, safe='+')}", asset
