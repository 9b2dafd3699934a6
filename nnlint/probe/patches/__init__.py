"""What is put in the place of torch's own functions, so that the observers hear of what the script does."""
