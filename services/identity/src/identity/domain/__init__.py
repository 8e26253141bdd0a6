"""The rules: accounts, sessions and sellers; pure, without input or output."""
