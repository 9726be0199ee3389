// Dates in tests are read in one time zone wherever they run.
process.env.TZ = "UTC";
