"""Lines that CodeBuild writes to CloudWatch Logs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.emulator.neighbours.log_streams import (
    EVENT_BYTES,
    LONGEST_EVENT_BYTES,
    MOST_BYTES,
    MOST_EVENTS,
    Event,
    LogStreams,
    NoSuchStream,
    Stream,
    batches,
)
from tests.support.emulation import REGION
from tests.support.service_roles import Workshop


@pytest.fixture
def stream(workshop: Workshop) -> Stream:
    """A place for a log in the workshop's account, where nothing is yet."""
    return Stream(workshop.account, REGION, "/aws/codebuild/demo", "log/1")


@pytest.fixture
def logs(workshop: Workshop) -> LogStreams:
    return workshop.logs


def opened(logs: LogStreams, stream: Stream) -> None:
    """Make the stream and its group."""
    logs.create_group(stream)
    logs.create_stream(stream)


def read(workshop: Workshop, stream: Stream) -> list[tuple[int, str]]:
    """The stream's events as boto3 gets them."""
    answer = workshop.people.ask("logs").get_log_events(
        logGroupName=stream.group, logStreamName=stream.name, startFromHead=True
    )
    return [(event["timestamp"], event["message"]) for event in answer["events"]]


def test_lines_are_read_as_they_were_written(
    workshop: Workshop, logs: LogStreams, stream: Stream
) -> None:
    """Boto3 gets the events of a stream that exists, in their order."""
    assert not logs.has_group(stream)
    opened(logs, stream)
    assert logs.has_group(stream)
    now = int(workshop.emulation.emulator.clock.now() * 1000)
    logs.append(stream, [(now, "first\n"), (now, "second\n")])
    logs.append(stream, [(now + 5, "žluťoučký\n")])
    assert read(workshop, stream) == [
        (now, "first\n"),
        (now, "second\n"),
        (now + 5, "žluťoučký\n"),
    ]


def test_existing_group_and_stream_are_kept(
    workshop: Workshop, logs: LogStreams, stream: Stream
) -> None:
    """Whoever opens a log again loses nothing."""
    opened(logs, stream)
    now = int(workshop.emulation.emulator.clock.now() * 1000)
    logs.append(stream, [(now, "kept\n")])
    opened(logs, stream)
    assert read(workshop, stream) == [(now, "kept\n")]


def test_arns_are_those_of_policies(stream: Stream) -> None:
    """A stream's name may have slashes, its ARN's parts are told apart by colons."""
    arn = f"arn:aws:logs:{REGION}:{stream.account}:log-group:/aws/codebuild/demo"
    assert (stream.group_arn, stream.arn) == (arn, f"{arn}:log-stream:log/1")


def test_stream_needs_its_group(logs: LogStreams, stream: Stream) -> None:
    """CloudWatch Logs makes no group by itself."""
    with pytest.raises(NoSuchStream, match="The specified log group does not exist"):
        logs.create_stream(stream)
    with pytest.raises(NoSuchStream, match="The specified log group does not exist"):
        logs.append(stream, [(1, "lost")])


def test_deleted_stream_takes_no_lines(
    workshop: Workshop, logs: LogStreams, stream: Stream
) -> None:
    """Whoever writes on learns that the stream is gone."""
    opened(logs, stream)
    workshop.people.ask("logs").delete_log_stream(
        logGroupName=stream.group, logStreamName=stream.name
    )
    with pytest.raises(NoSuchStream, match="The specified log stream does not exist"):
        logs.append(stream, [(1, "lost")])


def test_lines_of_a_moved_clock_arrive(
    workshop: Workshop, logs: LogStreams, stream: Stream
) -> None:
    """The emulator's clock may be days ahead of the machine's."""
    opened(logs, stream)
    later = int(workshop.emulation.emulator.clock.now() * 1000) + 100 * 24 * 3600 * 1000
    logs.append(stream, [(later, "from the future\n")])
    assert read(workshop, stream) == [(later, "from the future\n")]


def test_streams_are_of_one_account_and_region(
    workshop: Workshop, logs: LogStreams, stream: Stream
) -> None:
    """The same names elsewhere are other groups."""
    logs.create_group(stream)
    assert not logs.has_group(Stream(stream.account, "us-west-2", stream.group, stream.name))
    other = workshop.emulation.other_account().number
    assert not logs.has_group(Stream(other, REGION, stream.group, stream.name))


def test_many_lines_are_many_requests() -> None:
    """A request has at most 10,000 events."""
    sizes = [len(batch) for batch in batches((0, "x") for _ in range(2 * MOST_EVENTS + 1))]
    assert sizes == [MOST_EVENTS, MOST_EVENTS, 1]


def test_long_line_is_cut_between_characters() -> None:
    """What is longer than an event can be loses its end, and no half character stays."""
    [[(_, text)]] = batches([(0, "a" + "ž" * LONGEST_EVENT_BYTES)])
    assert len(text.encode()) in {LONGEST_EVENT_BYTES, LONGEST_EVENT_BYTES - 1}
    assert set(text) == {"a", "ž"}


def test_line_that_is_no_text_is_written_as_far_as_it_is() -> None:
    """Half of a surrogate pair, as a broken program prints it, is replaced."""
    assert list(batches([(0, "a\ud800b")])) == [[(0, "a?b")]]


events = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.one_of(
            st.text(max_size=3),
            st.integers(LONGEST_EVENT_BYTES - 2, LONGEST_EVENT_BYTES + 2).map("x".__mul__),
        ),
    ),
    max_size=12,
)


@given(events)
def test_batches_are_what_requests_can_carry(given: list[Event]) -> None:
    """Nothing is lost but empty and too long texts, and each batch is sorted and small enough."""
    made = list(batches(given))
    for batch in made:
        assert batch == sorted(batch, key=lambda event: event[0])
        assert 1 <= len(batch) <= MOST_EVENTS
        assert sum(len(text.encode()) + EVENT_BYTES for _, text in batch) <= MOST_BYTES
    told = [
        (moment, text.encode(errors="replace")[:LONGEST_EVENT_BYTES].decode(errors="ignore"))
        for moment, text in sorted(given, key=lambda event: event[0])
        if text
    ]
    assert [event for batch in made for event in batch] == told
