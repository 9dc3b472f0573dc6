"""The floor: a claim and a submission as bare as Starlette and sqlite3 can be and still be durable."""

import json
import sqlite3
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
CLAIM = (
    "UPDATE unit SET status = 'assigned', worker = ? WHERE id = (SELECT id FROM unit WHERE status = 'launched' LIMIT 1)"
    " RETURNING id, item"
)


async def claim(request: Request) -> JSONResponse:
    """The next free unit."""
    params = (await request.json())["params"]
    ((unit, item),) = db.execute(CLAIM, (params["worker_id"],)).fetchall()
    document = {"agent": unit, "token": str(unit), "phase": "work", "status": "in_task", "init": json.loads(item)}
    return JSONResponse(document, 201)


async def submit(request: Request) -> JSONResponse:
    """Done, with the answer."""
    values = (json.dumps((await request.json())["data"]), request.path_params["unit"])
    db.execute("UPDATE unit SET status = 'completed', data = ? WHERE id = ?", values)
    return JSONResponse({"status": "completed", "completion": {"kind": "thanks", "url": None, "fields": {}}})


routes = [
    Route("/api/v1/agents", claim, methods=["POST"]),
    Route("/api/v1/agents/{unit:int}/submit", submit, methods=["POST"]),
]
uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=int(sys.argv[2]), log_level="error", backlog=2048)
