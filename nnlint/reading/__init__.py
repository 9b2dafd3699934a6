"""Reading: from the text of a file to a `Script` (reader.py), and from its nodes back to places in the text."""
