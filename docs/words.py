"""Words of the code as Markdown."""

from __future__ import annotations

import html
import inspect
import re
from collections.abc import Callable, Iterable, Sequence


def prose(text: str) -> str:
    """Text of the code as Markdown that means itself: code spans kept, DOIs as links, nothing else special."""
    parts = re.split(r"``(.+?)``|`(.+?)`", text)
    out = []
    for index, part in enumerate(parts):
        if not part:
            continue
        if index % 3 == 0:
            out.append(_linked(html.escape(part, quote=False)))
        else:
            out.append(f"<code>{html.escape(part, quote=False)}</code>")
    return "".join(out).replace("|", "&#124;")


def _linked(text: str) -> str:
    """Escape what Markdown would take for emphasis, and link DOIs."""
    pieces = re.split(r"(doi:10\.[^\s,;]*[^\s,;.)])", text)
    return "".join(
        f"[{piece.replace('_', chr(92) + '_')}](https://doi.org/{piece.removeprefix('doi:')})"
        if piece.startswith("doi:10.")
        else re.sub(r"([*_\[\]])", r"\\\1", piece)
        for piece in pieces
    )


def code(value: object) -> str:
    """A value as a code span that a table cell can hold."""
    return f"<code>{html.escape(str(value), quote=False)}</code>".replace("|", "&#124;")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def notes(function: Callable[..., object], *sections: str) -> str:
    """Sections of a numpydoc docstring as Markdown."""
    text = inspect.getdoc(function) or ""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", text, flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    return "\n\n".join(_paragraphs(found[name].strip()) for name in sections if name in found)


def _paragraphs(text: str) -> str:
    """Paragraphs and bullets of a docstring."""
    blocks = re.split(r"\n\s*\n|\n(?=\* )", text)
    joined = [re.sub(r"\s*\n\s*", " ", block).strip() for block in blocks]
    return "\n\n".join(
        f"- {prose(block.removeprefix('* '))}" if block.startswith("* ") else prose(block.replace("**", ""))
        for block in joined
    )
