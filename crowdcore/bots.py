"""For authors of bots: what a bot is, what it hears and may say, and the two that every task can use.

from crowdcore.bots import Act, BotFailed, fingerprint
"""

from crowdcore.plugins.bots import Act, Bot, BotFailed, EchoBot, ScriptedBot, fingerprint

__all__ = ["Act", "Bot", "BotFailed", "EchoBot", "ScriptedBot", "fingerprint"]
