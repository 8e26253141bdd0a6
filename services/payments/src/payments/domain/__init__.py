"""What payments are and may become: pure values and rules, no I/O and no clock."""
