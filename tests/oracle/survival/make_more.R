# More answers on the same input. R 4.2.2, survival 3.5-3, cmprsk 2.2-11. Run from this folder: Rscript make_more.R
suppressMessages({library(survival); library(cmprsk)})
w <- function(x, f) { num <- sapply(x, is.numeric); x[num] <- lapply(x[num], function(v) ifelse(is.na(v), "NA", sprintf("%.17g", v))); write.csv(x, f, row.names = FALSE, quote = FALSE) }
d <- read.csv("input.csv"); d$id <- seq_len(nrow(d)); hi <- factor(ifelse(d$x > median(d$x), "high", "low"), levels = c("low", "high"))
for (ct in c("logit", "arcsin")) { s <- summary(survfit(Surv(time, status) ~ hi, d, conf.type = ct))
  w(data.frame(arm = sub("hi=", "", s$strata), time = s$time, lo = s$lower, hi = s$upper), sprintf("km_%s.csv", ct)) }
q <- list(); for (ct in c("log", "log-log", "plain")) for (p in c(.25, .5, .7)) { z <- quantile(survfit(Surv(time, status) ~ hi, d, conf.type = ct), p)
  q[[length(q) + 1]] <- data.frame(kind = ct, share = p, arm = c("low", "high"), quantile = as.vector(z$quantile), lo = as.vector(z$lower), hi = as.vector(z$upper)) }
w(do.call(rbind, q), "quantile.csv")
r <- list(); for (ties in c("efron", "breslow")) { m <- coxph(Surv(time, status) ~ x + age + strata(stage), d, ties = ties); s <- summary(m); z <- cox.zph(m)
  r[[length(r) + 1]] <- data.frame(ties = ties, term = c("x", "age"), coef = s$coefficients[, 1], se = s$coefficients[, 3], loglik = m$loglik[2], score = m$score, zph = z$table[1:2, 1], zph_global = z$table[3, 1]) }
w(do.call(rbind, r), "cox_stratified.csv")
g <- function(name, t) data.frame(test = name, chisq = t[1, "stat"], df = t[1, "df"], p = t[1, "pv"])
w(rbind(g("halves", cuminc(d$time, d$cause, hi)$Tests), g("stages", cuminc(d$time, d$cause, d$stage)$Tests), g("halves_stratified", cuminc(d$time, d$cause, hi, d$stage)$Tests),
  g("halves_rho1", cuminc(d$time, d$cause, hi, rho = 1)$Tests)), "gray.csv")
ci <- cuminc(d$time, d$cause, hi); w(do.call(rbind, lapply(c("low 1", "high 1", "low 2", "high 2"), function(n) data.frame(curve = n, time = ci[[n]]$time, incidence = ci[[n]]$est, variance = ci[[n]]$var))), "cuminc.csv")
fg <- finegray(Surv(time, factor(cause)) ~ ., data = d); f <- function(ties) { c0 <- summary(coxph(Surv(fgstart, fgstop, fgstatus) ~ x + age, weight = fgwt, data = fg, ties = ties, cluster = id))$coefficients
  data.frame(ties = ties, term = c("x", "age"), coef = c0[, 1], se = c0[, 3], robust_se = c0[, 4]) }
k <- crr(d$time, d$cause, cbind(d$x, d$age)); w(rbind(f("efron"), f("breslow"), data.frame(ties = "crr", term = c("x", "age"), coef = k$coef, se = sqrt(diag(k$var)), robust_se = NA)), "fine_gray_more.csv")
