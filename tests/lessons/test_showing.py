import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.lessons.domain_view import DomainView, PackageView, RepositoryView
from pytest_codeartifact.lessons.picture import picture
from pytest_codeartifact.lessons.showing import Line, console, note, table

# Text that XML can hold at all; what names may be is the service's business.
_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20)


def view(*packages: PackageView, upstreams: tuple[str, ...] = ()) -> DomainView:
    first = RepositoryView("store", upstreams, ("public:pypi",), packages)
    return DomainView("demo", "111122223333", (first, RepositoryView("other", (), (), ())))


def drawn(html: str) -> ET.Element:
    return ET.fromstring(html)


def test_picture_names_everything_it_shows() -> None:
    """Domain, owner, repositories, connections, versions and where they came from are written."""
    own = PackageView("hello", "1.0", "Published", "uploaded here", is_external=False)
    kept = PackageView("idna", "3.10", "Archived", "from public:pypi", is_external=True)
    shown = picture([view(own, kept, upstreams=("other",))])
    written = "\n".join("".join(each.itertext()) for each in drawn(shown.html))
    for word in (
        *("domain demo", "account 111122223333", "repository store", "repository other"),
        *("public:pypi", "hello 1.0", "uploaded here", "idna 3.10", "Archived, from public:pypi"),
        "empty",
    ):
        assert word in written


def test_own_and_public_packages_are_marked_differently() -> None:
    """What was uploaded has a filled mark, what came from outside an open one."""
    marks = {}
    for is_external in (False, True):
        package = PackageView("p", "1", "Published", "somewhere", is_external=is_external)
        [circle] = re.findall(r"<circle[^>]*>", picture([view(package)]).html)
        marks[is_external] = 'fill="none"' in circle
    assert marks == {False: False, True: True}


def test_picture_has_the_same_in_words() -> None:
    """Who does not see it reads it: as plain text, and as the picture's title."""
    package = PackageView("hello", "1.0", "Published", "uploaded here", is_external=False)
    shown = picture([view(package)])
    assert shown.text.splitlines() == [
        "domain demo of account 111122223333",
        "  repository store <- public:pypi",
        "    hello 1.0: Published, uploaded here",
        "  repository other",
        "    empty",
    ]
    title = drawn(shown.html).find(".//{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert "hello 1.0: Published" in str(title.text)


def test_many_packages_are_cut_and_counted() -> None:
    """A picture stays a picture; what is left out is counted."""
    one = PackageView("p", "1", "Published", "uploaded here", is_external=False)
    shown = picture([view(*(replace(one, name=f"p{number}") for number in range(40)))])
    assert "and 28 more" in shown.html
    assert "p39" in shown.text


def test_nothing_to_draw_is_said() -> None:
    """Without any domain there is a sentence."""
    assert "no domain yet" in picture([]).text
    assert "no repository yet" in picture([DomainView("d", "1" * 12, ())]).html


@given(_WORDS, _WORDS, _WORDS)
def test_picture_is_whole_whatever_things_are_called(name: str, version: str, other: str) -> None:
    """No name breaks the picture, or gets anything into it that acts or loads."""
    package = PackageView(name, version, other, other, is_external=True)
    repository = RepositoryView(name, (other,), (other,), (package,))
    html = picture([DomainView(name, other, (repository,))]).html
    tags = {each.tag.rpartition("}")[2] for each in drawn(html).iter()}
    assert tags <= {"div", "svg", "title", "rect", "text", "circle", "path"}


@given(_WORDS)
def test_notes_tables_and_consoles_hold_any_text(text: str) -> None:
    """What is shown is text, whatever stands in it."""
    for shown in (
        note("seen", text, text),
        table((text,), [(text,)], text),
        console([Line("typed", text), Line("printed", text)]),
    ):
        tags = {each.tag for each in drawn(shown.html).iter()}
        assert tags <= {"div", "span", "strong", "br", "code", "table", "thead", "tbody"} | {
            *("tr", "th", "td", "pre"),
        }


def test_notes_say_by_sign_what_colour_says() -> None:
    """Nobody needs to see the colour: each kind of note has a sign of its own."""
    signs = [note(kind, "x").text[0] for kind in ("seen", "missing", "wrong", "told")]
    assert len(set(signs)) == len(signs)


def test_columns_of_a_table_are_lined_up() -> None:
    """As text, a table can be read, too."""
    shown = table(("who", "what"), [("a", "b"), ("longer", "`c`")], "nothing")
    assert shown.text.splitlines() == ["who     what", "a       b", "longer  c"]
    assert table(("who",), [], "Nothing here.").text == "▸ Nothing here."


def test_commands_told_stand_apart_from_the_sentence() -> None:
    """What stands between back quotes is shown as something to type."""
    shown = note("missing", "no domain", "Try: `aws x`")
    assert ">aws x</code>" in shown.html
    assert shown.text == "○ Not yet: no domain\nTry: aws x"
