"""From one state of the two databases to the next: what they hold, how two states differ, and the SQL between them."""
