"""What every plugin of a kind must do, as test suites that authors run on their own.

    from crowdcore.testing.contracts import BlueprintContract

    class TestHeadline(BlueprintContract):
        blueprint = {"type": "headline", "texts": ["Rain all week", "Market opens"]}
        accepted = {"headline": "Umbrellas sell out"}
        refused = ({}, {"headline": ""})

Each test gets its own folders; where a section of task.yaml needs files, override `section`. pytest is not
imported here: its fixtures `tmp_path` and `monkeypatch` are asked for by name.
"""

from __future__ import annotations

import html.parser
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx

from crowdcore.config import load_config
from crowdcore.plugins import catalogue
from crowdcore.plugins.local import is_unpackaged, load_unpackaged
from crowdcore.plugins.options import describe
from crowdcore.runs.launch import resume
from crowdcore.state import canonical
from crowdcore.testing.clock import RunningClock
from crowdcore.testing.patience import PATIENCE
from crowdcore.testing.review import Stored, stored
from crowdcore.testing.server import Browserless, serve, until
from crowdcore.types import Payment, Worker

if TYPE_CHECKING:
    import pytest

    from crowdcore.runs.handle import RunHandle

NONSENSE: Sequence[Any] = (None, 7, "text", [], [{}], {"": ""}, {"__proto__": {"x": 1}}, {"a": {"b": [None]}})
"""What any client can send as data."""
ODD: Sequence[Mapping[str, str]] = (
    {"worker_id": ""}, {"worker_id": "x" * 4000}, {"worker_id": "a\nb"}, {"assignment_id": "1"}, {"éü": "☃"},
)  # fmt: skip
"""URL parameters that any browser can send."""


class Contract:
    """What the suites share: a task of the plugin under test and simple ones of the other kinds."""

    kind = ""
    others: Mapping[str, Any] = {}
    """Further sections of task.yaml (or other plugins), where the plugin needs them."""

    def section(self, folder: Path) -> Mapping[str, Any]:
        """The plugin's section of task.yaml; override it to write files into `folder` first."""
        found: Mapping[str, Any] = getattr(self, self.kind)
        return found

    def config(self, folder: Path) -> dict[str, Any]:
        """The whole task."""
        return {
            "task": {"name": "contract", "reward": "0.10"},
            "blueprint": {"type": "mock", "num_assignments": 4},
            "provider": {"type": "mock"},
            "architect": {"type": "local", "port": 0},
            **self.others,
            self.kind: dict(self.section(folder)),
        }

    @contextmanager
    def served(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunHandle]:
        """A run of the task; its data lies in `folder`/data."""
        monkeypatch.setenv("CROWD_CONFIG_DIR", str(folder / "config"))
        monkeypatch.setenv("CROWD_DATA_DIR", str(folder / "data"))
        self.clock = RunningClock()
        with serve(self.config(folder), data_dir=folder / "data", clock=self.clock) as run:
            yield run

    def ended(self, run: RunHandle) -> str:
        """Let time pass until the run has ended by itself; why it did."""

        def a_second_later() -> str | None:
            self.clock.advance(1)
            return run.wait(0.05)

        return str(until(a_second_later, timeout=60))

    def test_every_option_has_a_help_text(self, tmp_path: Path) -> None:
        """`crowd options` is where users learn what there is."""
        name = str(self.section(tmp_path)["type"])
        cls = load_unpackaged(name, tmp_path) if is_unpackaged(name) else catalogue().load(self.kind, name)
        docs = describe(cls.Options) if hasattr(cls, "Options") else []
        assert [doc.name for doc in docs if not doc.help.strip()] == []


class BlueprintContract(Contract):
    """Subclass it with `blueprint` (the section of task.yaml, at least two assignments)."""

    kind = "blueprint"
    blueprint: Mapping[str, Any] = {}
    accepted: Any = None
    """A submission (JSON) that is stored; None: what `blueprint_simulate` answers."""
    refused: Sequence[Any] = ()
    """Submissions that get a 422."""

    def submission(self, run: Stored, agent: int) -> tuple[Any, list[tuple[str, tuple[str, bytes]]]]:
        """A good submission for an agent: data, and files as (field, (name, bytes))."""
        if self.accepted is not None:
            return self.accepted, []
        made = run.ask(run.hooks.blueprint_simulate(run.agent(agent)))
        return made["data"], list(made.get("files", {}).items())

    def test_items_are_json_and_go_on_from_any_ordinal(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A resumed run asks for the items from where it stood and must get the very same."""
        with self.served(tmp_path, monkeypatch):
            pass
        with stored(data_dir=tmp_path / "data") as run:
            items = [canonical(item) for item in itertools.islice(run.hooks.blueprint_task_data(0), 10)]
            assert len(items) > 1, "this suite needs at least two assignments"
            for start in range(len(items)):
                again = itertools.islice(run.hooks.blueprint_task_data(start), len(items) - start)
                assert [canonical(item) for item in again] == items[start:], f"other items from ordinal {start}"

    def test_the_page_and_what_it_refers_to_are_served(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """index.html has a language and a title, and none of its own files is missing."""
        with self.served(tmp_path, monkeypatch) as run:
            page = _get(run.url)
            assert page.status_code == 200
            links = _Links(page.text)
            assert links.has_language, '<html> has no lang="…": screen readers need it'
            assert links.has_title, "the page has no <title>"
            assert links.cdata_elem is None, f"a <{links.cdata_elem}> is not closed: browsers don't run it"
            base = urljoin(run.url, "task/")
            broken = [link for link in links.found if _get(urljoin(base, link)).status_code >= 400]
            assert broken == []

    def test_a_good_answer_is_stored_parsed_and_rendered(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What was submitted comes back from the store as JSON, and as HTML and text for review."""
        with self.served(tmp_path, monkeypatch) as run:
            worker = Browserless(run.url, worker_id="x").enter()
            with stored(data_dir=tmp_path / "data") as offline:
                reply = worker.submit(*self.submission(offline, worker.document["agent"]))
                assert reply.status_code == 200, reply.text
                agent = offline.agent(worker.document["agent"])
                canonical(agent.state.get_parsed_data())
                again = type(agent.state).load_data(agent.state.save_data())
                assert again.save_data() == agent.state.save_data()
                assert again.get_parsed_data() == agent.state.get_parsed_data()
                for format in ("html", "text"):
                    assert offline.ask(offline.hooks.blueprint_render(agent, format)).strip()

    def test_bad_answers_are_refused_and_the_work_stays_open(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every one of `refused` gets a 422 with messages by field."""
        with self.served(tmp_path, monkeypatch) as run:
            worker = Browserless(run.url, worker_id="x").enter()
            for data in self.refused:
                assert worker.submit(data).status_code == 422, f"{data!r} was not refused: {worker.reply.text}"
                errors = worker.reply.json()["errors"]
                assert errors, "a refusal without a message"
                assert list(errors) != [""], f"checking {data!r} failed: {errors}; the log says why"
            assert worker.call("GET", "").json()["phase"] == "work"

    def test_nonsense_never_breaks_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever a client sends is stored or refused, not a failure."""
        for number, data in enumerate(NONSENSE):
            with self.served(tmp_path / str(number), monkeypatch) as run:
                worker = Browserless(run.url, worker_id="x").enter()
                assert worker.submit(data).status_code in (200, 422), f"{data!r}: {worker.reply.text}"

    def test_open_work_goes_on_after_a_restart(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same agent has the same `init` and can still submit."""
        with self.served(tmp_path, monkeypatch) as run:
            before = Browserless(run.url, worker_id="x").enter()
        again = resume(run.name, data_dir=tmp_path / "data")
        try:
            worker = Browserless(again.url, worker_id="x").enter()
            assert worker.document["agent"] == before.document["agent"]
            assert worker.document["init"] == before.document["init"]
            with stored(data_dir=tmp_path / "data") as offline:
                reply = worker.submit(*self.submission(offline, worker.document["agent"]))
            assert reply.status_code == 200, reply.text
        finally:
            again.stop()


class ProviderContract(Contract):
    """Subclass it with `provider` (the section of task.yaml), `params` if people come by other parameters; with a
    stand-in of its platform also with `places` and `redirected`."""

    kind = "provider"
    provider: Mapping[str, Any] = {}

    def params(self, worker: str) -> dict[str, str]:
        """The URL parameters by which `worker` ("x" or "y") arrives, each time on the same visit."""
        return {"worker_id": worker, "assignment_id": f"visit-of-{worker}"}

    def places(self, run: Stored) -> int | None:
        """How many places the platform offers in all now; None, if there is no platform to ask."""
        return None

    def redirected(self, completion: Mapping[str, Any]) -> None:
        """A worker's browser follows a redirect or a post: let the platform see it, and look at what it knows then.

        As it is, an address on this machine is asked as a browser would.
        """
        if urlsplit(completion["url"]).hostname in ("127.0.0.1", "localhost"):
            posted = completion["kind"] == "post"
            fields = {name: str(value) for name, value in completion["fields"].items()} if posted else None
            reply = httpx.request("POST" if posted else "GET", completion["url"], timeout=PATIENCE, data=fields)
            assert reply.status_code < 400, f"{completion['url']} answered {reply.status_code}"

    @contextmanager
    def asked(self, folder: Path) -> Iterator[Stored]:
        """The provider beside its served run, as a command asks it: with secrets, and registered."""
        with stored(data_dir=folder / "data", secrets=True) as offline:
            offline.ask(offline.hooks.provider_register())
            yield offline

    def test_somebody_without_identity_gets_no_work(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """They see the preview or a friendly refusal."""
        with self.served(tmp_path, monkeypatch) as run:
            visitor = Browserless(run.url).enter()
            assert visitor.code == "refused" or visitor.document["phase"] == "preview"

    def test_the_same_visit_gets_the_same_work(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A reload takes no second unit; two people are two."""
        with self.served(tmp_path, monkeypatch) as run:
            x = Browserless(run.url, **self.params("x")).enter()
            assert x.reply.status_code == 201, x.reply.text
            again = Browserless(run.url, **self.params("x")).enter()
            assert (again.reply.status_code, again.document["agent"]) == (200, x.document["agent"])
            y = Browserless(run.url, **self.params("y")).enter()
            assert y.document["agent"] != x.document["agent"]

    def test_a_visit_ends_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The page is told where to go, and told the same when it comes back."""
        with self.served(tmp_path, monkeypatch) as run:
            x = Browserless(run.url, **self.params("x")).enter()
            completion = x.submit({"text": "done"}).json()["completion"]
            assert completion["kind"] in ("thanks", "redirect", "post")
            if completion["kind"] != "thanks":
                assert urlsplit(completion["url"]).scheme in ("http", "https"), "a browser cannot go there"
                self.redirected(completion)
            again = Browserless(run.url, **self.params("x")).enter()
            assert (again.document["phase"], again.document["completion"]) == ("done", completion)

    def test_odd_parameters_never_break_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever stands in the address gets work, the preview or a refusal."""
        with self.served(tmp_path, monkeypatch) as run:
            for params in (*ODD, *({name: odd} for name in self.params("x") for odd in ("", " ", "☃", "x" * 4000))):
                visitor = Browserless(run.url, **params).enter()
                assert visitor.reply.status_code < 500, f"{params}: {visitor.reply.text}"

    def test_a_payment_is_made_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the provider pays, the same key gives the same reference, however often it is sent."""
        with self.served(tmp_path, monkeypatch) as run:
            with self.asked(tmp_path) as offline:
                if not offline.hooks.has("provider_pay"):
                    return
                who = Worker(1, "x", run.config.provider.type)
                payment = Payment("bonus:contract:1", who, run.config.task.reward, run.config.currency, "bonus")
                references = [offline.ask(offline.hooks.provider_pay(payment)) for _ in range(2)]
            assert references[0] == references[1]

    def test_its_checks_are_lines(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A provider that has nothing against a launch says so with an empty list, again and again."""
        with self.served(tmp_path, monkeypatch), self.asked(tmp_path) as offline:
            for _ in range(2):
                assert offline.ask(offline.hooks.provider_check()) == []

    def test_a_repeated_launch_offers_nothing_twice(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """After a crash the same call comes once more: `total` is what there is to be, however often it is said."""
        with self.served(tmp_path, monkeypatch) as run, self.asked(tmp_path) as offline:
            total = run.launched() or 0
            assert self.places(offline) in (None, total), "the launch itself"
            for _ in range(2):
                offline.ask(offline.hooks.provider_launch(run.url, total, total))
                assert self.places(offline) in (None, total), "provider_launch was called twice"
            for _ in range(2):
                offline.ask(offline.hooks.provider_extend(2, total + 2))
                assert self.places(offline) in (None, total + 2), "provider_extend was called twice"

    def test_a_run_through_it_comes_to_its_end(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Places are taken back, nothing is pending, and the provider lets the run finish."""
        with self.served(tmp_path, monkeypatch) as run:
            Browserless(run.url, **self.params("x")).enter().submit({"text": "done"})
            run.drain()
            assert self.ended(run)
            assert not run.resumable


class ArchitectContract(Contract):
    """Subclass it with `architect` (the section of task.yaml). Its address must be reachable from the test."""

    kind = "architect"
    architect: Mapping[str, Any] = {}
    verify: bool | str = True
    """As in httpx: the authority that signed the certificate, or False."""

    def get(self, url: str) -> httpx.Response:
        """One page of the run."""
        return _get(url, self.verify)

    def test_its_address_answers(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Once the run says that it is served, it is; addresses below it are made by adding to it."""
        with self.served(tmp_path, monkeypatch) as run:
            assert urlsplit(run.url).scheme in ("http", "https")
            assert run.url.endswith("/")
            assert self.get(run.url).status_code == 200
            assert self.get(f"{run.url}healthz").json() == {"status": "ok"}

    def test_it_tells_its_status_in_one_word(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """up, down or unknown."""
        with self.served(tmp_path, monkeypatch), stored(data_dir=tmp_path / "data", secrets=True) as offline:
            assert offline.ask(offline.hooks.architect_status()) in ("up", "unknown")

    def test_it_serves_again_after_a_restart(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A stopped run is resumed; the page answers at the address that it says then."""
        with self.served(tmp_path, monkeypatch) as run:
            pass
        again = resume(run.name, data_dir=tmp_path / "data")
        try:
            assert self.get(again.url).status_code == 200
        finally:
            again.stop()

    def test_nothing_answers_after_the_end(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What was put up is taken down."""
        with self.served(tmp_path, monkeypatch) as run:
            run.drain()
            self.ended(run)
            with suppress(httpx.TransportError):
                assert self.get(f"{run.url}healthz").status_code >= 500


class BotContract(Contract):
    """Subclass it with `bot` (type and options), `item`, and `talk` (what the others say, one after the other)."""

    kind = "bot"
    bot: Mapping[str, Any] = {}
    item: Any = None
    talk: Sequence[Any] = ({"text": "Hello."}, {"text": "And you?"})

    def make(self, folder: Path) -> Any:
        """A new bot with its options."""
        config = self.config(folder)
        del config["bot"]
        config["pairing"] = {"stand_in": [dict(self.section(folder))]}
        choice = load_config(config, task_dir=folder).pairing.stand_in[0]
        name = choice.type
        bot = (load_unpackaged(name, folder) if is_unpackaged(name) else catalogue().load("bot", name))()
        bot.options = choice.options
        return bot

    def test_it_answers_json_and_keeps_nothing_to_itself(self, tmp_path: Path) -> None:
        """A new one, told the same, goes on: that is how a bot survives a restart."""
        from crowdcore.plugins.bots import Act

        conversation: list[Act] = []
        for said in (None, *self.talk):
            if said is not None:
                conversation.append(Act("Somebody", said))
            before = canonical([[act.sender, act.data] for act in conversation])
            answer = self.make(tmp_path).act(self.item, conversation, "Guest")
            assert canonical([[act.sender, act.data] for act in conversation]) == before, "it changed the conversation"
            if answer is not None:
                conversation.append(Act("Guest", json.loads(canonical(answer))))


def _get(url: str, verify: bool | str = True) -> httpx.Response:
    return httpx.get(url, verify=verify, timeout=PATIENCE)


class _Links(html.parser.HTMLParser):
    """What a page needs: scripts, styles and pictures by relative address."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.has_language = self.has_title = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is of interest."""
        given = dict(attrs)
        self.has_language = self.has_language or (tag == "html" and bool(given.get("lang")))
        self.has_title = self.has_title or tag == "title"
        link = given.get("src") if tag in ("script", "img", "audio", "video", "source") else None
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "modulepreload"):
            link = given.get("href")
        if link and not urlsplit(link).scheme and not link.startswith("data:"):
            self.found.append(link)
