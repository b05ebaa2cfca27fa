"""`heijastin import`: a region's past out of a CSV file, through scheduling's API, and back as figures of quality's."""
