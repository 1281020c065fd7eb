import re
from html.parser import HTMLParser
from itertools import product

import pytest

from pytest_codeartifact.report import assemble, page, views
from tests.unit.report import sample

FAILED = assemble(sample.failing_run(), sample.FAILED_RUN)
PASSED = assemble(sample.passing_run(), sample.RUN)
OWN = assemble(sample.own_article(), sample.RUN)
DOCUMENTS = {"failed": FAILED, "passed": PASSED, "own": OWN}
PAGES = {name: page.render(document) for name, document in DOCUMENTS.items()}
VOID = {"meta", "link", "br"}


class Reader(HTMLParser):
    """What a browser would find in a page: its elements, and its text without styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.style = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            self.style += data
        else:
            self.text += data

    def attributes(self, name: str) -> list[str]:
        return [str(given[name]) for _, given in self.elements if name in given]


READERS = {name: Reader(text) for name, text in PAGES.items()}
every_page = pytest.mark.parametrize("name", PAGES)


@every_page
def test_page_loads_nothing_and_runs_nothing(name: str) -> None:
    """One file: no script, no address but links that a reader may follow."""
    reader = READERS[name]
    assert {tag for tag, _ in reader.elements}.isdisjoint({"script", "img", "iframe", "object"})
    assert reader.attributes("src") == []
    loaded = [given["href"] for tag, given in reader.elements if tag in {"link", "use"}]
    assert all(str(each).startswith(("#", "data:")) for each in loaded)
    assert "url(" not in reader.style
    assert "@import" not in reader.style
    assert [each for each in reader.attributes("content") if "default-src 'none'" in each]


@every_page
def test_links_within_the_page_lead_somewhere(name: str) -> None:
    """Each anchor that is linked is there, and none twice."""
    reader = READERS[name]
    anchors = reader.attributes("id")
    linked = {href[1:] for href in reader.attributes("href") if href.startswith("#")}
    assert len(anchors) == len(set(anchors))
    assert linked <= set(anchors)


@every_page
def test_page_is_made_for_everybody(name: str) -> None:
    """Landmarks, one heading of the first order, heads with a scope, tables with a caption."""
    reader = READERS[name]
    tags = [tag for tag, _ in reader.elements]
    assert [tags.count(tag) for tag in ("header", "nav", "main", "footer", "h1")] == [1] * 5
    assert tags.count("table") == tags.count("caption")
    assert all("scope" in given for tag, given in reader.elements if tag == "th")
    assert all(given.get("tabindex") == "0" for tag, given in reader.elements if tag == "pre")
    assert dict(reader.elements)["html"]["lang"] == "en"


@every_page
def test_every_claim_is_there_with_its_verdict(name: str) -> None:
    """Each row names the claim, what it says, its line, its kind and the verdict in words."""
    text = " ".join(READERS[name].text.split())
    for claim in DOCUMENTS[name]["claims"]:
        assert claim["says"] in text
        row = PAGES[name].partition(f'<th scope="row" class="id">{claim["id"]}</th>')[2]
        row = row.partition("</tr>")[0]
        assert f'<td class="kind">{claim["kind"]}</td>' in row
        assert f">{claim['line']}</td>" in row
        assert f'<span class="verdict {claim["verdict"]}">' in row


def test_citation_does_not_look_like_a_tick() -> None:
    """Only what is verified has the tick's symbol."""
    row = PAGES["passed"].partition('class="id">C28</th>')[2].partition("</tr>")[0]
    assert "#icon-cited" in row
    assert "#icon-verified" not in row


def test_what_programs_printed_is_escaped() -> None:
    """Markup in an output is shown, not obeyed."""
    assert "<script>alert('warned')</script>" in READERS["failed"].text
    assert "<b>CodeArtifact</b> & package" in READERS["failed"].text


def test_source_that_is_no_web_page_is_no_link() -> None:
    """An address of another kind is not offered to be clicked."""
    document = assemble(sample.passing_run(), sample.RUN)
    [claim] = [each for each in document["claims"] if each["source"]]
    claim["source"]["address"] = "javascript:alert(1)"
    assert "javascript:" not in page.render(document)


def test_source_may_be_a_title_alone() -> None:
    """A source without address and date is cited by its title."""
    findings = sample.passing_run()
    for frame in (each for each in findings if each["kind"] == "frame"):
        for claim in (each for each in frame["claims"] if each["source"]):
            claim["source"] = {"title": "A list of prices"}
    assert "A list of prices" in page.render(assemble(findings, sample.RUN))


def test_failure_shows_expected_beside_got() -> None:
    """Both stand in one place of the transcript of the step that failed, which is open."""
    found = PAGES["failed"].partition('<details class="step" open>')[2].partition("</details>")[0]
    expected, _, got = found.partition(">got</p>")
    assert "hello from CodeArtifact package" in expected
    assert "good day from" in got


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("failed", {"provenance"}),
        ("passed", {"failures", "unclaimed", "noticed", "parity"}),
        (
            "own",
            {
                *("failures", "claims", "unclaimed", "errata", "checks", "noticed"),
                *("provenance", "footprint", "network", "parity", "cost"),
            },
        ),
    ],
)
def test_empty_sections_vanish(name: str, left_out: set[str]) -> None:
    """What there is nothing to say about has neither a section nor a link."""
    sections = {str(given["id"]) for tag, given in READERS[name].elements if tag == "section"}
    every = {
        *("failures", "claims", "unclaimed", "errata", "steps", "checks", "noticed"),
        *("provenance", "footprint", "network", "parity", "cost", "environment"),
    }
    assert sections == every - left_out


def test_two_documents_are_told_apart() -> None:
    """With several documents, each has its own table and its own steps."""
    document = assemble([*sample.passing_run(), *sample.own_article()], sample.RUN)
    reader = Reader(page.render(document))
    assert reader.text.count("my-article.md") >= 2
    assert len(reader.attributes("id")) == len(set(reader.attributes("id")))


def test_outcome_is_the_title_and_the_headline() -> None:
    """The first thing one reads is what came of it."""
    assert "<title>4 of 14 claims do not hold in this run.</title>" in PAGES["failed"]
    assert "<h1>All 12 claims that can be tested hold; 3 errata found.</h1>" in PAGES["passed"]
    assert "<h1>The one step went as shown.</h1>" in PAGES["own"]


def test_controls_of_a_terminal_are_left_out() -> None:
    """Colours and other signs for a terminal are not shown; tabs and line breaks stay."""
    assert views.plain("\x1b[1;31mred\x1b[0m\ta\r\nb\x07\x0c") == "red\ta\nb"


def colors(style: str) -> list[dict[str, str]]:
    """The colours of each scheme, the light one first; the dark one names only its own."""
    blocks = re.findall(r":root \{([^}]+)\}", style)
    schemes = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks]
    return [{**schemes[0], **each} for each in schemes]


def luminance(color: str) -> float:
    """Of a colour, by WCAG 2."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough_for_everybody(scheme: str) -> None:
    """Each colour of text has 4.5 to 1 on each ground it stands on (WCAG 2, AA)."""
    style = READERS["failed"].style
    assert "@media screen and (prefers-color-scheme: dark)" in style
    found = colors(style)[scheme == "dark"]
    inks = ("ink", "soft", "accent", "good", "cite", "open", "bad", "warn", "moved")
    pairs = [*product(inks, ("paper", "card", "code")), ("good", "good-wash"), ("bad", "bad-wash")]
    weak = [pair for pair in pairs if contrast(found[pair[0]], found[pair[1]]) < 4.5]
    assert weak == []


def test_bars_share_one_scale() -> None:
    """The longest step fills its place; a floor is never longer than its step."""
    steps = [{"seconds": 2.0, "floor_seconds": 3.0}, {"seconds": 1.0}]
    assert [(bar.whole, bar.floor) for _, bar in views.bars(steps)] == [(100, 100), (50, 0)]
