# Rscript make.R, in this folder. R 4.2.2, limma 3.54.1.
suppressMessages(library(limma))
set.seed(163490)
w <- function(x, f) write.table(format(x, digits = 17, trim = TRUE), f, sep = ",", row.names = FALSE, quote = FALSE)
line <- factor(rep(c("A", "B", "C", "D"), each = 8)); arm <- factor(rep(rep(c("none", "T", "L", "TL"), each = 2), 4), levels = c("none", "T", "L", "TL"))
y <- matrix(rnorm(300 * 32) * sqrt(.1 * 4 / rchisq(300, 4)), 300) + matrix(rnorm(300 * 4), 300)[, as.integer(line)]
y[1:20, arm == "TL"] <- y[1:20, arm == "TL"] + .8
y[21:30, arm == "L" & line %in% c("A", "B")] <- y[21:30, arm == "L" & line %in% c("A", "B")] + 1
w(as.data.frame(y), "input.csv")
d <- model.matrix(~ 0 + line + arm); f <- eBayes(lmFit(y, d)); arms <- c("armT", "armL", "armTL")
t <- topTable(f, coef = arms, number = Inf, sort.by = "none"); w(data.frame(F = t$F, p = t$P.Value), "f_expected.csv")
one <- topTable(f, coef = "armTL", number = Inf, sort.by = "none", confint = TRUE)
w(data.frame(effect = one$logFC, low = one$CI.L, high = one$CI.R, t = one$t, p = one$P.Value, q = one$adj.P.Val), "effect_expected.csv")
first <- line %in% c("A", "B"); i <- sapply(arms, function(a) d[, a] * first); g <- eBayes(lmFit(y, cbind(d, i)))
two <- topTable(g, coef = ncol(d) + 2, number = Inf, sort.by = "none", confint = TRUE)
w(data.frame(effect = two$logFC, low = two$CI.L, high = two$CI.R, t = two$t, p = two$P.Value), "interaction_expected.csv")
