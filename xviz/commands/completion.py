"""Print a script by which a shell completes commands, options, models and methods with the Tab key.

bash: xviz completion bash > ~/.local/share/bash-completion/completions/xviz
zsh:  xviz completion zsh > ~/.zfunc/_xviz   (with “fpath+=~/.zfunc” before compinit in .zshrc)
fish: xviz completion fish > ~/.config/fish/completions/xviz.fish
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

HELP = "print a script for completion with the Tab key"
SHELLS = ("bash", "zsh", "fish")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which shell."""
    parser.add_argument("shell", choices=SHELLS)


def run(given: argparse.Namespace) -> None:
    """Print the script."""
    print(script(given.shell, given.commands), end="")


def script(shell: str, choices: Mapping[str, Any]) -> str:
    """The script for a shell: options of every command, and the words that some of them take.

    Args:
        shell: One of ``SHELLS``.
        choices: The parsers of all commands, by name; see ``cli.Parser``.
    """
    from xviz.explain import METHODS
    from xviz.figures.style import PRESETS
    from xviz.models import MODELS

    commands: dict[str, list[str]] = {}
    for name, part in choices.items():
        part.fill()
        commands[name] = sorted({word for action in part._actions for word in action.option_strings})
    venues = [key.replace("-single", "-1").replace("-double", "-2") for key in PRESETS]
    words = {"--method": list(METHODS), "--methods": list(METHODS), "--width": venues}
    models = [key for key, card in MODELS.items() if card.checkpoint]
    taking = [name for name, part in choices.items() if any(action.dest == "model" for action in part._actions)]
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](commands, words, models, taking)


def _bash(
    commands: Mapping[str, list[str]], words: Mapping[str, list[str]], models: list[str], taking: list[str]
) -> str:
    options = "\n".join(f"    {name}) words='{' '.join(own)}' ;;" for name, own in commands.items())
    values = "\n".join(
        f"    {name}) COMPREPLY=($(compgen -W '{' '.join(own)}' -- \"$now\")); return ;;" for name, own in words.items()
    )
    return f"""# completion of xviz for bash
_xviz() {{
  local now=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} words=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{" ".join(commands)}' -- "$now")); return
  fi
  case "$before" in
{values}
  esac
  case "${{COMP_WORDS[1]}}" in
{options}
  esac
  if [[ "$now" == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$now"))
  elif [ "$COMP_CWORD" -eq 2 ] && [[ " {" ".join(taking)} " == *" ${{COMP_WORDS[1]}} "* ]]; then
    COMPREPLY=($(compgen -W '{" ".join(models)}' -- "$now") $(compgen -f -- "$now"))
  else
    COMPREPLY=($(compgen -f -- "$now"))
  fi
}}
complete -o filenames -F _xviz xviz
"""


def _zsh(
    commands: Mapping[str, list[str]], words: Mapping[str, list[str]], models: list[str], taking: list[str]
) -> str:
    return f"#compdef xviz\nautoload -U +X bashcompinit && bashcompinit\n{_bash(commands, words, models, taking)}"


def _fish(
    commands: Mapping[str, list[str]], words: Mapping[str, list[str]], models: list[str], taking: list[str]
) -> str:
    lines = ["# completion of xviz for fish", f"complete -c xviz -n __fish_use_subcommand -f -a '{' '.join(commands)}'"]
    for name, own in commands.items():
        condition = f"-n '__fish_seen_subcommand_from {name}'"
        for option in own:
            if option.startswith("--"):
                values = f" -x -a '{' '.join(words[option])}'" if option in words else ""
                lines.append(f"complete -c xviz {condition} -l {option[2:]}{values}")
        if name in taking:
            lines.append(f"complete -c xviz {condition} -a '{' '.join(models)}'")
    return "\n".join(lines) + "\n"
