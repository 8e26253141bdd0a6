"""What products, listings and stock are; pure."""
