# Reference numbers for polishing and for every form of the B-score, from base R and MASS; run in this folder with Rscript.
set.seed(20240611)
plates <- 4; nr <- 8; nc <- 12
wells <- expand.grid(column = 1:nc, row = 1:nr, plate = 1:plates)[, 3:1]
wells$is_sample <- !(wells$column == 1 | (wells$column == 12 & wells$row > 4))
level <- 10 + 0.15 * (wells$row - 4.5) + 0.08 * (wells$column - 6.5) + 0.4 * (wells$row %in% c(1, 8)) + wells$plate / 3
wells$x <- level + rnorm(nrow(wells), sd = 0.3) - 2.5 * (!wells$is_sample & wells$row %% 2 == 0)
wells$x[sample(nrow(wells), 12)] <- NA
wells$x[wells$plate == 3 & wells$row == 5] <- NA
wells$x[wells$plate == 4] <- round(wells$x[wells$plate == 4] * 4) / 4
wells$x <- round(wells$x, 4)

wells$r_score <- NA_real_

grid <- function(v) matrix(v, nr, nc, byrow = TRUE)
flat <- function(m) as.vector(t(m))
fit <- function(v, s, eps, maxiter) { v[!s] <- NA
  suppressWarnings(medpolish(grid(v), eps = eps, maxiter = maxiter, trace.iter = FALSE, na.rm = TRUE)) }
back <- function(v, m, zero) { if (zero) { m$row[is.na(m$row)] <- 0; m$col[is.na(m$col)] <- 0 }
  grid(v) - (m$overall + outer(m$row, m$col, "+")) }
trimmed <- function(v, trim = 0.2, eps = 0.01, maxiter = 10) {
  z <- grid(v); t <- 0; r <- numeric(nr); k <- numeric(nc); old <- 0
  m <- function(a) mean(a, trim = trim, na.rm = TRUE)
  for (i in seq_len(maxiter)) {
    d <- apply(z, 1, m); z <- sweep(z, 1, d); r <- r + d; d <- m(k); k <- k - d; t <- t + d
    d <- apply(z, 2, m); z <- sweep(z, 2, d); k <- k + d; d <- m(r); r <- r - d; t <- t + d
    new <- sum(abs(z), na.rm = TRUE); if (new == 0 || abs(new - old) < eps * new) break; old <- new }
  z }

effects <- NULL
for (p in seq_len(plates)) {
  i <- wells$plate == p; v <- wells$x[i]; s <- wells$is_sample[i]; all <- rep(TRUE, nr * nc)
  strict <- fit(v, s, 1e-5, 200); loose <- fit(v, s, 0.01, 100); open <- fit(v, all, 0.01, 100); short <- fit(v, all, 0.01, 10)
  one <- fit(v, s, 1e-9, 3)
  wells$cellhts2[i] <- flat(back(v, strict, TRUE))
  wells$cellhts1[i] <- flat(back(v, strict, TRUE) / mad(back(v, strict, TRUE), na.rm = TRUE))
  wells$rnaither[i] <- flat(back(v, loose, FALSE) / mad(loose$residuals, na.rm = TRUE))
  wells$rnaither_all_wells[i] <- flat(open$residuals / mad(open$residuals, na.rm = TRUE))
  wells$synlet[i] <- flat(loose$residuals / mad(loose$residuals, na.rm = TRUE))
  wells$hitseekr[i] <- flat(back(v, short, FALSE)) / mad(v, na.rm = TRUE)
  wells$platetools[i] <- flat(short$residuals)
  wells$platetools_mad[i] <- flat(short$residuals) / mad(short$residuals, na.rm = TRUE)
  wells$spawn[i] <- flat(trimmed(v)) / mad(trimmed(v), na.rm = TRUE)
  wells$three_sweeps[i] <- flat(one$residuals)
  w <- data.frame(x = v - median(v, na.rm = TRUE), r = factor(wells$row[i]), k = factor(wells$column[i]))
  there <- !is.na(w$x); robust <- suppressWarnings(MASS::rlm(x ~ r + k, data = droplevels(w[there, ])))
  wells$r_score[i][there] <- residuals(robust) / robust$s
  effects <- rbind(effects, data.frame(plate = p, part = c("overall", rep("row", nr), rep("column", nc)),
    place = c(0, 1:nr, 1:nc), value = c(strict$overall, strict$row, strict$col)))
}
save <- function(d, f) { num <- sapply(d, is.double); d[num] <- lapply(d[num], function(a) formatC(a, digits = 17, format = "g"))
  d[] <- lapply(d, function(a) { a[trimws(a) %in% c("NA", "NaN")] <- ""; trimws(a) }); write.csv(d, f, row.names = FALSE, quote = FALSE) }
save(wells[c("plate", "row", "column", "is_sample", "x")], "input.csv")
save(wells[setdiff(names(wells), c("is_sample", "x"))], "expected.csv")
save(effects, "effects.csv")
