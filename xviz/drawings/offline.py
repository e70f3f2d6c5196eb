"""A page that opens without a server: components with their data inside, and a policy that forbids any request."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping

from xviz.drawings.scripts import script, style

LIGHT = "--st-text-color:#1f2328;--st-background-color:#fff;--st-primary-color:#c5354a"
DARK = "--st-text-color:#e6e6e3;--st-background-color:#191816;--st-primary-color:#e0566a"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:">
<title>{title}</title>
<style>:root{{{light};--st-font:system-ui,sans-serif;color-scheme:light dark}}
@media (prefers-color-scheme: dark){{:root{{{dark}}}}}
body{{margin:20px;background:var(--st-background-color);color:var(--st-text-color);font:14px/1.5 var(--st-font)}}
main{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:20px;align-items:start}}
h1{{font-size:20px;margin:0 0 4px}} footer{{margin-top:16px;font-size:12px;max-width:100ch;overflow-wrap:anywhere}}
{style}</style></head>
<body><h1>{title}</h1><p>{lead}</p>
{body}
<footer>{caption}</footer>
{data}
<script>
{code}
</script></body></html>
"""  # noqa: E501


def document(title: str, *, lead: str, body: str, caption: str, data: Mapping[str, bytes | None], code: str) -> str:
    """The page as HTML.

    Args:
        title: Of the page; plain text, as ``lead`` and ``caption`` are.
        lead: What can be done in it.
        body: HTML with the places of the drawings.
        caption: What is shown, with its origin.
        data: Messages, each found by its name in the page.
        code: Scripts that draw them; ``components`` gives those of drawings.
    """
    blocks = [
        f'<script type="application/octet-stream" id="{name}">{base64.b64encode(content or b"").decode()}</script>'
        for name, content in data.items()
    ]
    return PAGE.format(
        title=html.escape(title), lead=html.escape(lead), caption=html.escape(caption), light=LIGHT, dark=DARK,
        style=style(), body=body, data="\n".join(blocks), code=code.replace("</script", "<\\/script"),
    )  # fmt: skip


def components(names: Mapping[str, str]) -> str:
    """The mounting functions of kinds of drawings, kind → name of its function; each keeps its own names to itself."""
    parts = []
    for kind, name in names.items():
        inside = script(kind).replace("export default function", "return function")
        parts.append(f"const {name} = (() => {{\n{inside}\n}})();")
    return "\n".join(parts)
