"""localstripe (PyPI) on the loopback address, with what the adapter needs and localstripe lacks.

Its own rooms are used as they are: customers, methods, intents, charges, refunds, bank debits that
are answered later. What is added, because localstripe 1.15.10 refuses it:

- `description` of a payment intent: accepted and kept, as Stripe does;
- payment intents listed by `customer` and `created[gte]`, newest first, as Stripe does.

It knows neither `Idempotency-Key` nor the search of payment intents: nothing is shown of them here.
Nothing is written to the disk. A line that drops is played by the account or the amount.
"""

import sys

from aiohttp import web
from localstripe import resources, server

resources.store.dump_to_disk = lambda: None
Intent = resources.PaymentIntent


def create(cls, description=None, **data):
    intent = created(**data)
    intent.description = description
    return intent


def listed(cls, url, customer=None, created=None, limit=None, starting_after=None):
    answer = super(Intent, cls)._api_list_all(url, limit=limit, starting_after=starting_after)
    since = int((created or {}).get("gte", 0))
    found = [i for i in answer._list if i.created >= since and customer in (None, i.customer)]
    answer._list = found[::-1]
    return answer


created = Intent._api_create
Intent._api_create = classmethod(create)
Intent._api_list_all = classmethod(listed)


@web.middleware
async def line(request, handler):
    """Drops the line before the request is heard, or before its answer goes out."""
    form = await request.post() if request.method == "POST" else {}
    account = form.get("metadata[account]")
    before = account == "LOST-BEFORE"
    after = account == "LOST-AFTER" or (request.path == "/v1/refunds" and form.get("amount") == "333")
    if before:
        request.transport.abort()
        return web.Response()
    answer = await handler(request)
    if after:
        request.transport.abort()
    return answer


server.app.middlewares.insert(0, line)
web.run_app(
    server.app,
    host="127.0.0.1",
    port=int(sys.argv[1]),
    print=lambda *_: print("ready", flush=True),
    access_log=None,
)
