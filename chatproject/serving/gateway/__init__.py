"""The way of a request from granian's event loop to one of Django's threads, and back.

`application` is the ASGI application of a worker. `connections` bounds who may connect, `callers`
tells who asks without asking the store, `admission` and `queues` let in as many requests as there
are threads for, `lanes` are those threads; `bodies` receives what clients send, `wsgi_calls` puts a
request to Django, and `answering` sends what came of it.
"""
