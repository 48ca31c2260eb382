# Shift and interval of R 4.2.2 wilcox.test(conf.int = TRUE). Run from this folder: Rscript make.R
set.seed(7)
w <- function(x, f) { num <- sapply(x, is.numeric); x[num] <- lapply(x[num], function(v) sprintf("%.17g", v)); write.csv(x, f, row.names = FALSE, quote = FALSE) }
rows <- list(); ans <- list(); id <- 0
for (n in list(c(4, 5), c(8, 11), c(30, 17), c(49, 12), c(60, 9), c(55, 52), c(12, 15), c(20, 33))) for (level in c(.9, .95)) {
  id <- id + 1; a <- rnorm(n[1], .4); b <- rnorm(n[2]); if (id > 12) { a <- round(a, 1); b <- round(b, 1) }
  t <- suppressWarnings(wilcox.test(a, b, conf.int = TRUE, conf.level = level))
  rows[[id]] <- data.frame(case = id, group = rep(c("x", "y"), n), value = c(a, b))
  ans[[id]] <- data.frame(case = id, level = level, exact = as.integer(id <= 8), estimate = unname(t$estimate), lo = t$conf.int[1], hi = t$conf.int[2])
}
w(do.call(rbind, rows), "input.csv"); w(do.call(rbind, ans), "expected.csv")
