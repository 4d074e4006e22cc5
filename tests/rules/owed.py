"""What the pack still owes to its lint, by name. A rule that is mended goes; none is added."""

from __future__ import annotations

FORGEABLE = frozenset(
    {
        "cloudtrail_blinding_tried",
        "ec2_port_opened_to_all",
        "iam_user_created_by_hand",
        "instance_role_lists_account",
        "lambda_code_changed_with_key",
        "parameters_decrypted_with_long_lived_key",
        "s3_bucket_policy_deleted",
        "secret_read_with_long_lived_key",
        "vpc_flow_logs_deleted",
    }
)
"""A filter by the user agent alone is a way around them."""
