import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypi_simple import ProjectPage

from pytest_codeartifact.emulator.formats.simple_page import (
    HTML,
    HTML_V1,
    JSON_V1,
    negotiated,
    render,
)
from pytest_codeartifact.emulator.registry import Offer, OfferedAsset, OfferedVersion

SERVED = (JSON_V1, HTML_V1, HTML)
QUALITIES = st.one_of(st.none(), st.integers(0, 1000).map(lambda number: number / 1000))


@given(st.text(max_size=60))
def test_any_accept_header_is_answered(accept: str) -> None:
    """Whatever a client sends leads to a type that is served, or to none."""
    assert negotiated(accept) in {*SERVED, None}


@given(
    st.lists(
        st.tuples(st.sampled_from(SERVED), QUALITIES),
        min_size=1,
        max_size=3,
        unique_by=lambda item: item[0],
    )
)
def test_best_quality_wins(wishes: list[tuple[str, float | None]]) -> None:
    """The type with the highest quality is chosen; none when all are refused."""
    header = ", ".join(
        media_type if quality is None else f"{media_type};q={quality}"
        for media_type, quality in wishes
    )
    weights = {media_type: 1.0 if q is None else q for media_type, q in wishes}
    chosen = negotiated(header)
    if max(weights.values()) == 0:
        assert chosen is None
    else:
        assert chosen is not None
        assert weights[chosen] == max(weights.values())


@pytest.mark.parametrize(
    "accept", ["", " ", "nonsense", "text/*", ";q=1", "text/html;q=-1", "text/html;q=nan"]
)
def test_nothing_served_is_found_in_it(accept: str) -> None:
    """What names no served type gets none, odd qualities count as refusals."""
    assert negotiated(accept) is None


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
ASSETS = st.builds(
    OfferedAsset,
    name=st.from_regex(r"[a-z][a-z0-9_+%&<\"' ]{0,8}", fullmatch=True).map(
        lambda stem: f"{stem}-1.tar.gz"
    ),
    sha256=st.one_of(st.none(), st.just("0a" * 32)),
    size=st.one_of(st.none(), st.integers(0, 2**40)),
    attributes=st.one_of(
        st.just({}),
        st.fixed_dictionaries({"requires-python": TEXT}),
        st.fixed_dictionaries({"yanked": st.one_of(st.just(""), TEXT)}),
    ),
)


class Links(HTMLParser):
    """The attributes of each anchor."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(dict(attrs))


@given(st.lists(ASSETS, max_size=4, unique_by=lambda asset: asset.name))
def test_both_pages_say_the_same(assets: list[OfferedAsset]) -> None:
    """Read by another program's parser, JSON and HTML name the same files and properties."""
    offer = Offer((OfferedVersion("1!1.0+a", tuple(assets)),), float("inf"))
    base = "http://h/pypi/r/simple/p/"
    page = ProjectPage.from_json_data(json.loads(render("p", offer, JSON_V1)), base)
    links = Links(render("p", offer, HTML)).found
    assert [package.filename for package in page.packages] == [asset.name for asset in assets]
    for asset, package, link in zip(assets, page.packages, links, strict=True):
        href, _, fragment = (link["href"] or "").partition("#")
        assert package.url == f"{base}{href}"
        assert href.startswith("1!1.0+a/")
        assert fragment == (f"sha256={asset.sha256}" if asset.sha256 else "")
        assert package.digests == ({"sha256": asset.sha256} if asset.sha256 else {})
        assert package.size == asset.size
        requires = asset.attributes.get("requires-python")
        assert package.requires_python == link.get("data-requires-python") == requires
        assert package.is_yanked == ("data-yanked" in link) == ("yanked" in asset.attributes)
        assert (package.yanked_reason or "") == (link.get("data-yanked") or "")
