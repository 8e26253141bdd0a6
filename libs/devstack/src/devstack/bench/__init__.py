"""`soko bench`: what a machine does, beside a yardstick taken in the same run."""
