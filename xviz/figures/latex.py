"""A figure as LaTeX to be copied: a figure environment at its exact width, with caption and alternative text."""

from __future__ import annotations

import re

from xviz.draw.scale import number
from xviz.figures.figure import Figure

ESCAPED = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "…": r"\dots{}", "−": "$-$", "×": r"$\times$",
    "≤": r"$\leq$", "≥": r"$\geq$", "α": r"$\alpha$", "·": r"$\cdot$", "–": "--", "—": "---", "“": "``", "”": "''",
}  # fmt: skip


def escaped(text: str) -> str:
    """Text as LaTeX sets it, with every character of its own meaning escaped."""
    return "".join(ESCAPED.get(character, character) for character in text)


def latex(figure: Figure, file: str) -> str:
    """A figure environment.

    Args:
        figure: Its size, caption and alternative text.
        file: The name under which it was saved.
    """
    width, _ = figure.size_mm
    label = re.sub(r"[^a-z0-9]+", "-", file.rpartition(".")[0].lower()).strip("-")
    return "\n".join(
        [
            r"\begin{figure}",
            r"  \centering",
            rf"  \includegraphics[width={number(width)}mm, alt={{{escaped(figure.alt)}}}]{{{file}}}",
            rf"  \caption{{{escaped(figure.caption)}}}",
            rf"  \label{{fig:{label}}}",
            r"\end{figure}",
        ]
    )
