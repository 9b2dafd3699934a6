"""Reports: the same findings for eyes (`full`), for other tools (`concise`) and for programs (`json`)."""
