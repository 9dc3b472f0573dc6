"""An application whose public address has a path, behind a proxy that strips that path or does not."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

from crowdcore.server.http.reply import App, Receive, Scope, Send


class Mounted:
    """`app`, asked for the same thing at /PATH/x as at /x once `reached_at` said so.

    `root_path` of its scopes is that path, `path` is without it. `own` are the first words of paths that the
    application has itself: where the public path begins with one of them, as in https://x.example/task/, only what
    follows tells whether the proxy stripped it.
    """

    def __init__(self, app: App, own: frozenset[str]) -> None:
        self._app = app
        self._own = own
        self._base = ""

    def reached_at(self, url: str) -> None:
        """The public address."""
        self._base = unquote(urlsplit(url).path).rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if self._base and "path" in scope:
            scope = {**scope, "path": self._inside(scope["path"]), "root_path": self._base}
        await self._app(scope, receive, send)

    def _inside(self, path: str) -> str:
        base = self._base
        if path == base:
            return "/"
        if not path.startswith(f"{base}/"):
            return path
        rest = path[len(base) :]
        is_ours = rest == "/" or rest.split("/", 2)[1] in self._own
        return path if base.split("/", 2)[1] in self._own and not is_ours else rest


def outside(scope: Scope, path: str) -> str:
    """The address of `path` of this application, as a browser is to ask for it."""
    return quote(scope.get("root_path", "")) + path
