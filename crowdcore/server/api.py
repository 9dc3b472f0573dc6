"""The worker API, version 1: each call reads its request, asks `Work`, and answers JSON."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from crowdcore.errors import RequestError
from crowdcore.server.context import ServerContext
from crowdcore.server.http.bodies import media_type
from crowdcore.server.http.edge import ROUTE
from crowdcore.server.http.problems import bad_token, invalid
from crowdcore.server.http.rates import Buckets, is_local, network
from crowdcore.server.http.reply import NO_STORE, Receive, Reply, Scope, Send, header, json_reply, text_reply
from crowdcore.server.multipart import Form, read_form
from crowdcore.server.polling import Polls
from crowdcore.server.reading import Reader, json_object
from crowdcore.server.tokens import Tokens
from crowdcore.state import canonical, json_text

if TYPE_CHECKING:
    from crowdcore.work.documents import Document

AGENTS = "/api/v1/agents"
SIMULATED = b"x-crowd-simulated"
_MAX_PARAMS = 100
_MAX_PARAM = 4096
_NO_CONTENT = Reply(204, b"", NO_STORE)

_NO_DRAFT = "%s: a page's draft was not kept: %s Drafts may have task.max_draft bytes and task.max_values values."
log = logging.getLogger("crowdcore.server")

Call = Callable[[Scope, Receive, int, str], Awaitable[Reply]]


class WorkerApi:
    """An ASGI application for everything below /api/v1/agents."""

    def __init__(self, context: ServerContext) -> None:
        limits = context.limits
        self._context = context
        self._work = context.work
        self._limits = limits
        self._sizes = {"file": limits.file, "form": limits.form}
        self._agents = Buckets(limits.agent_rate, context.clock)
        self._addresses = Buckets(limits.address_rate, context.clock)
        self._reader = Reader(limits, context.clock)
        self._facts: dict[str, tuple[object, str]] = {}
        self._told_of_drafts = False
        self.tokens = Tokens(context.secret_key, context.identity, context.clock, limits.token_age)
        self._polls = Polls(context)
        self._calls: dict[str, tuple[str, bool, Call]] = {  # last word: method, takes a name, call
            "": ("GET", False, self._document),
            "state": ("GET", False, self._state),
            "draft": ("PUT", False, self._draft),
            "files": ("POST", True, self._file),
            "submit": ("POST", False, self._submit),
            "call": ("POST", True, self._procedure),
            "return": ("POST", False, self._return),
            "error": ("POST", False, self._error),
            "feedback": ("POST", False, self._feedback),
            "poll": ("POST", False, self._poll),
            "frames": ("POST", False, self._frames),
        }

    @property
    def addresses(self) -> list[tuple[str, str]]:
        """(method, path) of every call there is."""
        words = [(method, f"/{word}{'/{name}' if named else ''}") for word, (method, named, _) in self._calls.items()]
        return [("POST", AGENTS), *((method, f"{AGENTS}/{{agent}}{path.rstrip('/')}") for method, path in words)]

    def close(self) -> None:
        """Let idle threads end."""
        self._reader.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        self.check_address(scope)
        parts = scope["path"][len(AGENTS) :].split("/")
        if parts == [""]:
            reply = await self._enter_call(scope, receive)
        else:
            reply = await self._agent_call(scope, receive, parts)
        await reply(scope, receive, send)

    async def _enter_call(self, scope: Scope, receive: Receive) -> Reply:
        scope[ROUTE] = AGENTS
        if scope["method"] != "POST":
            return _allow(scope, "POST")
        body = await self._object(scope, receive, None)
        params = _params(body.get("params", {}))
        marker = header(scope, SIMULATED)
        if marker is not None:
            self.tokens.check_simulation(marker)
        client = scope.get("client")
        address = None if marker is not None or not client else network(client[0])
        entered = await self._work.enter(params, simulated=marker is not None, address=address)
        return text_reply(201 if entered.created else 200, self.document_json(entered.document))

    async def _agent_call(self, scope: Scope, receive: Receive, parts: list[str]) -> Reply:
        word = parts[2] if len(parts) > 2 else ""
        known = self._calls.get(word)
        if known is None or len(parts) != 2 + bool(word) + known[1]:
            raise RequestError(404, "not_found", "There is no such call.")
        method, named, call = known
        scope[ROUTE] = f"{AGENTS}/{{agent}}{'/' if word else ''}{word}"
        if scope["method"] != method and not (method == "GET" and scope["method"] == "HEAD"):
            return _allow(scope, method)
        agent_id = self.authenticate(parts[1], _bearer(scope))
        self._agents.take(agent_id)
        return await call(scope, receive, agent_id, _name(parts[3]) if named else "")

    def authenticate(self, agent: str, token: str | bytes | None) -> int:
        """The agent id of the path, once `token` was signed for it; RequestError 401 or 404."""
        if token is None:
            raise bad_token()
        agent_id = self.tokens.read(token)
        if not (agent.isascii() and agent.isdigit()):
            raise RequestError(404, "unknown_agent", "There is no such agent.")
        if int(agent[:20]) != agent_id:
            raise bad_token()
        return agent_id

    async def _object(self, scope: Scope, receive: Receive, agent_id: int | None) -> dict[str, Any]:
        """The body of a call that says little, as a JSON object."""
        return await self._reader.read(scope, receive, agent_id, self._limits.small_body, json_object)

    def document_json(self, document: Document) -> str:
        """`document` as the page gets it (JSON text), with a token for its agent."""
        agent = document.agent
        completion = document.completion
        rest = {
            "agent": agent,
            "token": None if agent is None else self.tokens.make(agent),
            "key": None if agent is None else self.tokens.key(agent),
            "phase": document.phase,
            "status": document.status,
            "live": document.live,
            "deadline": document.deadline,
            "completion": None if completion is None else completion.document(),
            "form": document.form,
            "notice": document.notice,
            "tips": document.tips,
            "asks": document.asks,
            "waiting": document.waiting,
        }
        provider = self._fact("provider", document.provider)
        frontend = self._fact("frontend", document.frontend, limits=self._sizes)
        texts = f',"init":{document.init},"draft":{document.draft},"provider":{provider},"frontend":{frontend}}}'
        return json_text(rest)[:-1] + texts

    def _fact(self, name: str, options: Mapping[str, Any], **more: Any) -> str:
        """What pages may read of a plugin's options, as JSON text: the same for everybody, so it is written once."""
        known = self._facts.get(name)
        if known is None or known[0] is not options:
            known = self._facts[name] = (options, json_text({**_facts(options), **more}))
        return known[1]

    async def _document(self, scope: Scope, receive: Receive, agent_id: int, _: str) -> Reply:
        return text_reply(200, self.document_json(await self._work.document(agent_id)))

    async def _state(self, scope: Scope, receive: Receive, agent_id: int, _: str) -> Reply:
        return json_reply(200, await self._work.state(agent_id))

    async def _draft(self, scope: Scope, receive: Receive, agent_id: int, _: str) -> Reply:
        try:
            draft = await self._reader.read(scope, receive, agent_id, self._limits.draft, canonical)
        except RequestError as refusal:
            if refusal.code == "too_large" and not self._told_of_drafts:  # the page goes on; nobody else would know
                self._told_of_drafts = True
                log.warning(_NO_DRAFT, self._context.run_name, refusal.detail)
            raise
        await self._work.save_draft(agent_id, draft)
        return _NO_CONTENT

    async def _file(self, scope: Scope, receive: Receive, agent_id: int, field: str) -> Reply:
        if media_type(scope) != "multipart/form-data":
            raise RequestError(415, "unsupported_media_type", "Send the file as multipart/form-data.")
        await self._work.open_for_upload(agent_id, field)
        async with read_form(scope, receive, self._limits, self._context.files) as form:
            if len(form.files) != 1:
                raise invalid("Send exactly one file.")
            return json_reply(200, await self._work.add_file(agent_id, field, form.files[0]))

    async def _submit(self, scope: Scope, receive: Receive, agent_id: int, _: str) -> Reply:
        if media_type(scope) == "multipart/form-data":
            async with read_form(scope, receive, self._limits, self._context.files) as form:
                text = _data_part(form)
                data = await self._reader.parse(text, scope, agent_id, _form_data)
                answer = await self._work.submit(agent_id, data, form.files, len(text))
        else:
            text = await self._reader.body(scope, receive, agent_id, self._limits.json_body)
            data = await self._reader.parse(text, scope, agent_id, _submitted)
            answer = await self._work.submit(agent_id, data, [], len(text))
        document = "null" if answer.next is None else self.document_json(answer.next)
        completion = None if answer.completion is None else answer.completion.document()
        rest = json_text({"status": answer.status, "feedback": answer.feedback, "completion": completion})
        return text_reply(200, f'{rest[:-1]},"next":{document}}}')

    async def _procedure(self, scope: Scope, receive: Receive, agent_id: int, procedure: str) -> Reply:
        asked = await self._reader.read(scope, receive, agent_id, self._limits.call_body, _asked)
        result = await self._work.call(agent_id, procedure, *asked)
        return text_reply(200, f'{{"result":{result}}}')

    async def _return(self, scope: Scope, receive: Receive, agent_id: int, _: str) -> Reply:
        await self._work.give_back(agent_id)
        return _NO_CONTENT

    async def _error(self, scope: Scope, receive: Receive, agent_id: int, _: str) -> Reply:
        await self._work.report_error(agent_id, await self._object(scope, receive, agent_id))
        return _NO_CONTENT

    async def _feedback(self, scope: Scope, receive: Receive, agent_id: int, _: str) -> Reply:
        body = await self._object(scope, receive, agent_id)
        await self._work.write_note(agent_id, body.get("kind", "feedback"), body.get("text"))
        return _NO_CONTENT

    async def _poll(self, scope: Scope, receive: Receive, agent_id: int, _: str) -> Reply:
        return await self._polls.poll(agent_id, await self._object(scope, receive, agent_id), receive)

    async def _frames(self, scope: Scope, receive: Receive, agent_id: int, _: str) -> Reply:
        said = await self._reader.read(scope, receive, agent_id, self._limits.json_body, json_object)
        return self._polls.say(agent_id, said)

    def check_address(self, scope: Scope) -> None:
        """Count a request of its address; RequestError 429 if too many come from there."""
        client = scope.get("client")
        if client and not is_local(client[0]):
            self._addresses.take(network(client[0]))


def _facts(options: Mapping[str, Any]) -> dict[str, Any]:
    """What pages may read of a plugin's options; the content policy is for the server."""
    return {name: value for name, value in options.items() if name != "csp"}


def _bearer(scope: Scope) -> bytes | None:
    value = header(scope, b"authorization")
    if value is None or value[:7].lower() != b"bearer ":
        return None
    return value[7:].strip()


def _allow(scope: Scope, method: str) -> Reply:
    allowed = [method, *(["HEAD"] if method == "GET" else []), "OPTIONS"]
    if scope["method"] == "OPTIONS":
        return Reply(204, b"", (b"allow", ", ".join(allowed).encode()), NO_STORE)
    raise RequestError(405, "method_not_allowed", f"This call is made with {method}.", allow=allowed)


def _submitted(body: Any) -> Any:
    """The member `data` of a submission without files."""
    if "data" not in json_object(body):
        raise invalid('The body has no member "data".')
    return body["data"]


def _asked(body: Any) -> tuple[Any, str, str]:
    """What a procedure is asked: the arguments, the same as canonical text, and the id of the request."""
    request_id, args = json_object(body).get("request_id"), body.get("args")
    if not isinstance(request_id, str) or not 1 <= len(request_id) <= 100:
        raise invalid('"request_id" must be a text of 1 to 100 characters, new for each call.')
    return args, canonical(args), request_id


def _data_part(form: Form) -> bytes:
    unknown = sorted(set(form.texts) - {"data"})
    if unknown:
        raise invalid(f"Unexpected part {unknown[0]!r}: texts go into the part data.")
    return form.texts.get("data", b"{}")


def _form_data(data: Any) -> dict[str, Any]:
    """The part `data`; the ids of the files come under their fields when the submission is stored."""
    if not isinstance(data, dict):
        raise invalid("With files, the part data must be a JSON object.")
    return data


def _name(name: str) -> str:
    """The name of a field or procedure, as it stands in the path."""
    if not 1 <= len(name) <= 200 or not name.isprintable():
        raise invalid("The name in the address is empty, too long or not printable.")
    return name


def _params(value: Any) -> dict[str, str]:
    """The page's URL parameters: texts by name, as browsers have them."""
    if not isinstance(value, dict) or len(value) > _MAX_PARAMS:
        raise invalid(f'"params" must be an object of at most {_MAX_PARAMS} texts.')
    for name, text in value.items():
        if not isinstance(text, str) or len(text) > _MAX_PARAM or len(name) > _MAX_PARAM:
            raise invalid(f'"params": {name[:100]!r} must be a text of at most {_MAX_PARAM} characters.')
    return value
