"""Reads AgroDeep's log over HTTP, with Python's standard library alone.

    python3 replay.py http://127.0.0.1:3000 http://127.0.0.1:3001 analyst@demo.agrodeep.test demo-password-1

Prints how many events of each type there are, then follows the log until Ctrl-C (with --once: until the end).
"""

import collections
import json
import sys
import time
import urllib.error
import urllib.request


def sign_in(write_api, email, password):
    body = json.dumps({"email": email, "password": password}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{write_api}/v1/auth/login", body, headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["access_token"]


def ask(url, token, accept, **headers):
    headers = {"Authorization": f"Bearer {token}", "Accept": accept, **headers}
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers))


def replay(read_api, token, query=""):
    """Every event there is, one by one. Fails when the stream was cut."""
    with ask(f"{read_api}/v1/events?{query}", token, "application/x-ndjson") as lines:
        for line in lines:
            event = json.loads(line)
            if "end" in event:
                if not event["end"]["complete"]:
                    raise EOFError(event["end"])
                return
            yield event
    raise EOFError("the stream was cut: it has no last line")


def follow(read_api, token, last_event_id, query=""):
    """Every event after the given one, as it happens. Ends when the connection does: go on with the last id."""
    headers = {"Last-Event-ID": str(last_event_id)}
    with ask(f"{read_api}/v1/events?{query}", token, "text/event-stream", **headers) as lines:
        message = {}
        for line in lines:
            name, _, value = line.decode().rstrip("\n").partition(":")
            if name:
                message[name] = value.lstrip()
            elif message:
                # A heartbeat has an id and no data: it only moves the place to go on from.
                if "id" in message:
                    yield message["id"], json.loads(message["data"]) if "data" in message else None
                message = {}


def main(write_api, read_api, email, password, *options):
    token = sign_in(write_api, email, password)
    last, counts = 0, collections.Counter()
    for event in replay(read_api, token):
        counts[event["type"]] += 1
        last = event["position"]
    for name, count in counts.most_common():
        print(f"{count:8} {name}")
    print(f"{sum(counts.values()):8} events, the last at position {last}")
    while "--once" not in options:
        try:
            for last, event in follow(read_api, token, last):
                if event:
                    print(event["occurred_at"], event["type"], event["subject"])
        except urllib.error.HTTPError as error:
            if error.code != 401:
                raise SystemExit(error.read().decode())
        except OSError as error:
            print(f"({error})", file=sys.stderr)
        time.sleep(2)
        # A token is good for 15 minutes.
        token = sign_in(write_api, email, password)


if __name__ == "__main__":
    main(*sys.argv[1:])
