"""A document's domains under names of a run's own, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.article.naming import Names
from pytest_codeartifact.errors import CodeArtifactError

CREATE = "aws codeartifact create-domain --domain awscicd"
TAGS = {"pytest-codeartifact:run": "9f3c01ab"}
TAGGED = "--tags key=pytest-codeartifact:run,value=9f3c01ab"


def names(*commands: str, tags: dict[str, str] | None = None) -> Names:
    return Names.of(commands or (CREATE,), "pca-1", tags or {})


@pytest.mark.parametrize(
    ("shown", "typed"),
    [
        ("aws codeartifact delete-domain --domain awscicd", "--domain pca-1-awscicd"),
        ("aws codeartifact delete-domain --domain=awscicd", "--domain=pca-1-awscicd"),
        ("aws codeartifact delete-domain --domain 'awscicd'", "--domain 'pca-1-awscicd'"),
        (
            "aws codeartifact list-domains --query \"domains[?name=='awscicd']\"",
            "=='pca-1-awscicd'",
        ),
        (
            "curl https://awscicd-111122223333.d.codeartifact.eu-west-1.amazonaws.com/pypi/",
            "//pca-1-awscicd-111122223333.d.",
        ),
        ("echo arn:aws:codeartifact:eu-west-1:1:repository/awscicd/demo", "/pca-1-awscicd/demo"),
    ],
)
def test_domain_has_the_runs_name_wherever_it_is_meant(shown: str, typed: str) -> None:
    """Options, quoted names, hosts and ARNs mean the domain; what is printed is put back."""
    made = names(CREATE, shown)
    assert typed in made.typed(shown)
    assert made.shown(made.typed(shown)) == shown


@pytest.mark.parametrize("text", ["echo awscicd", "cd awscicd-files", "pip install awscicd"])
def test_other_words_stay(text: str) -> None:
    """A word that is spelled like the domain is left alone."""
    assert names().typed(text) == text


def test_name_in_a_variable_is_found_where_it_is_set() -> None:
    """A document may keep the name in a variable of its shell."""
    made = names("DOMAIN=demo", 'aws codeartifact create-domain --domain "$DOMAIN"')
    assert made.typed("DOMAIN=demo") == "DOMAIN=pca-1-demo"


@pytest.mark.parametrize(
    "command",
    [
        "aws codeartifact create-domain --domain $(cat name)",
        "aws codeartifact create-domain",
        "aws codeartifact delete-domain --domain $UNSET",
        'aws codeartifact delete-domain --domain "$(aws codeartifact list-domains)"',
        f"{CREATE}; aws codeartifact list-packages --domain $X",
    ],
)
def test_domain_that_cannot_be_told_is_refused(command: str) -> None:
    """Where nobody can say what would be made, nothing is run on a shared account."""
    with pytest.raises(CodeArtifactError, match=r"(?s)cannot be told which domain.*--domain"):
        names(command)


@pytest.mark.parametrize("what", ["domain", "repository"])
@pytest.mark.parametrize("before", ["", "--region eu-west-1 ", "--no-cli-pager "])
def test_what_is_made_has_the_tags_in_the_same_request(what: str, before: str) -> None:
    """The command that makes something says whose it is, so that no moment is without."""
    command = f"aws {before}codeartifact create-{what} --domain awscicd"
    typed = names(CREATE, tags=TAGS).typed(command)
    assert f"create-{what} {TAGGED} --domain pca-1-awscicd" in typed


def test_tags_of_the_document_stay_beside_the_runs() -> None:
    """The AWS CLI takes the last --tags alone, so all of them stand in one."""
    typed = names(CREATE, tags=TAGS).typed(f"{CREATE} --tags key=team,value=a")
    assert typed.count("--tags") == 1
    assert f"{TAGGED} key=team,value=a" in typed


def test_reading_commands_get_no_tags() -> None:
    """Only what makes something is tagged."""
    text = "aws codeartifact describe-domain --domain awscicd"
    assert "--tags" not in names(CREATE, tags=TAGS).typed(text)


@given(st.from_regex(r"[a-z][a-z0-9-]{0,48}[a-z0-9]", fullmatch=True))
def test_every_domain_keeps_a_valid_name(name: str) -> None:
    """However long a document's name is, the run's is one that the service takes."""
    made = Names.of([f"aws codeartifact create-domain --domain {name}"], "pca-1", {})
    [own] = made.own.values()
    assert 2 <= len(own) <= 50
    assert own.startswith("pca-1-")
    assert not own.endswith("-")


def test_long_names_that_begin_alike_stay_two() -> None:
    """What is cut off of a name still tells it from another one."""
    long = [f"a-company-with-a-long-name-{which}" for which in ("one", "two")]
    commands = [f"aws codeartifact create-domain --domain {name}" for name in long]
    made = Names.of(commands, "pca-20261128t1649-9f3c01ab-1f2e-10", {})
    assert len(set(made.own.values())) == 2
    assert max(map(len, made.own.values())) <= 50
