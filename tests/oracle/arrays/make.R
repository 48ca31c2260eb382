# Rscript make.R, in this folder. R 4.2.2, limma 3.54.1.
suppressMessages(library(limma))
set.seed(31181)
w <- function(x, f) write.table(format(x, digits = 17, trim = TRUE), f, sep = ",", row.names = FALSE, quote = FALSE)
x <- matrix(round(rexp(60 * 5, .02), 1), 60); x[1:20, 1] <- .5; x[5:9, 2] <- 7; x[c(3, 11), 4] <- NA; x[40:47, 5] <- NA
w(as.data.frame(x), "quantile_input.csv"); w(as.data.frame(normalizeQuantiles(x)), "quantile_expected.csv")
s <- matrix(rexp(800 * 3, .004) * rbinom(2400, 1, .4) + rnorm(2400, 60, 6), 800); w(as.data.frame(s), "background_input.csv")
mode_of <- function(x) { d <- density(x, kernel = "epanechnikov", n = 2^14); d$x[order(-d$y)[1]] }
one <- function(pm) { m <- mode_of(pm[pm < mode_of(pm)]); b <- pm[pm < m] - m
  sigma <- sqrt(sum(b^2) / (length(b) - 1)) * sqrt(2); alpha <- 1 / mode_of(pm[pm > m] - m)
  a <- pm - m - alpha * sigma^2; a + sigma * dnorm(a / sigma) / pnorm(a / sigma) }
w(as.data.frame(apply(s, 2, one)), "background_expected.csv")
w(data.frame(mode = apply(s, 2, mode_of)), "mode_expected.csv")
p <- matrix(rnorm(7 * 6, 8), 7); f <- medpolish(p, eps = .01, maxiter = 5, trace.iter = FALSE)
w(as.data.frame(p), "polish_input.csv"); w(data.frame(level = f$overall + f$col), "polish_expected.csv")
