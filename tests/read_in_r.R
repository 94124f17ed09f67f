# Sums of every numeric column of Parquet files, as CSV, in the order of the columns.
#
#     Rscript read_in_r.R FILE ...
#
# Needs the package arrow.

suppressPackageStartupMessages(library(arrow))
tables <- lapply(commandArgs(trailingOnly = TRUE), read_parquet)
whole <- do.call(rbind, lapply(tables, as.data.frame))
numeric <- whole[sapply(whole, is.numeric)]
sums <- sapply(numeric, function(x) sum(as.numeric(x), na.rm = TRUE))
write.csv(data.frame(column = names(sums), sum = format(sums, digits = 17)), row.names = FALSE)
