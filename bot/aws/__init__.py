"""AWS's edges: where the bot meets S3, SQS and STS, and where files of CloudTrail lie."""
