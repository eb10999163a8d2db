"""The board in a browser: a page of this machine that shows runs while they last."""
