"""What the supervisor is made of: the checks before a start, the parts, each child, and the banner."""
