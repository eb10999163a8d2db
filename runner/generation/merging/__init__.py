"""Three versions of a generated text merged into one: as generated before, as edited since, and as generated now.

Pure functions over text. `merged_text` merges, `verification` decides whether the result can be used.
"""
