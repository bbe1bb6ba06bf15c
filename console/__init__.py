"""The operator's page: static HTML, CSS and ES modules, served by the job server at `/` and `/console/`."""
