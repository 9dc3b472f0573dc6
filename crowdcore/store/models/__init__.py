"""The tables, as SQLModel classes: for migrations, tests and notebooks.

The server itself speaks SQL through `crowdcore.store` and never imports this module (it costs most of a second).
`engine/ddl/*.sql` is generated from here (`make schema`), and a test compares the two and the migrations.

Conventions: times are float seconds since the epoch, UTC; money is an integer of millionths (`*_micros`) of the
row's currency; JSON is canonical text; a status is written by `crowdcore.store` only (see status.py).
"""

from crowdcore.store.models.agents import Agent, Call, File, Note
from crowdcore.store.models.conversations import Conversation, Inbox, Journal
from crowdcore.store.models.events import Cursor, Event, Meta, Record
from crowdcore.store.models.money import Outbox
from crowdcore.store.models.runs import Assignment, Requester, Run, Task, Unit
from crowdcore.store.models.workers import Grant, Qualification, Visit, Worker

__all__ = [
    "Agent",
    "Assignment",
    "Call",
    "Conversation",
    "Cursor",
    "Event",
    "File",
    "Grant",
    "Inbox",
    "Journal",
    "Meta",
    "Note",
    "Outbox",
    "Qualification",
    "Record",
    "Requester",
    "Run",
    "Task",
    "Unit",
    "Visit",
    "Worker",
]
