"""localstripe (PyPI) on the loopback address, with what the adapter needs and localstripe lacks.

Its own rooms are used as they are: customers, methods, intents, charges, refunds, bank debits that
are answered later. What is added, because localstripe 1.15.10 refuses it:

- `description` of a payment intent: accepted and kept, as Stripe does;
- payment intents listed by `customer` and `created[gte]`, newest first, as Stripe does;
- saved answers by `Idempotency-Key`, stored errors too, until they are forgotten.

It does not know the search of payment intents: nothing is shown of it here. Nothing is written to the
disk. A line that drops and an error that is stored are played by the account or the amount; what a test
says to `/daybook` (`lists`: right, empty or foreign; `off`: seconds its clock is ahead; `forget`: the
saved answers) holds from then on.
"""

import json
import sys
import time
from email.utils import formatdate

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


says = {"lists": "right", "off": "0"}
saved = {}
FAILED = (500, b'{"error": {"type": "api_error"}}')


async def heard(request, handler, account):
    """The answer to a request that arrived, or the saved one of its key."""
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method != "POST":
        answer = await handler(request)
        return answer.status, answer.body
    if key not in saved:
        answer = FAILED
        if account != "FAILED-BEFORE":
            made = await handler(request)
            answer = made.status, made.body
        saved[key] = FAILED if account == "FAILED-AFTER" else answer
    return saved[key]


def shown(body):
    """A list as it is shown."""
    answer = json.loads(body)
    if says["lists"] == "right" or answer.get("object") != "list":
        return body
    if says["lists"] == "empty":
        answer["data"] = []
    for item in answer["data"]:
        item["metadata"] = {}
    return json.dumps(answer).encode()


@web.middleware
async def line(request, handler):
    """Drops the line before the request is heard, or before its answer goes out."""
    form = await request.post() if request.method == "POST" else {}
    if request.path == "/daybook":
        says.update(form)
        if "forget" in form:
            saved.clear()
        return web.json_response(says)
    account = form.get("metadata[account]")
    before = account == "LOST-BEFORE"
    after = account == "LOST-AFTER" or (request.path == "/v1/refunds" and form.get("amount") == "333")
    if before:
        request.transport.abort()
        return web.Response()
    status, body = await heard(request, handler, account)
    if after:
        request.transport.abort()
    # A test that asks for more than the adapter ever does sees what there is.
    if request.method == "GET" and status == 200 and request.query.get("limit") != "1000":
        body = shown(body)
    date = formatdate(time.time() + int(says["off"]), usegmt=True)
    return web.Response(status=status, body=body, content_type="application/json", headers={"Date": date})


server.app.middlewares.insert(0, line)
web.run_app(
    server.app,
    host="127.0.0.1",
    port=int(sys.argv[1]),
    print=lambda *_: print("ready", flush=True),
    access_log=None,
)
