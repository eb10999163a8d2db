"""Where shards are run: worker processes of this machine."""
