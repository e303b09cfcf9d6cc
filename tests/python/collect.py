"""Reads a topic from its beginning with a client that is not ours; one JSON line a message.

Ends when the topic was quiet for a while; with --follow never, not even when the broker goes away for a time.
"""

import argparse
import base64
import json
import os

import pulsar


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--quiet-ms", type=int, default=2000)
    parser.add_argument("--follow", action="store_true")
    arguments = parser.parse_args()
    # The console logger would write to standard output, among the lines that are read; what fails is raised anyway.
    logger = pulsar.FileLogger(pulsar.LoggerLevel.Error, os.devnull)
    client = pulsar.Client(arguments.url, operation_timeout_seconds=60, logger=logger)
    reader = client.create_reader(arguments.topic, pulsar.MessageId.earliest)
    while True:
        try:
            message = reader.read_next(timeout_millis=arguments.quiet_ms)
        except pulsar.Timeout:
            if arguments.follow:
                continue
            break
        print(
            json.dumps(
                {
                    "properties": message.properties(),
                    "key": message.partition_key(),
                    "payload_base64": base64.b64encode(message.data()).decode(),
                }
            ),
            flush=True,
        )
    client.close()


if __name__ == "__main__":
    main()
