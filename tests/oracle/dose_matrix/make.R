# Recorded answers of R for dose matrices: log-logistic curves by nlminb, and the four scores from their definitions.
# Run from this folder: Rscript make.R. R 4.2.2, no further packages. 17 digits.
w <- function(x, f) { num <- sapply(x, is.numeric); x[num] <- lapply(x[num], function(v) sprintf("%.17g", v))
  write.csv(x, f, row.names = FALSE, quote = FALSE) }
set.seed(20210614)
ll4 <- function(x, c, d, e, b) c + (d - c) / (1 + (e / x)^b)
fit <- function(x, y, low = NULL) { best <- NULL; first <- log(min(x[x > 0])) - log(100); last <- log(max(x)) + log(100)
  sse <- function(p) { c <- if (is.null(low)) p[4] else low; sum((y - ll4(x, c, p[1], exp(p[2]), exp(p[3])))^2) }
  for (e in c(.03, .3, 1, 3, 30)) for (b in c(.5, 1.5, 4)) {
    m <- nlminb(c(max(y), log(e), log(b), if (is.null(low)) y[1]), sse, control = list(rel.tol = 1e-15, x.tol = 1e-12, iter.max = 5000, eval.max = 20000),
      lower = c(-Inf, first, log(.1), if (is.null(low)) -Inf), upper = c(Inf, last, log(25), if (is.null(low)) Inf))
    if (is.null(best) || m$objective < best$objective) best <- m }
  p <- best$par; list(c = if (is.null(low)) p[4] else low, d = p[1], e = exp(p[2]), b = exp(p[3])) }
at <- function(p, x) ll4(x, p$c, p$d, p$e, p$b)
dose <- c(0, .1, .3, 1, 3, 10, 30); rows <- list(); curves <- list()
for (id in 1:4) { one <- list(c = 0, d = c(95, 80, 90, 70)[id], e = c(1, 2, .7, 3)[id], b = c(1.2, 1, 1.8, 1.4)[id])
  two <- list(c = 0, d = c(90, 85, 60, 92)[id], e = c(2, .8, 1.5, 1)[id], b = c(1.1, 1.6, 1.2, .9)[id])
  a <- outer(dose, dose, function(x, y) { fa <- at(one, x * c(1, 2, 1, .6)[id]^(y > 0)); fb <- at(two, y); fa + fb - fa * fb / 100 })
  y <- a + matrix(rnorm(49, 0, .8), 7)
  f1 <- fit(dose, y[, 1]); f2 <- fit(dose, y[1, ]); p1 <- at(f1, dose); p2 <- at(f2, dose)
  bliss <- y - outer(y[, 1], y[1, ], function(u, v) u + v - u * v / 100); hsa <- y - outer(y[, 1], y[1, ], pmax)
  along1 <- sapply(1:7, function(j) at(fit(dose, y[, j], low = y[1, j]), dose))
  along2 <- t(sapply(1:7, function(i) at(fit(dose, y[i, ], low = y[i, 1]), dose)))
  zip <- (along1 + along2) / 2 - outer(p1, p2, function(u, v) u + v - u * v / 100)
  inv <- function(p, v) ifelse(v >= p$d, Inf, p$e * ((v - p$c) / (p$d - v))^(1 / p$b))
  loewe <- matrix(0, 7, 7); lo <- min(f1$c, f2$c); hi <- max(f1$d, f2$d)
  for (i in 2:7) for (j in 2:7) { g <- function(v) { a1 <- if (v <= f1$c) 1e9 else dose[i] / inv(f1, v)
      a2 <- if (v <= f2$c) 1e9 else dose[j] / inv(f2, v); a1 + a2 - 1 }
    loewe[i, j] <- y[i, j] - uniroot(g, c(lo + 1e-9, hi - 1e-12), tol = 1e-12, maxiter = 10000)$root }
  for (m in c("bliss", "hsa", "zip")) { s <- get(m); s[1, ] <- 0; s[, 1] <- 0; assign(m, s) }
  g <- expand.grid(i = 1:7, j = 1:7); ix <- cbind(g$i, g$j)
  rows[[id]] <- data.frame(case = id, dose_one = dose[g$i], dose_two = dose[g$j], response = y[ix], bliss = bliss[ix], hsa = hsa[ix], zip = zip[ix], loewe = loewe[ix])
  curves[[id]] <- data.frame(case = id, drug = 1:2, low = c(f1$c, f2$c), high = c(f1$d, f2$d), half = c(f1$e, f2$e), slope = c(f1$b, f2$b)) }
w(do.call(rbind, rows), "scores.csv"); w(do.call(rbind, curves), "curves.csv"); cat("done\n")
