"""`heijastin tour`: a month in the invented region, played on one stage, an act to a module."""
