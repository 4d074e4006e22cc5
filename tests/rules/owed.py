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

ONLY_FAILED = frozenset(
    {
        "cloudtrail_lake_blinded",
        "config_recorder_stopped",
        "connect_analytics_stopped",
        "connect_approved_origin_added",
        "connect_approved_origin_removed",
        "connect_auth_code_created",
        "connect_bot_removed",
        "connect_campaign_limits_removed",
        "connect_campaigns_removed",
        "connect_channel_flow_unbound",
        "connect_contact_data_deleted",
        "connect_cross_region_routing_changed",
        "connect_directory_mfa_changed",
        "connect_directory_mfa_off",
        "connect_flow_alias_deleted",
        "connect_fraudster_forgotten",
        "connect_hierarchy_group_deleted",
        "connect_hierarchy_structure_changed",
        "connect_instance_created",
        "connect_instance_replicated",
        "connect_integration_removed",
        "connect_lambda_removed",
        "connect_number_flow_removed",
        "connect_phone_number_imported",
        "connect_security_key_added",
        "connect_security_key_removed",
        "connect_security_profile_deleted",
        "connect_traffic_group_deleted",
        "connect_use_case_removed",
        "connect_workspace_deleted",
        "ec2_password_data_read",
        "iam_mfa_removed",
        "iam_permissions_boundary_removed",
        "kms_key_disabled",
        "organization_delegated",
        "organization_left",
        "region_switched_on",
        "securityhub_disabled",
    }
)
"""Each of their near misses differs only in that its call failed."""
