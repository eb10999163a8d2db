"""The folder that is generated into: its locks, how files get there, and what came from what."""
