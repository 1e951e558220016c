"""S3, and the rest of AWS as moto plays it: a server of our own in this process, or an endpoint that runs already."""
