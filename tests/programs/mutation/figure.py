"""What came out, as docs/testing.md says it: the share of mistakes that was noticed, its interval, and what
was not."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.programs.mutation.operators import Mutant

BEGIN, END = "<!-- mutation: begin -->", "<!-- mutation: end -->"
_Z = 1.959964  # 95 %, two-sided


@dataclass(frozen=True)
class Tried:
    """A mistake and how it ended: killed, survived, timeout (which counts as killed) or uncovered (as
    survived)."""

    mutant: Mutant
    outcome: str

    @property
    def noticed(self) -> bool:
        return self.outcome in {"killed", "timeout"}


def interval(noticed: int, tried: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927); the strata make it narrower in truth."""
    if tried == 0:
        return 0.0, 1.0
    share = noticed / tried
    middle = share + _Z**2 / (2 * tried)
    reach = _Z * math.sqrt(share * (1 - share) / tried + _Z**2 / (4 * tried**2))
    return (middle - reach) / (1 + _Z**2 / tried), (middle + reach) / (1 + _Z**2 / tried)


def page(
    tried: Sequence[Tried],
    population: int,
    equivalent: Mapping[str, str],
    controls: tuple[int, int],
    told: str,
) -> str:
    """Markdown: the figure, the folders, and the survivors one by one."""
    lines = [told, "", *_figure(tried, population, equivalent, controls), ""]
    survivors = [one for one in tried if not one.noticed]
    if survivors:
        lines += ["| survivor | line | mistake | before | after |", "|---|---|---|---|---|"]
        lines += sorted(_row(one, equivalent) for one in survivors)
    return "\n".join(lines)


def _figure(
    tried: Sequence[Tried], population: int, equivalent: Mapping[str, str], controls: tuple[int, int]
) -> list[str]:
    proved = [one for one in tried if not one.noticed and one.mutant.name in equivalent]
    counted = len(tried) - len(proved)
    noticed = sum(one.noticed for one in tried)
    low, high = interval(noticed, counted)
    share = noticed / counted if counted else 0.0
    timeouts = sum(one.outcome == "timeout" for one in tried)
    sound, asked = controls
    return [
        f"**{100 * share:.1f} % noticed** (95 % interval {100 * low:.1f} to {100 * high:.1f} %): "
        f"{noticed} of {counted} mistakes, of {population} that could be made; {timeouts} of them by running "
        f"for too long, {len(proved)} more proved to change nothing. {sound} of {asked} controls, "
        "files rewritten without a mistake, passed.",
        "",
        "| folder | noticed | tried | share |",
        "|---|---|---|---|",
        *_folders(one for one in tried if one not in proved),
    ]


def _folders(tried: Iterable[Tried]) -> list[str]:
    counts: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    for one in tried:
        parts = one.mutant.path.split("/")
        folder = "/".join(parts[: 2 if len(parts) > 2 else 1])
        counts[folder] += 1
        noticed[folder] += one.noticed
    return [
        f"| {folder} | {noticed[folder]} | {count} | {100 * noticed[folder] / count:.0f} % |"
        for folder, count in sorted(counts.items())
    ]


def _row(one: Tried, equivalent: Mapping[str, str]) -> str:
    mutant = one.mutant
    why = equivalent.get(mutant.name)
    kind = f"{mutant.operator} ({why})" if why else mutant.operator
    kind += ", no test runs it" if one.outcome == "uncovered" else ""
    before, after = (f"`{_cell(text)}`" for text in (mutant.before, mutant.after))
    return f"| {mutant.path} {mutant.scope} | {mutant.line} | {kind} | {before} | {after} |"


def _cell(text: str) -> str:
    first, _, rest = text.partition("\n")
    return (first + (" ..." if rest else "")).replace("|", "\\|").replace("`", "'")


def embed(document: str, made: str) -> str:
    """The document with the figure between its two markers."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{made}\n{END}{after}"
