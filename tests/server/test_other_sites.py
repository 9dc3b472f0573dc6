"""Other sites: which may frame the pages, and how a visit ends at its platform, whatever that is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import BrowserContext, expect

from crowdcore import Completion, ConfigError, RunHandle, hookimpl, load_config
from crowdcore.testing import serve
from crowdcore.testing.patience import PATIENCE
from tests import web
from tests.server.conftest import Task, config

SITES = ["https://panel.example", "https://*.panel.example:8443", "http://localhost:3000"]


def ancestors(reply: object) -> list[str]:
    """The sites that may frame this page."""
    policy: str = reply.headers["content-security-policy"]  # type: ignore[attr-defined]
    found = [part.split() for part in policy.split("; ")]
    return next(rest for name, *rest in found if name == "frame-ancestors")


def pages(run: RunHandle) -> list[object]:
    asked = {"Accept": "text/html"}
    return [web.get(run.url + path, headers=asked) for path in ("", "task/page.js", "leave", "healthz", "nothing")]


def test_only_sites_that_the_author_names_may_frame_the_pages(tmp_path: Path) -> None:
    with serve(config("t", task={"framed_by": SITES}), data_dir=tmp_path, hooks=[Task()]) as run:
        assert [ancestors(page) for page in pages(run)] == [["'self'", *SITES]] * 5
        assert ancestors(web.get(str(run.admin_url))) == ["'none'"]


def test_no_other_site_may_frame_them_unless_the_author_says_so(run: RunHandle) -> None:
    assert [ancestors(page) for page in pages(run)] == [["'self'"]] * 5


@pytest.mark.parametrize(
    "site", ["*", "https:", "panel.example", "https://panel.example/", "https://a.example; script-src *", "'none'", "",
             "https://a.example https://b.example", "javascript:x", "https://a.*.example"],
)  # fmt: skip
def test_what_is_no_site_is_refused(site: str) -> None:
    with pytest.raises(ConfigError, match=r"framed_by: .* is no site; write its scheme and name"):
        load_config(config("t", task={"framed_by": [site]}))


class Platform:
    """Where visits end: another site, that notes what it is sent."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.got: list[tuple[str, str, dict[str, list[str]]]] = []


@contextmanager
def platform() -> Iterator[Platform]:
    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            made.got.append((self.command, self.path, parse_qs(body, keep_blank_values=True)))
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>Platform</title><h1>Back at the platform</h1>")

        do_GET = do_POST  # noqa: N815  (http.server's name)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        made = Platform(f"http://127.0.0.1:{server.server_port}/")
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("kind", ["post", "redirect"])
def test_a_visit_ends_at_any_platform_by_itself(tmp_path: Path, tab: BrowserContext, kind: str) -> None:
    with platform() as there:

        class Ends:
            @hookimpl
            def provider_complete(self) -> Completion:
                if kind == "redirect":
                    return Completion("redirect", f"{there.url}done?code=C1")
                return Completion("post", f"{there.url}submit?x=1", {"assignmentId": "A&b", "n": 1, "submit": "ü"})

        with serve(config("t"), data_dir=tmp_path, hooks=[Task(), Ends()]) as run:
            page = tab.new_page()
            said: list[str] = []
            page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
            page.goto(f"{run.url}?worker_id=x&assignment_id=1")
            expect(page.locator("#seen")).to_contain_text("work {", timeout=PATIENCE * 1000)
            page.fill("input[name=text]", "the end")
            page.get_by_role("button", name="Send").click()
            expect(page.get_by_role("heading", name="Back at the platform")).to_be_visible(timeout=PATIENCE * 1000)
            assert [text for text in said if "icon" not in text and "404" not in text] == []
    sent = [each for each in there.got if "favicon" not in each[1]]
    if kind == "redirect":
        assert sent == [("GET", "/done?code=C1", {})]
    else:
        fields = {"assignmentId": ["A&b"], "n": [json.dumps(1)], "submit": ["ü"]}
        assert sent == [("POST", "/submit?x=1", fields)]
