"""What each column is for: predicted, learned from, naming a row, keeping rows together, or left out."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from operations.draft import spellings as s
from operations.draft.errors import DraftError
from operations.draft.kinds import MAX_CATEGORIES, Kind
from operations.draft.profile import ColumnProfile

TARGET, FEATURE, IDENTIFIER, GROUP, DROPPED, TEXT = (
    "target",
    "feature",
    "identifier",
    "group",
    "dropped",
    "text",
)
MIN_GROUPS = 20
_GROUP_ROWS = 1.5  # fewer rows than this for each value, and the value is hardly a group
_TEXT_WORDS = 3.0
_CODE_WORDS = 1.5
_UNIQUE_SHARE = 0.5
_NUMERIC_NAMES_SHARE = 0.3
_MANY_TEXTS = 1_000
_KEY = re.compile(r"(^|[_\s.-])(id|ids|key|uuid|guid)$|[a-z](Id|ID|Key|Uuid)$|^passengerid$", re.I)
_COUNTER = re.compile(
    r"^(unnamed: ?\d+|index|row|rownum|row_?(number|names?|id)|rownames?|__index_level_\d+__|x|no\.?|nr\.?|#"
    r"|s\.? ?no\.?)$",
    re.I,
)


@dataclass(frozen=True, kw_only=True)
class Role:
    name: str
    reason: str


def target_of(columns: Sequence[ColumnProfile], name: str) -> ColumnProfile:
    """The column to predict; raises DraftError with the columns that there are."""
    wanted = name.strip()
    found = next((column for column in columns if column.name == wanted), None)
    if found:
        return found
    near = [column.name for column in columns if column.name.casefold() == wanted.casefold()]
    hint = f"; did you mean {near[0]!r}?" if near else ""
    names = ", ".join(column.name for column in columns[:40]) + (", ..." if len(columns) > 40 else "")
    if sum(_is_number(column.name) for column in columns) >= max(1, len(columns) * _NUMERIC_NAMES_SHARE):
        hint += "; the first line looks like a row of values: write a line of names above it"
    raise DraftError(f"TARGET={name}: no such column{hint}; there are {names}")


def roles_of(columns: Sequence[ColumnProfile], kinds: Sequence[Kind], target: ColumnProfile) -> list[Role]:
    """One role a column, in their order. At most one key names the rows, one group keeps them together."""
    roles = [
        Role(name=TARGET, reason="predicted") if column is target else role_of(column, kind)
        for column, kind in zip(columns, kinds, strict=True)
    ]
    for name in (IDENTIFIER, GROUP):
        found = [index for index, role in enumerate(roles) if role.name == name]
        best = min(found, key=lambda index: (not _is_key(columns[index].name), index), default=-1)
        for index in found:
            if index != best:
                roles[index] = Role(name=DROPPED, reason=f"{roles[index].reason}, as another column does")
    if any(role.name == IDENTIFIER for role in roles):
        roles = [
            Role(name=DROPPED, reason=role.reason) if role.name == GROUP and kind.gaps else role
            for role, kind in zip(roles, kinds, strict=True)
        ]
    if not any(role.name in (FEATURE, TEXT) for role in roles):
        raise DraftError(
            "there is no column left to predict from: "
            + "; ".join(
                f"{c.name!r} {r.reason}" for c, r in zip(columns, roles, strict=True) if c is not target
            )
        )
    return roles


def role_of(column: ColumnProfile, kind: Kind) -> Role:
    """The role of a column that is not the target."""
    share = column.distinct / max(1, column.present)
    if kind.refused:
        return Role(name=DROPPED, reason=kind.refused)
    if not column.present:
        return Role(name=DROPPED, reason="has no value in any row")
    if _levels(column, kind) == 1:
        return Role(name=DROPPED, reason="has the same value in every row")
    unique = column.distinct == column.rows and column.rows > 1
    if kind.type == "integer" and unique and (_COUNTER.match(column.name) or _counts(column)):
        return Role(name=DROPPED, reason="numbers the rows")
    is_whole_key = kind.type in ("integer", "category") or (kind.type == "number" and is_whole(column))
    if _is_key(column.name) and is_whole_key:
        return _key_role(column, kind, unique)
    if kind.type not in ("category", "text"):
        return Role(name=FEATURE, reason="")
    if kind.type == "text" and column.mean_words < _CODE_WORDS:
        return Role(name=DROPPED, reason="holds long texts without words")
    if kind.type == "text" or (column.mean_words >= _TEXT_WORDS and _is_varied(column)):
        return Role(name=TEXT, reason=f"free text of {column.mean_words:.0f} words")
    if unique:
        return Role(name=IDENTIFIER, reason="has another value in every row")
    if share > _UNIQUE_SHARE and column.distinct > MAX_CATEGORIES:
        return Role(name=DROPPED, reason=f"has {column.distinct:,} values in {column.present:,} rows")
    return Role(name=FEATURE, reason="")


def _key_role(column: ColumnProfile, kind: Kind, unique: bool) -> Role:
    """A key of each row, of a group of a few rows, or of so many rows each that it says what they have in
    common, as a shop's does."""
    if unique:
        return Role(name=IDENTIFIER, reason="names each row")
    if column.present < _GROUP_ROWS * column.distinct:
        return Role(name=DROPPED, reason="is named like a key, and names nearly each row")
    many = column.distinct >= max(MIN_GROUPS, math.sqrt(column.rows))
    if many and not kind.gaps and not kind.stray_rows:
        each = column.present / column.distinct
        return Role(name=GROUP, reason=f"repeats, {each:.1f} rows each: they stay on one side of the split")
    return Role(name=FEATURE, reason="")


def _is_key(name: str) -> bool:
    return _KEY.search(name) is not None


def _counts(column: ColumnProfile) -> bool:
    """Whether the values are one whole number a row, without a gap, as a row's number is."""
    low, high = column.minimum, column.maximum
    return low in (0, 1) and high is not None and high - low == column.rows - 1


def _is_varied(column: ColumnProfile) -> bool:
    return column.distinct > min(_MANY_TEXTS, column.present * _UNIQUE_SHARE / 2)


def _levels(column: ColumnProfile, kind: Kind) -> int:
    if kind.type == "category" and "categories" in kind.keys and "others" not in kind.keys:
        return len(kind.keys["categories"])
    if kind.range and kind.range[0] == kind.range[1] and not kind.stray_rows:
        return 1
    return column.distinct


def is_whole(column: ColumnProfile) -> bool:
    """Whether all its numbers are whole, 1.0 included."""
    if column.count(s.CODE, s.INTEGER) == column.present:
        return True
    values = [value for value, _ in column.common]
    return column.distinct == len(values) and all(_whole(value) for value in values)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _whole(value: str) -> bool:
    try:
        return float(value).is_integer()
    except ValueError:
        return False
