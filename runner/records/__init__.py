"""The words of the project as records: tasks, events, statuses, errors, and the pipe that carries them."""
