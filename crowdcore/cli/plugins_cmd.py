"""`crowd plugins`: what is installed, from entry points alone; `--check` and `show` import."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from crowdcore.base.faults import meant
from crowdcore.cli.common import say, say_json, say_lines
from crowdcore.errors import PluginError
from crowdcore.plugins.catalogue import CLASSES, GROUPS, Catalogue, Entry, catalogue, clash, load_entry, make

KIND = click.option("--kind", type=click.Choice(list(GROUPS)), help="Only this kind.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="JSON, one array.")


@click.group(invoke_without_command=True)
@KIND
@click.option("--check", is_flag=True, help="Import each one; exit code 2 if any is broken.")
@AS_JSON
@click.pass_context
def plugins(context: click.Context, kind: str | None, check: bool, as_json: bool) -> None:
    """List installed plugins."""
    if context.invoked_subcommand is not None:
        return
    known = catalogue()
    rows = [_row(known, entry, check) for entry in known.entries(kind)]
    clashes = [clash(found) for found in known.clashes() if kind in (None, found[0].kind)]
    if as_json:
        say_json(rows)
    else:
        say_lines(_table(rows, check))
    for line in clashes:
        say(f"clash: {line}", err=True)
    broken = [row for row in rows if row.get("problems")]
    for problem in (line for row in broken for line in row["problems"]):
        if not as_json:
            say(f"broken: {problem}", err=True)
    if check and (broken or clashes):
        context.exit(2)


@plugins.command()
@click.argument("name")
@KIND
@click.option("--json", "as_json", is_flag=True, help="JSON, one array with an object per kind.")
def show(name: str, kind: str | None, as_json: bool) -> None:
    """Show the plugin NAME: where it comes from, its hooks and its options."""
    known = catalogue()
    kinds = [kind] if kind else [k for k in GROUPS if name in known.names(k)]
    if not kinds:
        raise PluginError(_unknown(known, name))
    documents = [_document(known, known.find(k, name)) for k in kinds]
    if as_json:
        say_json(documents)
    else:
        say_lines("\n\n".join(_page(document) for document in documents))


def _row(known: Catalogue, entry: Entry, check: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "kind": entry.kind, "name": entry.name, "distribution": entry.dist, "version": entry.version,
        "entry_point": entry.value, "default": _is_default(known, entry),
        "clash": len([e for e in known.entries(entry.kind) if e.name == entry.name]) > 1,
    }  # fmt: skip
    if check:
        row["problems"] = _problems(entry)
    return row


def _is_default(known: Catalogue, entry: Entry) -> bool:
    try:
        return entry.kind in CLASSES and known.default(entry.kind) == entry
    except PluginError:
        return False


def _problems(entry: Entry) -> list[str]:
    """What is wrong with a plugin; of a command also that it is one, and is reached. Imports it."""
    from crowdcore.export.exporters import BUILT_IN  # with what reads answers: only for a check
    from crowdcore.plugins.inspection import problems_of

    found = problems_of(entry)
    if entry.kind == "command" and not found:
        from crowdcore.cli.group import fault_of_command

        found = [fault] if (fault := fault_of_command(entry, load_entry(entry))) else []
    if entry.kind == "exporter" and not found and entry.name in BUILT_IN:
        found = [f"{entry.label} is never reached: {entry.name} is a format of the core; give it another name"]
    return found


def _table(rows: list[dict[str, Any]], check: bool) -> str:
    if not rows:
        return "no such plugins are installed"
    lines = [["kind", "name", "distribution", "version", "entry point", ""]]
    for row in rows:
        notes = [word for word, told in (("default", row["default"]), ("clash", row["clash"])) if told]
        if check:
            notes.append("broken" if row["problems"] else "ok")
        columns = [row[key] for key in ("kind", "name", "distribution", "version", "entry_point")]
        lines.append([*columns, " ".join(notes)])
    return _columns(lines)


def _columns(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    padded = ("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(line.rstrip() for line in padded)


def _unknown(known: Catalogue, name: str) -> str:
    hint = meant(name, sorted({entry.name for entry in known.entries()})) or ";"
    return f"no plugin named {name!r}{hint} `crowd plugins` lists all of them"


def _document(known: Catalogue, entry: Entry) -> dict[str, Any]:
    loaded = load_entry(entry)
    document: dict[str, Any] = {
        **_row(known, entry, False),
        "about": (inspect.getdoc(loaded) or "").partition("\n")[0],
        "file": _file(loaded),
    }
    if entry.kind in CLASSES:
        from crowdcore.plugins.checks import implementations  # brings pluggy along

        document["hooks"] = sorted(implementations(make(loaded, entry.label), entry.label))
        for words in ("needs", "wants", "offers"):
            value = getattr(loaded, words, ())
            document[words] = ["depends on options"] if isinstance(value, property) else sorted(value)
        document["options"] = _options(loaded)
    return document


def _file(loaded: Any) -> str:
    try:
        return inspect.getsourcefile(inspect.unwrap(getattr(loaded, "callback", loaded))) or ""
    except TypeError:  # not written in Python
        return ""


def _options(loaded: Any) -> list[dict[str, Any]]:
    from crowdcore.plugins.option_types import faults_of
    from crowdcore.plugins.options import describe

    if not hasattr(loaded, "Options"):
        return []
    faults = faults_of(loaded.Options)
    if faults:
        raise PluginError.many([f"the options of {loaded.__name__} cannot be read: {fault}" for fault in faults])
    return [asdict(doc) for doc in describe(loaded.Options)]


def _page(document: dict[str, Any]) -> str:
    lines = [f"{document['kind']} {document['name']}: {document['about']}"]
    lines.append(f"  from     {document['distribution']} {document['version']}")
    lines.append(f"  class    {document['entry_point']}")
    lines.append(f"  file     {document['file']}")
    if document["default"]:
        lines.append(f"  default  used when the task names no {document['kind']}")
    lines += [f"  {word:<8} {', '.join(document[word])}" for word in ("needs", "wants", "offers") if document.get(word)]
    if document.get("hooks"):
        lines += ["  hooks", *(f"    {hook}" for hook in document["hooks"])]
    if document.get("options"):
        rows = [[o["name"], o["type"], "required" if o["required"] else o["default"], o["help"]]
                for o in document["options"]]  # fmt: skip
        lines += ["  options", *(f"    {line}" for line in _columns(rows).splitlines())]
    return "\n".join(lines)
