"""A bar chart on a logarithmic scale, as SVG that any browser shows and any diff can read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _LABEL, _ROW, _TOP = 760, 210, 26, 44
_BAR = 16
_ROOM_FOR_VALUE = 60
_OURS, _OTHERS, _TEXT, _LINE = "#1a7f37", "#8c959f", "#24292f", "#d0d7de"
_STYLE = "font-family: system-ui, sans-serif; font-size: 13px"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """
    One bar.

    Attributes:
        label: To its left.
        value: At least 1; its length is the logarithm.
        is_ours: In another colour.
    """

    label: str
    value: float
    is_ours: bool = False


def bar_chart(title: str, bars: Sequence[Bar]) -> str:
    """The chart; each bar with its value behind it."""
    top = math.ceil(math.log10(max((bar.value for bar in bars), default=10)))
    height = _TOP + _ROW * len(bars) + 24
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" style="{_STYLE}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="22" fill="{_TEXT}">{escape(title)}</text>',
    ]
    for power in range(top + 1):
        x = _x(10**power, top)
        lines.append(f'<line x1="{x}" y1="{_TOP - 6}" x2="{x}" y2="{height - 20}" stroke="{_LINE}"/>')
        lines.append(f'<text x="{x}" y="{height - 6}" fill="{_TEXT}" text-anchor="middle">{10**power:,}</text>')
    for row, bar in enumerate(bars):
        lines += _bar(bar, _TOP + row * _ROW, top)
    return "\n".join([*lines, "</svg>", ""])


def _bar(bar: Bar, y: int, top: int) -> list[str]:
    end = _x(bar.value, top)
    colour = _OURS if bar.is_ours else _OTHERS
    return [
        f'<text x="{_LABEL - 8}" y="{y + 13}" fill="{_TEXT}" text-anchor="end">{escape(bar.label)}</text>',
        f'<rect x="{_LABEL}" y="{y}" width="{end - _LABEL:.1f}" height="{_BAR}" fill="{colour}"/>',
        f'<text x="{end + 6:.1f}" y="{y + 13}" fill="{_TEXT}">{bar.value:,.3g}</text>',
    ]


def _x(value: float, top: int) -> float:
    return round(_LABEL + (_WIDTH - _LABEL - _ROOM_FOR_VALUE) * math.log10(max(value, 1)) / max(top, 1), 1)
