"""One question to a whole data set: samples, the plan of work, what is measured of each, and where it is kept."""
