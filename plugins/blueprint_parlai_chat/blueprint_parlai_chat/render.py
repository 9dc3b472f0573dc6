"""A conversation as a reviewer reads it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from blueprint_parlai_chat.forms import shown


def render_text(data: dict[str, Any], form: dict[str, Any] | None) -> str:
    """One line `name: text` per message, then the answers of the final form, then what the world kept."""
    lines = [f"{_who(message, data)}: {message['text']}" for message in data["messages"]]
    lines += [f"{label}: {answer}" for label, answer in _answers(data, form)]
    lines += [f"world: {data['world']}"] if data["world"] is not None else []
    return "\n".join(lines) or "nothing was said"


def render_html(data: dict[str, Any], form: dict[str, Any] | None) -> str:
    """The same as HTML; every text is escaped."""
    said = "".join(
        f"<li{' class=own' if message['sender'] == data['you'] else ''}><b dir=auto>{escape(_who(message, data))}</b> "
        f"<div dir=auto>{escape(message['text']).replace(chr(10), '<br>')}</div></li>"
        for message in data["messages"]
    )
    answers = "".join(
        f"<dt dir=auto>{escape(label)}</dt><dd dir=auto>{escape(answer)}</dd>" for label, answer in _answers(data, form)
    )
    kept = f"<pre dir=auto>{escape(str(data['world']))}</pre>" if data["world"] is not None else ""
    talk = f'<ol class="chat">{said}</ol>' if said else "<p>Nothing was said.</p>"
    return talk + (f"<dl>{answers}</dl>" if answers else "") + kept


def _who(message: dict[str, Any], data: dict[str, Any]) -> str:
    name = message.get("agent_display_name") or message["sender"] or ""
    marks = ["this worker"] if message["sender"] == data["you"] and message["person"] else []
    bot = message["bot"]
    marks += [f"bot {bot.get('name') or ''}".strip()] if isinstance(bot, dict) else []
    return f"{name} ({', '.join(marks)})" if marks else name


def _answers(data: dict[str, Any], form: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    final = data["final"]
    if not isinstance(final, dict):
        return
    labels = {question["name"]: question["label"] for question in (form or {}).get("questions", [])}
    for name, value in final.items():
        yield str(labels.get(name, name)), shown(value)
