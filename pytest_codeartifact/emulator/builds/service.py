"""The one place that puts the parts of CodeBuild together."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_codeartifact.emulator.builds.builds import Builds
from pytest_codeartifact.emulator.builds.caches import Caches
from pytest_codeartifact.emulator.builds.calls import Call
from pytest_codeartifact.emulator.builds.course import Surroundings
from pytest_codeartifact.emulator.builds.credentials import ContainerCredentials
from pytest_codeartifact.emulator.builds.folders import remove
from pytest_codeartifact.emulator.builds.machine import Yard
from pytest_codeartifact.emulator.builds.powers import Powers
from pytest_codeartifact.emulator.builds.projects import Projects
from pytest_codeartifact.emulator.builds.reports import Reports
from pytest_codeartifact.emulator.builds.scheduling import Schedule
from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.configuration import Configuration
from pytest_codeartifact.emulator.iam.authorize import Authorizer
from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.neighbours import Neighbours
from pytest_codeartifact.emulator.neighbours.buckets import Buckets
from pytest_codeartifact.emulator.neighbours.identities import MotoIdentities
from pytest_codeartifact.emulator.neighbours.log_streams import LogStreams
from pytest_codeartifact.emulator.neighbours.parameters import Parameters
from pytest_codeartifact.emulator.neighbours.service_sessions import ServiceSessions

if TYPE_CHECKING:
    from pytest_codeartifact.emulator.control import Forgetful


class CodeBuild:
    """CodeBuild with its state, which is in memory but for the caches of projects.

    `template` is a call without its caller.
    """

    def __init__(
        self,
        configuration: Configuration,
        yard: Yard | None,
        caller: Caller,
        clock: Clock,
        authorizer: Authorizer,
        neighbours: Neighbours,
        identities: MotoIdentities,
        outside_index: Callable[[], str | None],
    ) -> None:
        """Without a yard no build can be started; `outside_index` is pip's index in builds."""
        sessions = ServiceSessions(neighbours, identities, clock)
        # Builds go to other folders, and compare paths: theirs must be whole, and without links.
        state = configuration.state_path.resolve()
        caches = Caches(state / "build-caches")
        projects, builds, reports = Projects(), Builds(), Reports(clock)
        self.credentials = ContainerCredentials(clock)
        self._schedule: Schedule | None = None
        if yard is not None:
            folder = state / "builds"
            # Of builds that ran when another emulator of this state was killed.
            remove(folder)
            around = Surroundings(
                yard=yard,
                folder=folder,
                caches=caches,
                outside_index=outside_index,
                clock=clock,
                sessions=sessions,
                credentials=self.credentials,
                powers=Powers(
                    authorizer,
                    LogStreams(neighbours),
                    Buckets(neighbours),
                    Parameters(neighbours),
                ),
                reports=reports,
            )
            self._schedule = Schedule(configuration.builds_at_once, around)
        self.template = Call(
            caller=caller,
            region=configuration.region,
            base_url="",
            clock=clock,
            projects=projects,
            builds=builds,
            reports=reports,
            caches=caches,
            trust=sessions,
            schedule=self._schedule,
        )
        self._beginning = builds.beginning
        # First what still writes, then what was written.
        self._forgetful: list[Forgetful] = [builds, projects, reports, caches]
        if self._schedule is not None:
            self._forgetful.insert(0, self._schedule)

    def reset(self, account: str | None = None) -> None:
        """Forget everything, or what one account owns; its builds are ended."""
        # A build must not begin in the middle of it.
        with self._beginning:
            for each in self._forgetful:
                each.reset(account)

    def close(self) -> None:
        """End the builds that run."""
        if self._schedule is not None:
            self._schedule.reset()
