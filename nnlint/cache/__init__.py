"""What is kept between runs. All of it is right or not there: a cache that is lost, cut off or old costs time only."""
