"""The one place that puts the parts of the emulator together."""

from pytest_codeartifact.emulator.api.door import Door
from pytest_codeartifact.emulator.api.model import CODEARTIFACT
from pytest_codeartifact.emulator.api.rest_json import RestJson
from pytest_codeartifact.emulator.app import App
from pytest_codeartifact.emulator.builds.door import open_door as open_codebuild
from pytest_codeartifact.emulator.builds.machine import Yard
from pytest_codeartifact.emulator.builds.service import CodeBuild
from pytest_codeartifact.emulator.calls import Call
from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.configuration import Configuration
from pytest_codeartifact.emulator.control import Control
from pytest_codeartifact.emulator.endpoint import Endpoint
from pytest_codeartifact.emulator.events import Events
from pytest_codeartifact.emulator.formats import discover as discover_formats
from pytest_codeartifact.emulator.iam.accounts import KEPT_AS, Account, Accounts
from pytest_codeartifact.emulator.iam.authorize import Authorizer, PolicyAuthorizer
from pytest_codeartifact.emulator.iam.callers import Credential
from pytest_codeartifact.emulator.iam.gate import Gate, SignatureGate
from pytest_codeartifact.emulator.iam.tokens import Tokens
from pytest_codeartifact.emulator.neighbours import Neighbours
from pytest_codeartifact.emulator.neighbours.events import deliver
from pytest_codeartifact.emulator.neighbours.identities import MotoIdentities
from pytest_codeartifact.emulator.operations import discover as discover_operations
from pytest_codeartifact.emulator.quotas import Quotas
from pytest_codeartifact.emulator.registry.connections import Connections
from pytest_codeartifact.emulator.registry.publishing import Publishing
from pytest_codeartifact.emulator.registry.resolution import Resolution
from pytest_codeartifact.emulator.registry.retention import Retention
from pytest_codeartifact.emulator.registry.rules import Rules
from pytest_codeartifact.emulator.request_log import JOURNALS, Journal
from pytest_codeartifact.emulator.store.sqlite import SqliteStore
from pytest_codeartifact.emulator.upstream import PublicRegistries

TOKEN_KEY_BYTES = 16


class _Keyring:
    """Every access key this emulator knows: administrators first, then IAM's and STS's."""

    def __init__(self, accounts: Accounts, identities: MotoIdentities) -> None:
        self._accounts = accounts
        self._identities = identities

    def find(self, access_key_id: str) -> Credential | None:
        return self._accounts.find(access_key_id) or self._identities.find(access_key_id)


class Emulator:
    """A CodeArtifact with its state; `close` gives the state folder back."""

    def __init__(self, configuration: Configuration, yard: Yard | None = None) -> None:
        """Open the state; raises StateError when the folder cannot be used.

        Without a yard there are no builds of CodeBuild.
        """
        self.clock = Clock()
        self._journals = {name: Journal(length) for name, length in JOURNALS.items()}
        self._store = SqliteStore(configuration.state_path)
        events = Events(self._journals["events"], self._journals["crashes"], self.clock, deliver)
        self._store.subscribe(events.hear)
        accounts = Accounts(self._store.setting, self._store.settings(KEPT_AS))
        self.owner: Account = accounts.open(configuration.account)
        self._formats = discover_formats()
        self.connections = Connections(
            self._store,
            self._formats.values(),
            PublicRegistries(self._journals["fetches"]),
            self.clock,
            configuration.upstreams,
        )
        tokens = Tokens(self._store.secret("token key", TOKEN_KEY_BYTES), self.clock)
        self.identities = MotoIdentities()
        self._neighbours = Neighbours(accounts, self.identities, self.clock)
        authorizer = PolicyAuthorizer(self._store, self.identities, self.clock)
        self._codebuild = CodeBuild(
            configuration,
            yard,
            self.owner.credential.caller,
            self.clock,
            authorizer,
            self._neighbours,
            self.identities,
            self._outside_index,
        )
        self._control = Control(
            self.owner,
            accounts,
            self.clock,
            self.connections,
            self._store,
            [self._codebuild, self._neighbours],
            self._journals,
        )
        self._template = Call(
            caller=self.owner.credential.caller,
            region=configuration.region,
            base_url="",
            store=self._store,
            registry=self._rules(configuration.quotas),
            tokens=tokens,
            clock=self.clock,
            quotas=configuration.quotas,
        )
        self.app = self.guarded_by(
            SignatureGate(_Keyring(accounts, self.identities), self.clock), authorizer
        )

    def guarded_by(self, gate: Gate, authorizer: Authorizer) -> App:
        """The same service behind others who tell who comes in and what they may do."""
        call = self._template
        return App(
            doors=[
                Door(RestJson(CODEARTIFACT), discover_operations, call, gate, authorizer),
                open_codebuild(self._codebuild.template, gate, authorizer),
            ],
            endpoint=Endpoint(
                call.store,
                call.registry,
                call.tokens,
                authorizer,
                self._formats,
                call.quotas,
                call.clock,
            ),
            control=self._control,
            credentials=self._codebuild.credentials,
            neighbours=self._neighbours,
            gate=gate,
            journals=self._journals,
        )

    def close(self) -> None:
        """End what runs, and close the state."""
        self._codebuild.close()
        self._store.close()

    def _rules(self, quotas: Quotas) -> Rules:
        retention = Retention(self._store, self.clock)
        resolution = Resolution(
            self._store, self.connections, retention, quotas.searched_repositories
        )
        publishing = Publishing(self._store, resolution, self.clock, quotas)
        return Rules(self._formats, self.connections, resolution, publishing)

    def _outside_index(self) -> str | None:
        """Pip's index in builds until they configure another; none where it needs a password."""
        url = self.connections.urls.get("public:pypi")
        return url if url and "@" not in url else None
