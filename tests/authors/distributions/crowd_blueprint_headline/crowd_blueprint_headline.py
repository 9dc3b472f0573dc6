from dataclasses import dataclass, field

from crowdcore import AgentState, hookimpl

PAGE = """<!doctype html><html lang="en"><title>Headlines</title><form><label>Your headline <input
name="headline"></label> <button>Send</button> <b role="alert"></b></form><script type="module" src=page.js></script>"""
SCRIPT = """import crowd from "./crowd.js"; const work = await crowd.start(), [form] = document.forms;
form.before(work.init?.text ?? "What stands here gets a headline.");
form.onsubmit = (event) => { event.preventDefault(); work.submit({headline: form.headline.value}).catch(show); };
function show(error) { form.querySelector("b").textContent = error.errors?.headline ?? error.detail; }"""


@dataclass
class HeadlineState(AgentState):
    words: int = 0  # a field of our own, stored and loaded like those of AgentState

    def update_submit(self, data, files):
        super().update_submit(data, files)
        self.words = len(data["headline"].split())

    def get_parsed_data(self):
        return {"headline": self.data["headline"].strip(), "words": self.words}


class HeadlineBlueprint:
    @dataclass(frozen=True, kw_only=True)
    class Options:
        texts: list[str] = field(metadata={"help": "The texts that need a headline"})
        most_words: int = field(default=8, metadata={"help": "Words in a headline, at most", "min": 1})

    @hookimpl
    def blueprint_task_data(self, start):
        return [{"text": text} for text in self.options.texts[start:]]

    @hookimpl
    def blueprint_build(self, build_dir):
        (build_dir / "index.html").write_text(PAGE)
        (build_dir / "page.js").write_text(SCRIPT)

    @hookimpl
    def agent_state(self):
        return HeadlineState

    @hookimpl
    def blueprint_validate(self, data):
        said = data.get("headline") if isinstance(data, dict) else None
        fits = isinstance(said, str) and 1 <= len(said.split()) <= self.options.most_words
        return {} if fits else {"headline": [f"Please write 1 to {self.options.most_words} words."]}

    @hookimpl
    def blueprint_render(self, agent, format):
        return "{headline} ({words} words)".format(**agent.state.get_parsed_data())
