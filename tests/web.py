"""Requests that wait: httpx by itself gives up after five seconds, and a machine may be busy with other things."""

from __future__ import annotations

from functools import partial

import httpx

from crowdcore.testing.patience import PATIENCE

get = partial(httpx.get, timeout=PATIENCE)
post = partial(httpx.post, timeout=PATIENCE)
delete = partial(httpx.delete, timeout=PATIENCE)
request = partial(httpx.request, timeout=PATIENCE)
Client = partial(httpx.Client, timeout=PATIENCE)
AsyncClient = partial(httpx.AsyncClient, timeout=PATIENCE)
