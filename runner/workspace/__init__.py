"""The folder that is generated into: its locks, how files are written there, and the record of what came from what."""
