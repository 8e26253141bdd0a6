"""Events that services gave up: the commands that list and redrive them."""
