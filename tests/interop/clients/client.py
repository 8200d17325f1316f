"""Reads a channel by every technique with what Python's users have: requests, aiohttp, websockets.

`client.py CHANNEL AFTER` prints a line for each thing that comes, the technique, a tab and its JSON,
and on standard error the technique each time that it was cut. Each technique publishes a message of
its own first, and ends with the message "the end".
"""

import asyncio
import json
import sys
import threading
import time

import aiohttp
import requests
import websockets

channel, first = sys.argv[1:]
socket = channel.replace("http", "ws", 1)


def took(technique, text):
    """Prints it. Returns the id to go on after, if it has one, and whether it was the end."""
    # In one piece: the threads share the output.
    sys.stdout.write(f"{technique}\t{text}\n")
    sys.stdout.flush()
    came = json.loads(text)
    messages = came.get("messages", [came])
    return came.get("id"), any(message.get("data") == "the end" for message in messages)


def was_cut(technique):
    sys.stderr.write(f"{technique}\n")


def publish(technique):
    said = f"Python says 你好 👋 by {technique}"
    requests.post(f"{channel}/publish", data=said.encode(), timeout=40).raise_for_status()


def polls(technique):
    publish(technique)
    after, ended = first, False
    session = requests.Session()
    while not ended:
        try:
            answer = session.get(f"{channel}/{technique}", params={"after": after}, timeout=40)
            answer.raise_for_status()
            if answer.status_code == 200:
                after, ended = took(technique, answer.text)
        except requests.ConnectionError:
            was_cut(technique)
        time.sleep(0.02)


async def lines(technique, of_line):
    """A stream of lines; `of_line` finds the JSON in one."""
    publish(technique)
    after, ended = first, False
    async with aiohttp.ClientSession() as session:
        while not ended:
            try:
                url, resume = f"{channel}/{technique}", {"Last-Event-ID": after}
                async with session.get(url, headers=resume) as answer:
                    answer.raise_for_status()
                    async for line in answer.content:
                        text = of_line(line.decode())
                        if text:
                            id, ended = took(technique, text)
                            after = id or after
                            if ended:
                                return
            except aiohttp.ClientError:
                pass
            was_cut(technique)
            await asyncio.sleep(0.02)


async def web_socket():
    after, said = first, False
    while True:
        try:
            async with websockets.connect(f"{socket}/ws?after={after}") as connection:
                if not said:
                    await connection.send("Python says 你好 👋 by ws")
                    said = True
                async for text in connection:
                    id, ended = took("ws", text)
                    after = id or after
                    if ended:
                        return
        except (OSError, websockets.WebSocketException):
            pass
        was_cut("ws")
        await asyncio.sleep(0.02)


async def streams():
    def script(line):
        _, found, rest = line.partition("parent.push(")
        return rest.strip().removesuffix(")</script>") if found else None

    def event(line):
        text = line.removeprefix("data: ").strip() if line.startswith("data: ") else None
        return text or None

    await asyncio.gather(
        lines("iframe", script), lines("stream", str.strip), lines("events", event), web_socket()
    )


threads = [threading.Thread(target=polls, args=(path,)) for path in ("poll", "long-poll")]
for thread in threads:
    thread.start()
asyncio.run(streams())
for thread in threads:
    thread.join()
