"""What all entry points over HTTP share; it knows nothing of one API's routes.

- `input`, `fields`: fields that take a value as it is or refuse it, and reading a request with
  them;
- `throttles`: which of a caller's requests are counted against which rate;
- `turn_headers`, `model_parameters`: how a turn is asked for, whichever API asks;
- `event_stream`, `departure`: server-sent events, and clients that disconnect;
- `statuses`, `error_body`: the HTTP status of each error, and the body of error answers.
"""
