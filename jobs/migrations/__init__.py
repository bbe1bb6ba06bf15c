"""The tables' history. Run at start by `jobs.store`; a test holds it equal to `jobs.schema`."""
