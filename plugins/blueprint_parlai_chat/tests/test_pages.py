"""What a page of a conversation shows: the row as its seat may see it, texts of the author, the form at the end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crowdcore.testing import render, until
from tests import web

PLAIN = """
    from blueprint_parlai_chat.worlds import CrowdTaskWorld

    class World(CrowdTaskWorld):
        def parley(self):
            self.agent[1].observe(self.agent[0].act(timeout=60))
            self.episodeDone = True

    def make_world(opt, agents):
        return World(opt, agents)
"""
TABLE = """topic,you are.Buyer,you are.Seller,map_image,note_html,truth
A car,poor,rich,m.svg,<b>x</b>,7
"""
ROW = {"side.1": "for", "side.2": "against", "list": ["a", "b"], "deep": {"x": True}, "no": None}
FORM = {"title": "How was it?", "questions": [
    {"name": "fair", "label": "Fair?", "type": "rating", "required": True},
    {"name": "more", "label": "More?", "type": "longtext"},
]}  # fmt: skip


@pytest.fixture
def plain(chats: Any) -> Any:
    """A task with a world in which the first person says one thing."""
    chats.world(PLAIN)
    return chats


def test_each_seat_sees_its_own_columns_in_the_authors_order(plain) -> None:
    plain.write(
        "rows.csv", "topic,you are.Buyer,you are.Seller,map_image,note_html,truth\nA car,poor,rich,m.svg,<b>x</b>,7\n"
    )
    run = plain.launch(
        blueprint={"context_csv": "rows.csv", "answer_columns": ["truth"]}, pairing={"roles": ["Buyer", "Seller"]}
    )
    one, two = plain.pair(run)
    seen = one.page.enter().document["init"]
    assert seen["context"] == [
        {"name": "topic", "kind": "text", "value": "A car"},
        {"name": "you are", "kind": "text", "value": "poor"},
        {"name": "map", "kind": "image", "value": "m.svg"},
        {"name": "note", "kind": "html", "value": "<b>x</b>"},
    ]
    assert seen["task_data"] == {"topic": "A car", "you are": "poor", "map_image": "m.svg", "note_html": "<b>x</b>"}
    assert two.page.enter().document["init"]["task_data"]["you are"] == "rich"
    assert "truth" not in two.page.reply.text


def test_a_seat_without_a_role_is_named_by_its_number(plain) -> None:
    plain.write(
        "rows.jsonl", '{"side.1": "for", "side.2": "against", "list": ["a", "b"], "deep": {"x": true}, "no": null}\n'
    )
    one, two = plain.pair(plain.launch(blueprint={"context_jsonl": "rows.jsonl"}))
    assert [entry["value"] for entry in one.page.enter().document["init"]["context"]] == ["for", "a\nb", "x: yes"]
    assert two.page.enter().document["init"]["context"][0]["value"] == "against"


def test_the_authors_texts_lie_beside_the_page(plain) -> None:
    plain.write("describe.html", "<p>Talk.</p>")
    plain.write("preview.html", "<p>Come in.</p>")
    plain.write("extra/pictures/a.txt", "a picture")
    run = plain.launch(blueprint={
        "task_description_file": "describe.html", "preview_source": "preview.html", "extra_source_dir": "extra",
        "chat_title": "Chat!",
    })  # fmt: skip
    one, _ = plain.pair(run)
    assert one.page.enter().document["init"]["description"] == "<p>Talk.</p>"
    assert one.document["frontend"]["pages"] == ["description", "preview"]
    assert one.document["frontend"]["title"] == one.document["init"]["title"] == "Chat!"
    for path, text in (("description.html", "Talk"), ("preview.html", "Come in"), ("pictures/a.txt", "a picture")):
        assert text in web.get(f"{run.url}task/{path}").text
    assert "img-src 'self' data: blob: https:" in web.get(run.url).headers["content-security-policy"]


def test_a_front_end_of_the_authors_own_takes_the_pages_place(plain) -> None:
    plain.write("web/index.html", "<!doctype html><title>Mine</title><script type=module src=mine.js></script>")
    plain.write("web/mine.js", "// mine")
    run = plain.launch(blueprint={"custom_source_dir": "web"})
    assert "<title>Mine" in web.get(run.url).text
    assert web.get(f"{run.url}task/mine.js").text == "// mine"


def test_the_final_form_is_checked_like_an_after_task_form(plain) -> None:
    plain.write("final.json", json.dumps(FORM))
    run = plain.launch(blueprint={"final_form": "final.json"})
    one, _ = plain.pair(run)
    assert one.page.enter().document["init"]["final_form"]["questions"][0]["max"] == 5
    one.say({"text": "bye"})
    one.wait("status", phase="finish")
    refused = one.submit({"fair": 9, "other": 1})
    assert refused.status_code == 422
    assert refused.json()["errors"] == {
        "fair": ["Please choose a number from 1 to 5."], "other": ["There is no such question."],
    }  # fmt: skip
    assert one.submit(None).json()["errors"] == {"fair": ["This question needs an answer."]}
    assert one.submit({"fair": 5}).status_code == 200


def test_without_a_final_form_anything_that_is_an_object_may_be_handed_in(plain) -> None:
    one, two = plain.pair(plain.launch())
    one.say({"text": "bye"})
    one.wait("status", phase="finish")
    assert one.submit("text").status_code == 422
    assert one.submit({"mine": 1}).status_code == 200
    assert two.submit(None).status_code == 200


def test_review_shows_what_was_said_and_answered_and_nothing_runs(plain) -> None:
    plain.write("final.json", json.dumps(FORM))
    one, two = plain.pair(plain.launch(blueprint={"final_form": "final.json"}))
    one.say({"text": "<script>alert(1)</script>\nline two"})
    for person in (one, two):
        person.wait("status", phase="finish")
        assert person.submit({"fair": 4, "more": "<i>fine</i>"}).status_code == 200
    text = render(one.agent, "text", data_dir=plain.data_dir)
    assert text.splitlines()[:2] == ["Person 1 (this worker): <script>alert(1)</script>", "line two"]
    assert "Fair?: 4" in text
    page = render(two.agent, "html", data_dir=plain.data_dir)
    assert "<b dir=auto>Person 1</b> <div dir=auto>&lt;script&gt;alert(1)&lt;/script&gt;<br>line two</div>" in page
    assert "<dt dir=auto>More?</dt><dd dir=auto>&lt;i&gt;fine&lt;/i&gt;</dd>" in page
    assert "<script>" not in page


def test_somebody_who_reloads_gets_all_messages_again_their_own_too(plain) -> None:
    plain.world(PLAIN.replace("self.episodeDone = True", "pass"))
    one, two = plain.pair(plain.launch())
    ids = [one.say({"text": f"message {n}"}) for n in range(3)]
    while len(two.texts()) < 3:
        two.wait("message")
    one.close()
    one.frames.clear()
    one.connect(after=0)
    until(lambda: [frame["id"] for frame in one.frames if frame["type"] == "message"] == ids)
