"""`crowd options`: every option of a section or a plugin, with type, default, choices and help."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from crowdcore.base.terminal import printable, printable_lines
from crowdcore.cli.common import say, say_json, say_lines
from crowdcore.config.choices import CHOICES, Plugins, options_class
from crowdcore.config.sections import SECTIONS
from crowdcore.errors import ConfigError, PluginError
from crowdcore.plugins.catalogue import catalogue
from crowdcore.plugins.option_types import faults_of
from crowdcore.plugins.options import OptionDoc, describe, unknown

# Where task.yaml has a plugin's options, if not under its kind.
_PLACE = {"bot": "pairing.stand_in[]", "extension": "extensions[]"}
_COLUMNS = ("option", "type", "default", "choices", "required", "help")


@dataclass(frozen=True)
class Section:
    """What one word asked for: its title, a sentence about it, its options by their full dotted name."""

    name: str
    about: str
    options: list[OptionDoc]


@click.command()
@click.argument("words", nargs=-1, metavar="[task] [gates] [blueprint=NAME] …")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def options(words: tuple[str, ...], as_json: bool) -> None:
    """Print every option of a section of task.yaml or of a plugin.

    A word is a section (task, gates, pairing, admin), a part of one (gates.gold) or a plugin
    (blueprint=form, provider=inhouse, architect=local, bot=echo, blueprint=./mine.py:MyBlueprint). Without a
    word, what can be asked for is listed.
    """
    if not words:
        _print_index(as_json)
        return
    sections = sections_of(words)
    if as_json:
        say_json([dataclasses.asdict(section) for section in sections])
    elif sys.stdout.isatty():
        _print_tables(sections)
    else:
        say_lines("\n\n".join(_plain(section) for section in sections))


def sections_of(words: Iterable[str]) -> list[Section]:
    """The sections that `words` ask for; ConfigError or PluginError with a line for each wrong word."""
    found, problems = [], []
    for word in words:
        try:
            found.append(_plugin(*word.split("=", 1)) if "=" in word else _core(word))
        except (ConfigError, PluginError) as error:
            problems += error.problems
    if problems:
        raise ConfigError.many(problems)
    return found


def _core(word: str) -> Section:
    name, _, part = word.partition(".")
    if name in CHOICES:
        return Section(word, _about(CHOICES[name]), _choice_docs(name, None))
    if name not in SECTIONS:
        raise ConfigError(f"{word!r}: {unknown(name, [*SECTIONS, *CHOICES])}; `crowd options` lists what there is")
    docs = describe(SECTIONS[name], f"{name}.")
    chosen = [doc for doc in docs if not part or f"{doc.name}.".replace("[]", "").startswith(f"{word}.")]
    if not chosen:
        raise ConfigError(f"{word!r}: {unknown(word, [doc.name for doc in docs])}")
    return Section(word, _about(SECTIONS[name]), chosen)


def _plugin(kind: str, name: str) -> Section:
    if kind not in CHOICES:
        raise ConfigError(f"{kind}={name}: {unknown(kind, list(CHOICES))}; `crowd options` lists what there is")
    plugin = Plugins(catalogue(), Path.cwd()).load(kind, name)
    cls = options_class(plugin)
    faults = faults_of(cls)
    if faults:
        raise PluginError.many([f"the options of {kind} {name!r} cannot be read: {fault}" for fault in faults])
    return Section(f"{kind}={name}", _about(plugin) or _about(cls), _choice_docs(kind, cls))


def _choice_docs(kind: str, own: type | None) -> list[OptionDoc]:
    """The options common to a kind and those of one plugin; the plugin's word counts where both have one."""
    place = f"{_PLACE.get(kind, kind)}."
    special = describe(own, place) if own else []
    names = {doc.name for doc in special}
    common = [doc for doc in describe(CHOICES[kind], place) if doc.name not in names]
    return [*common, *special]


def _about(cls: type) -> str:
    """The first sentence or so of a docstring; dataclasses without one have a made-up text, left out."""
    text = cls.__dict__.get("__doc__") or ""
    first = " ".join(text.strip().partition("\n\n")[0].split())
    return "" if first.startswith(f"{cls.__name__}(") else first


def _print_index(as_json: bool) -> None:
    core = [(name, _about(cls)) for name, cls in SECTIONS.items()]
    plugins = [(f"{e.kind}={e.name}", f"{e.dist} {e.version}") for e in catalogue().entries() if e.kind in CHOICES]
    if as_json:
        index = {"sections": [name for name, _ in core], "plugins": [name for name, _ in plugins]}
        say_json(index)
        return
    width = max(len(name) for name, _ in [*core, *plugins])
    say("Ask for one or more of these, as in  crowd options task blueprint=form")
    for title, rows in (("Sections of task.yaml", core), ("Installed plugins", plugins)):
        say_lines(f"\n{title}")
        for name, about in rows:
            say(f"  {name:<{width}}  {about}".rstrip())


def _row(doc: OptionDoc) -> tuple[str, ...]:
    secret = " (secret: give it as ${oc.env:NAME})" if doc.secret else ""
    required = "required" if doc.required else ""
    return (doc.name, doc.type, doc.default, ", ".join(doc.choices), required, f"{doc.help}{secret}")


def _plain(section: Section) -> str:
    """A table of aligned columns in which nothing is cut or wrapped."""
    rows = [_COLUMNS, *map(_row, section.options)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_COLUMNS))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    title = f"{section.name}: {section.about}" if section.about else section.name
    return "\n".join([title, *lines])


def _print_tables(sections: list[Section]) -> None:
    from rich.console import Console  # 60 ms, and only a terminal needs it
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for section in sections:
        table = Table(title=Text(printable(f"{section.name}: {section.about}")), title_justify="left", show_lines=True)
        longest = max((len(doc.name) for doc in section.options), default=0)
        table.add_column("option", overflow="fold", width=min(longest, console.width * 2 // 5))
        for name in ("type or choices", "default", "help"):
            table.add_column(name, overflow="fold")
        for name, type_, default, choices, required, told in map(_row, section.options):
            cells = (name, choices.replace(", ", "\n") or type_, required or default, told)
            table.add_row(*(Text(printable_lines(cell)) for cell in cells))
        console.print(table)
