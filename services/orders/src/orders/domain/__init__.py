"""The rules of carts, orders and checkout: pure, no input or output, no clock."""
