"""What this machine does, measured: the bot in its own process, Slack and AWS in another."""
