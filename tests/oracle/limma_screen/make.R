# A screen of two lines x four arms x three replicates, replicates as blocks within each line: one fit a reagent.
suppressMessages(library(limma))
w <- function(x, f) { num <- sapply(x, is.numeric); x[num] <- lapply(x[num], function(v) ifelse(is.na(v), "NA", sprintf("%.17g", v))); write.csv(x, f, row.names = FALSE, quote = FALSE) }
y <- as.matrix(read.csv("input.csv", check.names = FALSE))
line <- factor(rep(1:2, each = 12)); arm <- factor(rep(rep(1:4, each = 3), 2)); rep <- factor(rep(1:3, 8))
parts <- lapply(1:2, function(l) (line == l) * model.matrix(~ arm + rep))
d <- do.call(cbind, parts); colnames(d) <- paste0("c", seq_len(ncol(d)))
drugs <- c(2:4, 8:10)
for (trend in c(FALSE, TRUE)) {
  f <- suppressWarnings(lmFit(y, d)); f$Amean <- rowMeans(y, na.rm = TRUE); e <- eBayes(f, trend = trend)
  h <- qt(.975, e$df.total) * sqrt(e$s2.post) * e$stdev.unscaled[, drugs]
  out <- data.frame(effect = e$coefficients[, drugs], low = e$coefficients[, drugs] - h, high = e$coefficients[, drugs] + h, t = e$t[, drugs], p = e$p.value[, drugs])
  w(out, sprintf("%s_expected.csv", ifelse(trend, "trend", "plain")))
}
# three-way term of arm 4 over arms 2 and 3, and the arm means without blocks
k <- makeContrasts(c4 - c2 - c3, c10 - c8 - c9, levels = colnames(d)); e <- eBayes(contrasts.fit(suppressWarnings(lmFit(y, d)), k))
complete <- rowSums(is.na(y)) == 0
w(data.frame(complete = as.integer(complete), effect = e$coefficients, t = e$t, p = e$p.value), "three_way_expected.csv")
m <- model.matrix(~ 0 + interaction(arm, line)); e <- eBayes(suppressWarnings(lmFit(y, m)))
w(data.frame(mean = e$coefficients, se = e$stdev.unscaled * sqrt(e$s2.post), df = e$df.total), "means_expected.csv")
