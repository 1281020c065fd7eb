"""What the items of a run might have found, by hand: every verdict, errata, mutants, failures."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_codeartifact.findings import (
    JSON,
    CheckFinding,
    ClaimDefinition,
    ClaimFinding,
    CommandRun,
    Edit,
    Erratum,
    Evidence,
    Finding,
    Footprint,
    Frame,
    Installed,
    Mutant,
    MutationFinding,
    Network,
    ParityDifference,
    ParityFinding,
    StepFinding,
    Trace,
    Usage,
    Verdict,
    to_json,
)
from pytest_codeartifact.report import Run

DOCUMENT = "pytest_codeartifact/article/walkthrough.md"
ARTICLE = "article.md"
RUN = Run(version="0.3.0", started="2026-11-28T09:30:00Z", seconds=24.31, exit_code=0)
FAILED_RUN = Run(version="0.3.0", started="2026-11-28T09:30:00Z", seconds=31.87, exit_code=1)
HOST = "awscicd-111122223333.d.codeartifact.ap-southeast-1.amazonaws.com"
API_HOST = "codeartifact.ap-southeast-1.amazonaws.com"
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

_SOURCE = {
    "title": "Service bearer tokens (IAM User Guide)",
    "address": "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_bearer.html",
    "date": "2026-11-28",
}
_DEFINED = (
    ("C01", 18, "transcript", "domain and repository", "create-domain prints name and state"),
    ("C02", 22, "transcript", "domain and repository", "create-repository prints the name"),
    ("C03", 24, "state", "domain and repository", "a new repository holds no package"),
    ("C05", 31, "behaviour", "public packages", "a public package is fetched when asked for"),
    ("C06", 31, "counterfactual", "public packages", "what was fetched stays installable"),
    ("C11", 40, "transcript", "token and login", "login says when it expires"),
    ("C12", 42, "time", "token and login", "after twelve hours requests are refused"),
    ("C15", 67, "transcript", "publish and consume", "list-package-versions shows 0.1.0"),
    ("C17", 78, "transcript", "publish and consume", "the package installs, and greets"),
    ("C18", 80, "counterfactual", "publish and consume", "it came from the repository alone"),
    ("C22", 101, "permission", "permissions", "the condition <sts:AWSServiceName> is right"),
    ("C23", 104, "configuration", "permissions", "the build installs with its role, no key"),
)


def claims() -> tuple[ClaimDefinition, ...]:
    """Claims of each kind; the last two are prose, with and without a source."""
    prose = ClaimDefinition("C28", 112, "prose", "permissions", "STS issues the token", _SOURCE)
    unsourced = ClaimDefinition("C25", 119, "prose", "cost", "a few packages cost next to nothing")
    return (*(ClaimDefinition(*each) for each in _DEFINED), prose, unsourced)


def errata() -> tuple[Erratum, ...]:
    """Errata of both kinds, with and without edits."""
    return (
        Erratum(
            id="E1",
            line=18,
            kind="wrong",
            shows="awscicd Active",
            really="--output text separates columns by one tab",
            proof="step 01-create-domain, standard output: 'awscicd\\tActive'",
            edits=(
                Edit(
                    first=18,
                    removed=("awscicd Active",),
                    inserted=("awscicd\tActive",),
                    before=("    --query 'domain.[name,status]' --output text",),
                    after=("", "$ aws codeartifact create-repository --domain awscicd"),
                ),
            ),
            claims=("C01",),
        ),
        Erratum(
            id="E4",
            line=104,
            kind="omitted",
            shows="",
            really="CodeBuild refuses a buildspec without a version",
            proof="Build specification reference (AWS CodeBuild User Guide)",
            edits=(Edit(first=106, inserted=("version: 0.2",), after=("phases:", "  install:")),),
            claims=("C23",),
        ),
        Erratum(
            id="E3",
            line=117,
            kind="omitted",
            shows="$ aws codeartifact delete-repository --domain awscicd --repository demo-repo\n"
            "$ aws codeartifact delete-domain --domain awscicd",
            really="pip's global index and ~/.pypirc keep pointing to what is gone",
            proof="the footprint of 08-login-pip after 14-delete-domain",
        ),
    )


def frame(document: str = DOCUMENT, **changes: Any) -> Frame:  # noqa: ANN401 -- of any field
    """The frame of the sample's document."""
    values: dict[str, Any] = {
        "title": "From an empty account to a pinned install",
        "claims": claims(),
        "unclaimed": (),
        "environment": {
            "target": "local",
            "endpoint": "hosts",
            "article": ARTICLE,
            "region": "ap-southeast-1",
            "python": "3.11.15",
            "programs": {"aws": "1.46.9", "pip": "26.1", "twine": "6.2.0", "build": "1.4.0"},
        },
        **changes,
    }
    return Frame(document=document, **values)


def verified(identifier: str, *evidence: Evidence) -> ClaimFinding:
    """A finding that a claim holds."""
    return ClaimFinding(identifier, Verdict.VERIFIED, evidence)


def steps() -> tuple[StepFinding, ...]:
    """The steps as they go when all is well."""
    printed = Evidence("output", "awscicd\tActive", "01-create-domain, line 29")
    shown, *left_out = errata()
    return (
        StepFinding(
            document=DOCUMENT,
            id="01-create-domain",
            line=19,
            title="A domain",
            outcome="passed",
            seconds=1.62,
            floor_seconds=1.41,
            commands=(
                CommandRun(
                    line=22,
                    command="aws codeartifact create-domain --domain awscicd \\\n"
                    "    --query 'domain.[name,status]' --output text",
                    exit_code=0,
                    stdout="awscicd\tActive\n",
                    stderr="",
                    seconds=1.6,
                    expected=("awscicd Active (ws)",),
                ),
            ),
            claims=(verified("C01", printed),),
            errata=(shown,),
            usage=Usage(1, 310, 420, 1),
            network=Network({API_HOST: 1}),
        ),
        StepFinding(
            document=DOCUMENT,
            id="02-create-repository",
            line=30,
            title="A repository",
            outcome="passed",
            seconds=2.94,
            floor_seconds=2.8,
            commands=(
                CommandRun(
                    line=33,
                    command="aws codeartifact create-repository --domain awscicd "
                    "--repository demo-repo --query 'repository.name' --output text",
                    exit_code=0,
                    stdout="demo-repo\n",
                    stderr="",
                    seconds=1.5,
                    expected=("demo-repo",),
                ),
            ),
            claims=(verified("C02", Evidence("output", "demo-repo", "02-create-repository")),),
            usage=Usage(2, 512, 640, 1),
            network=Network({API_HOST: 2}),
        ),
        StepFinding(
            document=DOCUMENT,
            id="08-login-pip",
            line=130,
            title="pip gets a token",
            outcome="passed",
            seconds=1.71,
            floor_seconds=1.41,
            commands=(
                CommandRun(
                    line=133,
                    command="aws codeartifact login --tool pip --domain awscicd "
                    "--repository demo-repo",
                    exit_code=0,
                    stdout="Successfully configured pip to use AWS CodeArtifact repository "
                    f"https://{HOST}/pypi/demo-repo/ \n"
                    "Login expires in 12 hours at 2026-11-28 21:30:04+00:00\n",
                    stderr="",
                    seconds=1.7,
                    expected=(
                        "Successfully configured pip to use ... <endpoint>/pypi/demo-repo/ (ws)",
                        "Login expires in 12 hours at <time:pip>",
                    ),
                ),
            ),
            claims=(
                verified("C11", Evidence("output", "Login expires in 12 hours", "08-login-pip")),
            ),
            footprint=Footprint(
                added=(
                    Trace("setting", "pip: global.index-url", "~/.config/pip/pip.conf"),
                    Trace("credential", "~/.config/pip/pip.conf", "a token of 12 hours"),
                    Trace("file", "venv"),
                ),
                changed=(Trace("file", "~/.bash_history", "3 lines more"),),
            ),
            usage=Usage(2, 700, 1900, 0),
            network=Network({API_HOST: 2}),
        ),
        StepFinding(
            document=DOCUMENT,
            id="09-install",
            line=140,
            title="Install it again",
            outcome="passed",
            seconds=3.08,
            floor_seconds=0.9,
            commands=(
                CommandRun(
                    line=143,
                    command="pip install cicddemo-hello",
                    exit_code=0,
                    stdout=f"Looking in indexes: https://aws:****@{HOST}/pypi/demo-repo/simple/\n"
                    "Collecting cicddemo-hello\n"
                    f"  Downloading https://{HOST}/pypi/demo-repo/simple/cicddemo-hello/0.1.0/"
                    "cicddemo_hello-0.1.0-py3-none-any.whl (1.3 kB)\n"
                    "Successfully installed cicddemo-hello-0.1.0\n",
                    stderr="",
                    seconds=3.0,
                    expected=("...", "Successfully installed cicddemo-hello-0.1.0"),
                ),
            ),
            claims=(
                verified("C17", Evidence("output", "hello from CodeArtifact package", "10-run")),
                verified("C18", Evidence("request", "GET …/cicddemo_hello-0.1.0….whl", "41")),
            ),
            provenance=(
                Installed(
                    environment="venv",
                    distribution="cicddemo-hello",
                    version="0.1.0",
                    file="cicddemo_hello-0.1.0-py3-none-any.whl",
                    sha256=SHA,
                    repository="awscicd/demo-repo",
                    request=41,
                    origin="published",
                    files=4,
                ),
                Installed(
                    environment="venv",
                    distribution="idna",
                    version="3.11",
                    file="idna-3.11-py3-none-any.whl",
                    sha256=SHA[::-1],
                    repository="awscicd/demo-repo",
                    request=44,
                    origin="public:pypi",
                    files=14,
                ),
            ),
            usage=Usage(6, 0, 182_000, 0),
            network=Network({HOST: 6}, {}, {"200": 2}),
        ),
        StepFinding(
            document=DOCUMENT,
            id="14-delete-domain",
            line=240,
            title="Nothing is left",
            outcome="passed",
            seconds=1.5,
            floor_seconds=1.41,
            commands=(
                CommandRun(
                    line=243,
                    command="aws codeartifact delete-domain --domain awscicd",
                    exit_code=0,
                    stdout='{"domain": {"name": "awscicd", "status": "Deleted"}}\n',
                    stderr="",
                    seconds=1.5,
                ),
            ),
            errata=tuple(left_out),
            footprint=Footprint(removed=(Trace("file", "venv"),)),
            usage=Usage(1, 90, 210, 0),
            network=Network({API_HOST: 1}),
        ),
    )


def checks() -> tuple[CheckFinding, ...]:
    """The checks as they go when all is well."""
    claimed = (
        ("new-repository-is-empty", "A new repository is empty", "C03"),
        ("public-package-on-demand", "A public package comes when asked for", "C05"),
        ("kept-when-the-registry-is-gone", "What was pulled stays", "C06"),
        ("token-ends-after-twelve-hours", "A token ends after twelve hours", "C12"),
        ("lists-what-was-published", "A version is listed", "C15"),
        ("condition-is-right", "The condition lets login through", "C22"),
        ("buildspec-installs-with-the-role", "A build needs no key", "C23"),
    )
    return tuple(
        CheckFinding(
            document=DOCUMENT,
            id=name,
            title=title,
            outcome="passed",
            seconds=0.8 + number / 10,
            claims=(verified(claim, Evidence("fact", "packages = 0", name)),),
            usage=Usage(4, 200, 900, 2),
            network=Network({API_HOST: 3, HOST: 1}, {"telemetry.example": 1}),
        )
        for number, (name, title, claim) in enumerate(claimed)
    )


def failing() -> tuple[Finding, ...]:
    """What goes wrong in four ways, and a step that needed one of them."""
    return (
        StepFinding(
            document=DOCUMENT,
            id="09-install",
            line=140,
            title="Install it again",
            outcome="failed",
            seconds=2.2,
            floor_seconds=0.9,
            commands=(
                CommandRun(
                    line=150,
                    command='python -c "import cicddemo_hello; print(cicddemo_hello.hello())"',
                    exit_code=0,
                    stdout="good day from <b>CodeArtifact</b> & package\n",
                    stderr="<script>alert('warned')</script>\n",
                    seconds=0.1,
                    expected=("hello from CodeArtifact package",),
                ),
            ),
            claims=(
                ClaimFinding(
                    "C17",
                    Verdict.ARTICLE_WRONG,
                    (Evidence("output", "good day from <b>CodeArtifact</b> & package", "150"),),
                    "the package's own source, which the article shows, greets otherwise",
                ),
            ),
            verdict=Verdict.ARTICLE_WRONG,
            reason="the package's own source, which the article shows, greets otherwise",
            failure=f"{DOCUMENT}:150: step 09-install\n--- {DOCUMENT}:151\n+++ this run\n"
            "@@ -1 +1 @@\n-hello from CodeArtifact package\n"
            "+good day from <b>CodeArtifact</b> & package\n",
            usage=Usage(6, 0, 182_000, 0),
        ),
        StepFinding(
            document=DOCUMENT,
            id="10-run",
            line=160,
            title="Run it",
            outcome="needs",
            seconds=0.0,
            reason="needs step 09-install",
        ),
        CheckFinding(
            document=DOCUMENT,
            id="public-package-on-demand",
            title="A public package comes when asked for",
            outcome="failed",
            seconds=5.1,
            claims=(ClaimFinding("C05", Verdict.ENVIRONMENT, (), "the public registry timed out"),),
            verdict=Verdict.ENVIRONMENT,
            reason="the public registry timed out",
            failure="GET /simple/idna/: timed out after 5 s",
        ),
        CheckFinding(
            document=DOCUMENT,
            id="condition-is-right",
            title="The condition lets login through",
            outcome="failed",
            seconds=1.1,
            claims=(ClaimFinding("C22", Verdict.EMULATOR_GAP, (), "a key is not known here"),),
            verdict=Verdict.EMULATOR_GAP,
            reason="a key is not known here",
            failure="expected other_service = False, got True",
        ),
        CheckFinding(
            document=DOCUMENT,
            id="token-ends-after-twelve-hours",
            title="A token ends after twelve hours",
            outcome="failed",
            seconds=1.1,
            claims=(ClaimFinding("C12", Verdict.AWS_CHANGED, (), "AWS answered so on 2026-11-01"),),
            verdict=Verdict.AWS_CHANGED,
            reason="the record of 2026-11-01 says 401, this run says 403",
            failure="expected status 401, got 403",
        ),
        CheckFinding(
            document=DOCUMENT,
            id="lists-what-was-published",
            title="A version is listed",
            outcome="skipped",
            seconds=0.0,
            claims=(ClaimFinding("C15", Verdict.NOT_RUN, (), "only on request"),),
        ),
    )


def mutations() -> tuple[MutationFinding, ...]:
    """Mutants of two claims; one of them lives."""
    return (
        MutationFinding(
            DOCUMENT,
            "C01",
            (
                Mutant(
                    claim="C01",
                    where="walkthrough.md",
                    line=29,
                    before="awscicd Active (ws)",
                    after="awscicd Deleted (ws)",
                    noticed=True,
                    failed=("C01",),
                ),
            ),
        ),
        MutationFinding(
            DOCUMENT,
            "C23",
            (
                Mutant(
                    claim="C23",
                    where="buildspec",
                    line=3,
                    before="    commands:",
                    after="    comands:",
                    noticed=False,
                    failed=("C22",),
                ),
                Mutant(
                    claim="C23",
                    where="buildspec",
                    line=4,
                    before="aws codeartifact login",
                    after="aws codeartifact logout",
                    noticed=True,
                    failed=("C23",),
                ),
            ),
        ),
    )


def probes() -> tuple[ParityFinding, ...]:
    """Probes of each outcome; one differs in a way that is accepted."""
    known = ParityDifference("the page", "status", "403", "401", "2026-09-01", "a reason & more")
    changed = ParityDifference("describe", "message", "<b>gone</b>", "went", "2026-10-02")
    return (
        ParityFinding(
            "domain-missing", "agrees", 0.1, "observed", "2026-09-01", "2026-09-01", 2, 2
        ),
        ParityFinding(
            "credentials",
            "agrees",
            0.2,
            "observed",
            "2026-09-01",
            "2026-09-01",
            9,
            9,
            differences=(known,),
        ),
        ParityFinding(
            "repository-missing",
            "differs",
            0.1,
            "observed",
            "2026-10-02",
            "2026-09-01",
            3,
            3,
            differences=(changed,),
            verdict=Verdict.EMULATOR_GAP,
            reason="describe: message: the emulator answered went",
            failure="emulator-gap: describe: message",
        ),
        ParityFinding("tags", "unrecorded", 0.1),
        ParityFinding("token-expired", "skipped", 0.0, reason="this needs a clock"),
        ParityFinding(
            "listings",
            "failed",
            0.1,
            verdict=Verdict.ENVIRONMENT,
            reason="HTTP 429",
            failure="environment: HTTP 429",
        ),
    )


def told(*findings: Finding) -> Sequence[JSON]:
    """Findings as they arrive: through JSON, in an order that nobody promised."""
    arrived: list[JSON] = json.loads(json.dumps([to_json(each) for each in reversed(findings)]))
    return arrived


def passing_run() -> Sequence[JSON]:
    """All findings of a run in which every claim that can be tested holds."""
    without_cost = tuple(each for each in claims() if each.group != "cost")
    return told(frame(claims=without_cost), *steps(), *checks())


def failing_run() -> Sequence[JSON]:
    """All findings of a run with every verdict, mutants and sentences without a claim."""
    failed = failing()
    instead = {each.id for each in failed if isinstance(each, StepFinding | CheckFinding)}
    done: tuple[StepFinding | CheckFinding, ...] = (*steps(), *checks())
    rest = [each for each in done if each.id not in instead]
    unclaimed: Mapping[str, object] = {"line": 33, "text": "Tokens may also live for an hour."}
    return told(frame(unclaimed=(unclaimed,)), *rest, *failed, *mutations(), *probes())


def own_article() -> Sequence[JSON]:
    """The findings of somebody's own article, which has steps and no table of claims."""
    return told(
        frame("my-article.md", title="", claims=(), environment={"endpoint": "plain"}),
        StepFinding("my-article.md", "01-hello", 3, "hello", "passed", 1.0, floor_seconds=0.4),
    )
