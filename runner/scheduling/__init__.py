"""Which task runs when: validation before a run, the queue, the loop of the supervisor, time limits."""
