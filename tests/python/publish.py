"""Publishes events read from standard input, one JSON object a line, with a client that is not ours.

A line: {"properties": {...}, "payload_base64": "...", "key": "..."}. With --batch, messages go out in batches of the
broker's own kind; without, those larger than the broker takes go out in chunks. Prints one JSON line when done: how many were sent and acknowledged by the broker.
"""

import argparse
import base64
import json
import os
import sys
import threading

import pulsar


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--batch", type=int, default=0)
    arguments = parser.parse_args()
    # The console logger would write to standard output, among the lines that are read; what fails is raised anyway.
    logger = pulsar.FileLogger(pulsar.LoggerLevel.Error, os.devnull)
    client = pulsar.Client(arguments.url, operation_timeout_seconds=60, logger=logger)
    producer = client.create_producer(
        arguments.topic,
        send_timeout_millis=60_000,
        block_if_queue_full=True,
        max_pending_messages=1000,
        batching_enabled=arguments.batch > 0,
        chunking_enabled=arguments.batch == 0,
        batching_max_messages=max(arguments.batch, 2),
        batching_max_publish_delay_ms=50,
    )
    lock, failures, sent = threading.Lock(), [], 0
    stored = []

    def receipt(result, message_id):
        with lock:
            (stored if result == pulsar.Result.Ok else failures).append(str(result))

    for line in sys.stdin:
        event = json.loads(line)
        producer.send_async(
            base64.b64decode(event["payload_base64"]),
            receipt,
            properties=event.get("properties", {}),
            partition_key=event.get("key"),
        )
        sent += 1
    producer.flush()
    client.close()
    print(json.dumps({"sent": sent, "stored": len(stored), "failures": failures}))


if __name__ == "__main__":
    main()
