import re
from collections.abc import Iterator
from pathlib import Path

import click

from app.ops.command_line import main


def commands(group: click.Group, name: str = "warmcart") -> Iterator[tuple[str, click.Command]]:
    for part, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {part}")
        else:
            yield f"{name} {part}", command


def section(name: str, command: click.Command) -> str:
    """What the page says of a command: its usage line, its help, its options."""
    context = click.Context(command, info_name=name)
    usage = command.get_usage(context).removeprefix("Usage: ")
    lines = [f"## `{' '.join(usage.split())}`", "", re.sub(r"\s+\n", "\n", command.help or "").strip(), ""]
    for option in command.params:
        record = option.get_help_record(context)
        if record and isinstance(option, click.Option):
            lines.append(f"- `{record[0]}` {record[1]}".rstrip())
    return "\n".join(lines).strip()


def page() -> str:
    intro = "The console script `warmcart`. STORE is the store's domain, as `warmcart store list` prints it."
    sections = [section(name, command) for name, command in commands(main)]
    return "\n\n".join(["# Commands", intro, *sections]) + "\n"


def test_every_command_and_option_is_documented_as_its_help_says():
    assert Path("docs/commands.md").read_text() == page()
