from pathlib import Path

import pytest

from pytest_codeartifact.masking import mask

BEGIN = "eyJ2ZXIiOjEsImlzdSI6"
CANARY = "CANARY"
TOKEN = BEGIN + ".".join(CANARY * 40 for _ in range(5))

LEAKY = """
    import logging
    import pathlib
    import sys
    import warnings
    import pytest

    @pytest.fixture
    def token():
        return pathlib.Path("plant.txt").read_text()

    def test_difference(token):
        print(token)
        print(token, file=sys.stderr)
        logging.getLogger().warning("logged %s", token)
        local = {"nested": [token]}
        assert token == "another " + token[::-1]

    def test_warning(token):
        warnings.warn("careful with " + token)

    def test_message(token, record_property):
        record_property("token", token)
        raise RuntimeError(f"refused {token}")

    @pytest.fixture
    def broken(token):
        print(token)
        raise LookupError(token)

    def test_fixture(broken):
        pass

    @pytest.fixture
    def late(token):
        yield
        raise LookupError(token)

    def test_teardown(late):
        pass

    def test_skipped(token):
        pytest.skip(token)

    def test_expected(token):
        pytest.xfail(token)

    def test_chained(token):
        try:
            raise KeyError(token)
        except KeyError as error:
            raise ValueError("and " + token) from error

    def test_parts(subtests, token):
        with subtests.test("one"):
            print(token)
            assert token == ""
"""


@pytest.fixture
def leaky(pytester: pytest.Pytester) -> pytest.Pytester:
    (pytester.path / "plant.txt").write_text(TOKEN)
    pytester.makepyfile(LEAKY)
    return pytester


@pytest.mark.parametrize("args", [("-p", "no:xdist"), ("-n2",)], ids=["alone", "workers"])
@pytest.mark.parametrize("style", ["long", "short", "native"])
def test_planted_token_is_in_no_output(
    leaky: pytest.Pytester, args: tuple[str, ...], style: str
) -> None:
    """No way a test can fail puts a token on the terminal or into the JUnit file."""
    result = leaky.runpytest_inprocess(
        *args,
        "-W",
        "always",  # the run around this one makes errors of warnings
        "-l",
        "-rA",
        f"--tb={style}",
        "--junitxml=report.xml",
        "-o",
        "junit_logging=all",
        "-o",
        "junit_family=xunit1",
    )
    # Counted, so that a run that failed otherwise does not pass for one without leaks.
    result.assert_outcomes(failed=5, passed=2, errors=2, skipped=1, xfailed=1)
    report = (leaky.path / "report.xml").read_text()
    for text in (result.stdout.str(), result.stderr.str(), report):
        assert CANARY not in text
    assert "******" in result.stdout.str()
    assert "careful with ******" in result.stdout.str()
    assert "refused ******" in report


def test_planted_token_would_be_seen_without_the_mask(leaky: pytest.Pytester) -> None:
    """The same run with the plugin switched off shows the token: the check can fail."""
    result = leaky.runpytest_subprocess("-p", "no:codeartifact", "-p", "no:xdist", "-l")
    assert CANARY in result.stdout.str()


def test_token_in_a_collection_error_is_masked(pytester: pytest.Pytester) -> None:
    """A module that fails to import with a token in its message does not show it."""
    (pytester.path / "plant.txt").write_text(TOKEN)
    pytester.makepyfile("import pathlib\nraise RuntimeError(pathlib.Path('plant.txt').read_text())")
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    assert CANARY not in result.stdout.str()


def test_mask_reaches_every_text_and_survives_cycles() -> None:
    """Texts in lists, tuples, mappings and printable objects are masked, circles included."""

    class Printable:
        def __init__(self) -> None:
            self.lines = ["a secret", ("secret", 1)]
            self.itself = self
            self.path = Path("secret")

        def toterminal(self) -> None: ...

    printable = Printable()
    cleaned = mask({"key": [printable]}, lambda text: text.replace("secret", "***"), {})
    assert cleaned == {"key": [printable]}
    assert printable.lines == ["a ***", ("***", 1)]
    assert printable.path == Path("secret")


def test_end_of_a_shortened_value_is_masked(pytester: pytest.Pytester) -> None:
    """Where pytest leaves out the middle, what is left of a token at the end goes as well."""
    pytester.makepyfile(
        """
        from pathlib import Path

        def test_compares(codeartifact_domain):
            token = codeartifact_domain.token()
            Path("told.txt").write_text(token)
            assert ({"name": codeartifact_domain.name, "text": "x" * 200}, token) == 1
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    token, told = (pytester.path / "told.txt").read_text(), result.stdout.str()
    pieces = (token[at : at + 12] for at in range(len(token) - 11))
    assert [piece for piece in pieces if piece in told] == []
