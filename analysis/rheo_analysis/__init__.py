"""Tables, curves, breakdowns and timelines of what `rheo` writes; `python3 -m rheo_analysis --help`."""
