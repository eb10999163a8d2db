"""Records that every other folder uses: tasks, events, states and errors, and the pipe that carries them."""
