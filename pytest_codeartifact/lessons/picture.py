"""A domain as a picture: SVG made of what the service says, with nothing loaded from elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from pytest_codeartifact.lessons.domain_view import DomainView, PackageView, RepositoryView
from pytest_codeartifact.lessons.showing import BAD, GOOD, OURS, QUIET, WAITING, Shown, note

_MARGIN = 8
_OUTSIDE_WIDTH = 150
_WAY = 42
"""The room for an arrow, beside the registries on the left and beside the repositories."""
_INSET = 20
_BOX_WIDTH = 440
_TOP = 58
_ROW = 22
_HEAD = 34
_GAP = 18
_BETWEEN_CONNECTIONS = 40
_MOST_PACKAGES = 12
_STATUS_COLOURS = {"Published": GOOD, "Unlisted": WAITING, "Archived": QUIET, "Disposed": BAD}


def picture(domains: Sequence[DomainView]) -> Shown:
    """All domains, one below the other."""
    if not domains:
        return note("told", "There is no domain yet, so there is nothing to draw.")
    html = "".join(_svg(each) for each in domains)
    return Shown(html, "\n".join(_text(each) for each in domains))


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where things go: what nothing is drawn in takes no room."""

    domain: DomainView
    places: Mapping[str, tuple[int, int]]
    bottom: int

    @classmethod
    def of(cls, domain: DomainView) -> "_Plan":
        places, top = {}, _TOP
        for repository in domain.repositories:
            places[repository.name] = top, _height(repository)
            top += _height(repository) + _GAP
        return cls(domain, places, top if places else _TOP + _ROW + _GAP)

    @property
    def domain_x(self) -> int:
        is_connected = any(each.connections for each in self.domain.repositories)
        return _MARGIN + (_OUTSIDE_WIDTH + _WAY if is_connected else 0)

    @property
    def box_x(self) -> int:
        return self.domain_x + _INSET

    @property
    def right(self) -> int:
        """The right side of the domain."""
        has_upstreams = any(each.upstreams for each in self.domain.repositories)
        return self.box_x + _BOX_WIDTH + (_WAY if has_upstreams else _INSET)


def _svg(domain: DomainView) -> str:
    plan = _Plan.of(domain)
    marks = [*_frame(plan)]
    for repository in domain.repositories:
        marks += _box(repository, plan)
        marks += _arrows(repository, plan)
    title = escape(_text(domain).replace("\n", "; "))
    width, height = plan.right + _MARGIN, plan.bottom + _MARGIN
    # On a narrow page one moves the picture; it does not shrink until nobody can read it.
    return (
        '<div style="overflow-x:auto">'
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" style="max-width:none;color:inherit;'
        f'font-family:system-ui,sans-serif;font-size:13px"><title>{title}</title>'
        f"{''.join(marks)}</svg></div>"
    )


def _frame(plan: _Plan) -> Iterator[str]:
    yield (
        f'<rect x="{plan.domain_x}" y="{_MARGIN}" width="{plan.right - plan.domain_x}" '
        f'height="{plan.bottom - _MARGIN}" rx="10" fill="none" stroke="{OURS}" '
        'stroke-width="1.5"/>'
    )
    yield _label(plan.box_x, 34, f"domain {plan.domain.name}", weight=600)
    owner = f"account {plan.domain.owner}"
    yield _label(plan.box_x + _BOX_WIDTH, 34, owner, colour=QUIET, anchor="end")
    if not plan.places:
        yield _label(plan.box_x, _TOP + 14, "no repository yet", colour=QUIET)


def _box(repository: RepositoryView, plan: _Plan) -> Iterator[str]:
    x, (top, height) = plan.box_x, plan.places[repository.name]
    yield (
        f'<rect x="{x}" y="{top}" width="{_BOX_WIDTH}" height="{height}" rx="6" '
        f'fill="{OURS}" fill-opacity="0.07" stroke="currentColor" stroke-opacity="0.35"/>'
    )
    yield _label(x + 14, top + 22, f"repository {repository.name}", weight=600)
    rows = repository.packages[:_MOST_PACKAGES]
    for number, package in enumerate(rows):
        yield from _package(package, x, top + _HEAD + _ROW * number + 14)
    left_out = len(repository.packages) - len(rows)
    at = top + _HEAD + _ROW * len(rows) + 14
    if left_out:
        yield _label(x + 34, at, f"and {left_out} more", colour=QUIET)
    elif not rows:
        yield _label(x + 14, at, "empty", colour=QUIET)


def _package(package: PackageView, x: int, y: int) -> Iterator[str]:
    colour = _STATUS_COLOURS.get(package.status, QUIET)
    # A filled mark for what is one's own, an open one for what came from outside.
    filled = "none" if package.is_external else colour
    yield (
        f'<circle cx="{x + 20}" cy="{y - 4}" r="5" fill="{filled}" stroke="{colour}" '
        'stroke-width="2"/>'
    )
    yield _label(x + 34, y, f"{package.name} {package.version}")
    status = "" if package.status == "Published" else f"{package.status}, "
    yield _label(x + _BOX_WIDTH - 14, y, status + package.origin, colour=QUIET, anchor="end")


def _arrows(repository: RepositoryView, plan: _Plan) -> Iterator[str]:
    top, height = plan.places[repository.name]
    for number, connection in enumerate(repository.connections):
        y = top + 18 + _BETWEEN_CONNECTIONS * number
        yield (
            f'<rect x="{_MARGIN}" y="{y - 16}" width="{_OUTSIDE_WIDTH}" height="32" rx="16" '
            f'fill="none" stroke="{QUIET}" stroke-dasharray="4 3"/>'
        )
        yield _label(_MARGIN + _OUTSIDE_WIDTH // 2, y + 4, connection, anchor="middle")
        end = plan.box_x - 2
        yield _arrow(f"M{_MARGIN + _OUTSIDE_WIDTH} {y} H{end}", end, y, 1)
    right = plan.box_x + _BOX_WIDTH
    for upstream in repository.upstreams:
        if upstream in plan.places:
            start, end = plan.places[upstream][0] + 16, top + min(30, height - 8)
            bend = right + _WAY - 10
            path = f"M{right} {start} C{bend} {start} {bend} {end} {right + 2} {end}"
            yield _arrow(path, right + 2, end, -1)


def _arrow(path: str, x: int, y: int, towards: int) -> str:
    """A line of the way that packages take, with its head at the end."""
    back = x - 8 * towards
    return (
        f'<path d="{path}" fill="none" stroke="{OURS}" stroke-width="1.5"/>'
        f'<path d="M{x} {y} L{back} {y - 4} L{back} {y + 4} Z" fill="{OURS}"/>'
    )


def _label(
    x: int,
    y: int,
    text: str,
    *,
    colour: str = "currentColor",
    anchor: str = "start",
    weight: int = 400,
) -> str:
    return (
        f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(text)}</text>"
    )


def _height(repository: RepositoryView) -> int:
    shown = min(len(repository.packages), _MOST_PACKAGES)
    rows = max(1, shown + (len(repository.packages) > _MOST_PACKAGES))
    return max(_HEAD + _ROW * rows + 6, 4 + _BETWEEN_CONNECTIONS * len(repository.connections))


def _text(domain: DomainView) -> str:
    """The same in words, for those who do not see it."""
    lines = [f"domain {domain.name} of account {domain.owner}"]
    if not domain.repositories:
        lines.append("  no repository yet")
    for each in domain.repositories:
        behind = [*each.upstreams, *each.connections]
        lines.append(f"  repository {each.name}{' <- ' + ', '.join(behind) if behind else ''}")
        lines += [f"    {p.name} {p.version}: {p.status}, {p.origin}" for p in each.packages]
        if not each.packages:
            lines.append("    empty")
    return "\n".join(lines)
