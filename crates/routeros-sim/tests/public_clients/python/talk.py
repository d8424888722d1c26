"""Talks to a router with librouteros and prints what it read as one JSON object.

Arguments: HOST PORT LOGIN, where LOGIN is "plain" (RouterOS 6.43 and later) or "token" (before).
"""

import json
import sys

import librouteros
from librouteros.exceptions import TrapError
from librouteros.query import Key

HOST, PORT, LOGIN = sys.argv[1], int(sys.argv[2]), sys.argv[3]
METHOD = {"plain": librouteros.login.plain, "token": librouteros.login.token}[LOGIN]


def connect(password):
    return librouteros.connect(
        HOST, "admin", password, port=PORT, timeout=20, encoding="utf-8", login_method=METHOD
    )


def trap(call):
    """The message of the trap that `call` must raise."""
    try:
        call()
    except TrapError as error:
        return str(error.message)
    raise SystemExit("a trap was expected")


def concurrent(api):
    """Two pings and a print under tags on one connection: replies by tag, and the order of the ends."""
    for words in (
        ("/ping", "=address=192.0.2.1", "=count=3", "=interval=50ms", ".tag=first"),
        ("/ping", "=address=192.0.2.2", "=count=3", "=interval=50ms", ".tag=second"),
        ("/system/identity/print", ".tag=third"),
    ):
        api.protocol.writeSentence(*words)
    items = {"first": [], "second": [], "third": []}
    ends = []
    while len(ends) < 3:
        reply, words = api.protocol.readSentence()
        words = list(words)
        tag = next(word for word in words if word.startswith(".tag=")).removeprefix(".tag=")
        if reply == "!done":
            ends.append(tag)
        else:
            items[tag].append(dict(word[1:].split("=", 1) for word in words if word.startswith("=")))
    return {"items": items, "ends": ends}


api = connect("secret")
interface = api.path("interface")
key = Key("name")
print(
    json.dumps(
        {
            "wrong_password": trap(lambda: connect("guess")),
            "identity": list(api.path("system", "identity"))[0]["name"],
            "interfaces": list(interface),
            "one": list(interface.select(key, Key("rx-byte")).where(key == "ether2")),
            "none": list(interface.select(key).where(key == "nothing")),
            "ping": list(api("/ping", address="192.0.2.1", count=5, interval="50ms")),
            "traffic": list(api("/interface/monitor-traffic", interface="ether2,ether1", once="")),
            "unknown_path": trap(lambda: list(api("/nothing/print"))),
            "unknown_interface": trap(
                lambda: list(api("/interface/monitor-traffic", interface="ether9", once=""))
            ),
            "concurrent": concurrent(api),
        }
    )
)
api.close()
