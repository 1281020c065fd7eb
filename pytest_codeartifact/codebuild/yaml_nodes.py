"""YAML as nodes that know their line, and that refuse by it to be what they are not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

MOST_NODES = 10_000
"""No buildspec says as much; aliases of aliases would."""

_CORE = "tag:yaml.org,2002:"
_NULL = f"{_CORE}null"
_MERGE = f"{_CORE}merge"
# What a plain scalar is taken for does not matter: its text counts, as it was written.
_TAGS = {
    "scalar": frozenset(
        _CORE + name
        for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value")
    ),
    "sequence": frozenset({f"{_CORE}seq"}),
    "mapping": frozenset({f"{_CORE}map"}),
}
# Those of YAML 1.1, which AWS documents (`no | yes`); case does not matter.
_FLAGS = dict.fromkeys(("yes", "y", "true", "on"), True) | dict.fromkeys(
    ("no", "n", "false", "off"), False
)


class BuildspecError(ValueError):
    """A buildspec cannot be used: `problem` says why, `line` where.

    `message` says the same as CodeBuild would: with the line at the end, or in CodeBuild's own
    words where they are known to be others.
    """

    def __init__(self, line: int, problem: str, message: str = "") -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem
        self.message = message or f"{problem} at line {line}"


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a document.

    `line` is that of its key, or its own in a list. `name` is its key, or that of the list with
    a number. `content` is a scalar's text as it was written, without its quotes (`0.10` keeps its
    zero, `yes` is no `true`), None where nothing was; the nodes of a list; or those of a mapping.
    """

    line: int
    name: str
    content: "str | tuple[Node, ...] | Mapping[str, Node] | None"

    def refused(self, problem: str) -> BuildspecError:
        """The error to raise about this node."""
        return BuildspecError(self.line, f"{self.name!r} {problem}")

    def text(self) -> str:
        """The text of a scalar, which is empty in quotes only; raises BuildspecError."""
        if self.content is None:
            raise self.refused("has no value")
        if not isinstance(self.content, str):
            raise self.refused("is no text")
        return self.content

    def word(self) -> str:
        """A text that is not empty; raises BuildspecError."""
        text = self.text()
        if not text:
            raise self.refused("is empty")
        return text

    def flag(self) -> bool:
        """A yes or no; raises BuildspecError."""
        text = self.text()
        if text.lower() not in _FLAGS:
            raise self.refused(f"is yes or no, not {text!r}")
        return _FLAGS[text.lower()]

    def items(self) -> "tuple[Node, ...]":
        """The nodes of a list; raises BuildspecError.

        A text is a list of one: AWS's own CDK writes `files: '**/*'` and `commands: npm install`.
        """
        match self.content:
            case tuple():
                return self.content
            case str():
                return (self,)
            case _:
                raise self.refused("is no list")

    def entries(self) -> "Mapping[str, Node]":
        """The nodes of a mapping; raises BuildspecError."""
        if not isinstance(self.content, Mapping):
            raise self.refused("is no mapping")
        return self.content

    def fields(self, known: Collection[str], what: str) -> "Fields":
        """A mapping that has no other keys than these; raises BuildspecError, which says `what`."""
        for key, node in self.entries().items():
            if key not in known:
                raise node.refused(f"is no key of {what}")
        return Fields(self.entries())


@dataclass(frozen=True, slots=True)
class Fields:
    """What a mapping says under keys that it may have; each method raises BuildspecError."""

    nodes: Mapping[str, Node]

    def word(self, key: str) -> str | None:
        """The text of a field, if it is there."""
        node = self.nodes.get(key)
        return None if node is None else node.word()

    def flag(self, key: str) -> bool:
        """Whether a field says yes."""
        node = self.nodes.get(key)
        return node is not None and node.flag()

    def items(self, key: str) -> tuple[Node, ...]:
        """The nodes of a field's list."""
        node = self.nodes.get(key)
        return () if node is None else node.items()

    def words(self, key: str) -> tuple[str, ...]:
        """The texts of a field's list."""
        return tuple(item.word() for item in self.items(key))

    def entries(self, key: str) -> Mapping[str, Node]:
        """The nodes of a field's mapping; none where all of them are comments."""
        node = self.nodes.get(key)
        return {} if node is None or node.content is None else node.entries()


def compose(text: str, first_line: int, name: str) -> Node:
    """The node of a document whose text begins at a line; raises BuildspecError.

    Anchors, aliases and merge keys are resolved.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 -- few runs read YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415 -- likewise
    from ruamel.yaml.reader import ReaderError  # noqa: PLC0415 -- likewise

    yaml = YAML(typ="safe", pure=True)
    # An anchor may be given anew, YAML says.
    yaml.composer.warn_double_anchors = False
    line = first_line
    try:
        return _Nodes(first_line).root(yaml.compose(text), name)
    except RecursionError:
        problem = "it is nested too deeply, or contains itself"
    except (AssertionError, KeyError):
        # How the library says that it has no rules for `%YAML 1.9`.
        problem = "its version of YAML is not known"
    except ReaderError as error:
        line += text.count("\n", 0, error.position)
        problem = error.reason
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line += mark.line if mark is not None else 0
        problem = error.problem or str(error)
    except YAMLError as error:
        problem = str(error)
    raise BuildspecError(line, f"{name} is not YAML: {problem}")


class _Nodes:
    """Makes nodes of what ruamel composed; each alias becomes a copy, so the nodes are counted."""

    def __init__(self, first_line: int) -> None:
        self._first_line = first_line
        self._left = MOST_NODES

    def root(self, found: Any, name: str) -> Node:  # noqa: ANN401 -- ruamel's
        # Nothing but comments is no node at all.
        if found is None:
            return Node(self._first_line, name, None)
        return self._node(found, self._first_line, name)

    def _node(self, found: Any, line: int, name: str) -> Node:  # noqa: ANN401 -- ruamel's
        self._left -= 1
        if self._left < 0:
            raise BuildspecError(line, f"there are more than {MOST_NODES} values")
        if found.tag not in _TAGS[found.id]:
            raise BuildspecError(line, f"{name!r} has the tag {found.tag}, which is not known here")
        match found.id:
            case "mapping":
                return Node(line, name, self._mapping(found))
            case "sequence":
                items = enumerate(found.value)
                content = tuple(self._node(it, self._line(it), f"{name}[{at}]") for at, it in items)
                return Node(line, name, content)
            case _:
                text = None if found.tag == _NULL else _usable(found.value, line, name)
                return Node(line, name, text)

    def _mapping(self, found: Any) -> dict[str, Node]:  # noqa: ANN401 -- ruamel's
        own: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key, value in found.value:
            line = self._line(key)
            name = self._node(key, line, "a key").text()
            if name in own:
                raise BuildspecError(line, f"{name!r} stands in line {own[name].line} already")
            node = self._node(value, line, name)
            if key.tag == _MERGE:
                merged = {**_merged(node), **merged}
            else:
                own[name] = node
        return {**merged, **own}

    def _line(self, found: Any) -> int:  # noqa: ANN401 -- ruamel's
        line: int = self._first_line + found.start_mark.line
        return line


def _merged(node: Node) -> dict[str, Node]:
    """What a merge key brings in: one mapping, or several, of which the first has its say."""
    sources = (node,) if isinstance(node.content, Mapping) else node.items()
    return {key: entry for source in reversed(sources) for key, entry in source.entries().items()}


def _usable(text: str, line: int, name: str) -> str:
    """A text that programs can be given; raises BuildspecError."""
    # Escapes in quotes can make what could not be written: a NUL, half a character.
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BuildspecError(line, f"{name!r} contains a character that no program can be given")
    return text
