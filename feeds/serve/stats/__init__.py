"""Access log, metrics, and the subscribers found in access logs."""
