"""AWS on loopback: moto's S3, SQS, SNS and STS on 127.0.0.1, with a log of the calls it saw."""

from bot.demo.aws.account import BUCKET, QUEUE, REGION, DeadLetter, LoopbackAws
from bot.demo.aws.server import Call
from bot.demo.aws.topic import Paged

__all__ = ["BUCKET", "QUEUE", "REGION", "Call", "DeadLetter", "LoopbackAws", "Paged"]
