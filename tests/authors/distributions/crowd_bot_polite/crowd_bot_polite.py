"""A bot that thanks for everything it is told, and says goodbye when it has heard enough."""

from dataclasses import dataclass, field


class PoliteBot:
    @dataclass(frozen=True, kw_only=True)
    class Options:
        patience: int = field(default=3, metadata={"help": "How often it says thanks before goodbye", "min": 1})

    def act(self, item, conversation, me):
        if conversation and conversation[-1].sender == me:
            return None  # it has had its say
        if not conversation:
            return {"text": f"Hello! Let us talk about {item['topic']}."}
        told = sum(1 for act in conversation if act.sender != me)
        return {"text": "Thank you." if told <= self.options.patience else "Goodbye."}
