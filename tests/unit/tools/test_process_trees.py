import os

from pytest_codeartifact.tools.trees import Descendants, Seen, alive

ROOT = os.getpid()


class Table:
    """The processes of a machine, as a test wants them."""

    def __init__(self) -> None:
        self.rows = {1: Seen(0, 1, "boot"), ROOT: Seen(1, 1, "0")}

    def __call__(self) -> dict[int, Seen]:
        return dict(self.rows)

    def add(self, pid: int, parent: int, group: int = 1, birth: str = "1") -> None:
        self.rows[pid] = Seen(parent, group, birth)

    def orphan(self, pid: int) -> None:
        seen = self.rows[pid]
        self.rows[pid] = Seen(1, seen.group, seen.birth)


def a_pid(number: int) -> int:
    """An id that this process does not have."""
    return 10_000_000 + number


CHILD, GRANDCHILD, OTHER = (a_pid(number) for number in range(3))


def test_all_below_the_root_are_found() -> None:
    """Children of children count, whatever the order of ids; the root and strangers do not."""
    table = Table()
    table.add(GRANDCHILD, OTHER)
    table.add(OTHER, ROOT)
    table.add(CHILD, 1)
    assert Descendants(ROOT, table).look().keys() == {OTHER, GRANDCHILD}


def test_orphan_that_was_seen_stays_a_descendant() -> None:
    """One that lost its parent after a look is still found, with all below it."""
    table = Table()
    table.add(CHILD, ROOT)
    table.add(GRANDCHILD, CHILD, group=GRANDCHILD)
    tree = Descendants(ROOT, table)
    tree.look()
    del table.rows[CHILD]
    table.orphan(GRANDCHILD)
    table.add(OTHER, GRANDCHILD)
    assert tree.look().keys() == {GRANDCHILD, OTHER}


def test_reused_id_is_another_process() -> None:
    """One with the id of a descendant, born at another time, is none."""
    table = Table()
    table.add(CHILD, ROOT)
    tree = Descendants(ROOT, table)
    tree.look()
    table.add(CHILD, 1, birth="2")
    assert tree.look() == {}


def test_reused_id_of_the_root_has_no_descendants() -> None:
    """When the root is gone and its id is somebody else's, what is below that one is not ours."""
    table = Table()
    table.add(CHILD, ROOT)
    tree = Descendants(CHILD, table)
    table.add(CHILD, 1, group=CHILD, birth="2")
    table.add(GRANDCHILD, CHILD, group=CHILD, birth="2")
    assert tree.look() == {}


def test_group_of_a_root_that_is_gone_is_found() -> None:
    """What a root left behind in its process group is found after its end."""
    table = Table()
    table.add(CHILD, ROOT, group=CHILD)
    tree = Descendants(CHILD, table)
    del table.rows[CHILD]
    table.add(GRANDCHILD, 1, group=CHILD)
    assert tree.look().keys() == {GRANDCHILD}


def test_members_of_a_group_given_are_descendants() -> None:
    """A process that no parent leads to is found by its group."""
    table = Table()
    table.add(OTHER, 1, group=CHILD)
    tree = Descendants(ROOT, table)
    assert tree.look() == {}
    assert tree.look(CHILD).keys() == {OTHER}


def test_what_was_there_before_stands_apart() -> None:
    """Neither a child from before counts, nor what it starts later; a new one with its id does."""
    table = Table()
    table.add(CHILD, ROOT)
    tree = Descendants.from_now_on(ROOT, table)
    table.add(GRANDCHILD, CHILD)
    table.add(OTHER, ROOT)
    assert tree.look().keys() == {OTHER}
    table.add(CHILD, ROOT, birth="2")
    assert tree.look().keys() == {OTHER, CHILD, GRANDCHILD}


def test_ended_ones_are_told_apart() -> None:
    """One that waits to be asked for its exit code is found, but it is not alive."""
    table = Table()
    table.add(CHILD, ROOT)
    table.rows[OTHER] = Seen(ROOT, 1, "1", alive=False)
    found = Descendants(ROOT, table).look()
    assert found.keys() == {CHILD, OTHER}
    assert alive(found).keys() == {CHILD}
