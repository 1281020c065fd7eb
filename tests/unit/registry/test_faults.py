import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pytest_codeartifact.emulator.entities import PackageFormat, PackageId
from pytest_codeartifact.emulator.registry import RemoteAsset, RemoteVersion
from pytest_codeartifact.emulator.registry.faults import (
    KINDS,
    BadFault,
    Fault,
    Placed,
    broken,
    fault_of,
)

ASSET = RemoteAsset("demo-1.0.tar.gz", "http://127.0.0.1:9/demo-1.0.tar.gz", "ab" * 32, 3)
VERSIONS = [RemoteVersion("1.0", (ASSET,))]
NEEDED: dict[str, dict[str, object]] = {"slow": {"seconds": 0.001}}
DEMO = PackageId(PackageFormat.PYPI, "", "demo")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_made_and_told_by_its_name(kind: str) -> None:
    """What is told of a fault is enough to make it again."""
    fault = fault_of(kind, NEEDED.get(kind, {}))
    told = fault.document()
    assert told["kind"] == kind
    details = {name: value for name, value in told.items() if name != "kind"}
    assert fault_of(kind, details) == fault


@pytest.mark.parametrize(
    ("kind", "details", "text"),
    [
        (None, {}, "the kind of a fault is one of down, slow, failing, throttled,"),
        ("borken", {}, "not 'borken'"),
        (["down"], {}, "not ['down']"),
        ("down", {"seconds": 1}, "'seconds' is no detail of a fault of kind 'down'; it has no"),
        ("slow", {"second": 1}, "'second' is no detail of a fault of kind 'slow'; its details are"),
        ("slow", {"_mended": 1}, "'_mended' is no detail"),
        ("slow", {}, "a fault of kind 'slow' needs 'seconds'"),
        ("slow", {"seconds": 0}, "a number above 0 and at most 30, not 0"),
        ("slow", {"seconds": -1}, "not -1"),
        ("slow", {"seconds": 31}, "not 31"),
        ("slow", {"seconds": float("nan")}, "not nan"),
        ("slow", {"seconds": "1"}, "not '1'"),
        ("slow", {"seconds": True}, "not True"),
        ("failing", {"status": 404}, "a number from 500 to 599, not 404"),
        ("failing", {"status": 500.0}, "not 500.0"),
        ("yanked", {"reason": 7}, "'reason' is a text, not 7"),
        ("replaced", {"file": 7}, "'file' is a text, not 7"),
        ("replaced", {"content_base64": 7}, "'content_base64' is a text, not 7"),
        ("replaced", {"content_base64": "?"}, "'content_base64' is not Base64"),
        ("replaced", {"content_base64": "é"}, "'content_base64' is not Base64"),
    ],
)
def test_bad_fault_is_refused_by_name(kind: object, details: dict[str, Any], text: str) -> None:
    """The refusal names what was given and what there is."""
    with pytest.raises(BadFault) as refused:
        fault_of(kind, details)
    assert text in str(refused.value)


def test_registry_without_faults_offers_what_it_has() -> None:
    """Nothing is made anew where nothing is broken."""
    assert broken(VERSIONS, ()) is VERSIONS


@pytest.mark.parametrize("chunks", [[], [b""], [b"", b"x"], [b"abc", b"def"], [b"\xff"]], ids=str)
def test_corrupt_content_differs_and_is_not_shorter(chunks: list[bytes]) -> None:
    """However the bytes arrive, others leave."""
    left = b"".join(fault_of("corrupt", {}).content(ASSET, iter(chunks)))
    assert left != b"".join(chunks)
    assert len(left) >= len(b"".join(chunks))


def test_slow_registry_answers_late_and_at_once_when_mended() -> None:
    """A request waits for its turn; mending ends the wait of those that stand there."""
    fault = fault_of("slow", {"seconds": 30})
    waiting = threading.Event()

    def ask() -> str:
        waiting.set()
        fault.ask()
        return "answered"

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        assert waiting.wait(30)
        assert not asked.done()
        fault.end()
        assert asked.result(20) == "answered"


def test_content_of_a_replaced_file_is_not_told() -> None:
    """Of the new bytes only their number is shown."""
    fault = fault_of("replaced", {"file": "demo.whl", "content_base64": "c2VjcmV0"})
    assert fault.document() == {"kind": "replaced", "file": "demo.whl", "size": 6}


def test_place_of_a_fault_is_told_with_its_package() -> None:
    """A package with a namespace is told with it."""
    fault = Fault.__subclasses__()[0]()
    scoped = PackageId(PackageFormat.NPM, "scope", "demo")
    assert Placed("public:npmjs", scoped, fault).document()["package"] == "scope/demo"
    assert Placed("public:pypi", DEMO, fault).document()["package"] == "demo"
    assert "package" not in Placed("public:pypi", None, fault).document()
