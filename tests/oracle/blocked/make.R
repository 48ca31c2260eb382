# Recorded answers of R for blocked designs: paired t, block ANOVA with Dunnett's test, REML mixed models with
# Satterthwaite's degrees of freedom. Run from this folder: Rscript make.R
# R 4.2.2, mvtnorm 1.1.3, multcomp 1.4-22, nlme 3.1-162, lme4 1.1-31, lmerTest 3.1-3 (Debian bookworm). 17 digits.
suppressMessages({library(mvtnorm); library(multcomp); library(nlme); library(lme4); library(lmerTest)})
w <- function(x, f) { num <- sapply(x, is.numeric)
  x[num] <- lapply(x[num], function(v) ifelse(is.na(v), "NA", sprintf("%.17g", v)))
  write.csv(x, f, row.names = FALSE, quote = FALSE) }
set.seed(20210613)

## paired t
rows <- list(); ans <- list()
for (id in 1:8) { n <- sample(3:7, 1); b <- rnorm(n, 0, .4); a1 <- b + rnorm(n, .1, .1); a2 <- b + rnorm(n, 0, .1)
  t <- t.test(a1, a2, paired = TRUE)
  rows[[id]] <- data.frame(case = id, pair = seq_len(n), first = a1, second = a2)
  ans[[id]] <- data.frame(case = id, t = unname(t$statistic), df = unname(t$parameter), p = t$p.value,
    low = t$conf.int[1], high = t$conf.int[2]) }
w(do.call(rbind, rows), "paired_input.csv"); w(do.call(rbind, ans), "paired_expected.csv")

## Dunnett: multivariate t by Genz and Bretz, several sizes, balanced and not
ans <- list()
for (groups in c(2, 4, 9, 17)) for (df in c(4, 8, 32)) for (q in c(.5, 2.5, 4)) for (lambda in c("equal", "mixed")) {
  k <- groups - 1; l <- if (lambda == "equal") rep(sqrt(.5), k) else seq(.3, .9, length.out = k)
  r <- outer(l, l); diag(r) <- 1
  p <- if (k == 1) 2 * pt(-q, df) else 1 - pmvt(rep(-q, k), rep(q, k), corr = r, df = df,
    algorithm = GenzBretz(maxpts = 3e5, abseps = 1e-6))
  ans[[length(ans) + 1]] <- data.frame(comparisons = k, df = df, t = q, lambda = lambda, p = as.numeric(p)) }
w(do.call(rbind, ans), "dunnett_p.csv")

## balanced blocks: cells x blocks, the ANOVA, its contrasts with the first group and Dunnett-adjusted p and intervals
rows <- list(); ans <- list()
for (id in 1:4) { g <- c(3, 5, 9, 17)[id]; n <- c(3, 4, 3, 3)[id]
  d <- expand.grid(group = factor(seq_len(g)), block = factor(seq_len(n)))
  d$y <- rnorm(n, 0, .3)[d$block] + rnorm(g, 0, .2)[d$group] + rnorm(nrow(d), 0, .12)
  m <- lm(y ~ group + block, d); s <- summary(m)$coefficients[2:g, , drop = FALSE]
  a <- glht(m, linfct = mcp(group = "Dunnett")); set.seed(id)
  adj <- summary(a, test = adjusted("single-step", abseps = 1e-5, maxpts = 1e5)); ci <- confint(a, abseps = 1e-5, maxpts = 1e5)
  rows[[id]] <- data.frame(case = id, group = d$group, block = d$block, y = d$y)
  ans[[id]] <- data.frame(case = id, group = 2:g, effect = s[, 1], se = s[, 2], t = s[, 3], p = s[, 4],
    df = m$df.residual, p_dunnett = as.numeric(adj$test$pvalues), low = ci$confint[, 2], high = ci$confint[, 3]) }
w(do.call(rbind, rows), "anova_input.csv"); w(do.call(rbind, ans), "anova_expected.csv")

## mixed models on wells: groups, blocks and technical wells; balanced, wells missing, cells missing, blocks without effect
rows <- list(); ans <- list(); comp <- list()
for (id in 1:8) { g <- c(4, 4, 6, 9, 5, 3, 6, 5)[id]; n <- c(3, 4, 3, 4, 5, 6, 3, 4)[id]; k <- 3
  d <- expand.grid(tech = seq_len(k), group = factor(seq_len(g)), block = factor(seq_len(n)))
  sb <- c(.3, .2, .4, .3, .3, .25, .3, .0)[id]; sc <- c(.15, .2, .1, .15, .12, .2, .0, .1)[id]
  cell <- interaction(d$group, d$block)
  d$y <- rnorm(n, 0, sb)[d$block] + rnorm(g, 0, .3)[d$group] + rnorm(nlevels(cell), 0, sc)[cell] + rnorm(nrow(d), 0, .1)
  if (id >= 2) d <- d[-sample(nrow(d), round(.2 * nrow(d))), ]
  if (id >= 3) d <- d[!(d$group == "2" & d$block == "1") & !(d$group == "3" & d$block == "2"), ]
  d$cell <- droplevels(interaction(d$group, d$block))
  m <- suppressMessages(lmerTest::lmer(y ~ group + (1 | block) + (1 | cell), d, REML = TRUE,
    control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12, maxfun = 1e6), check.conv.singular = "ignore")))
  s <- summary(m)$coefficients[2:g, , drop = FALSE]; vc <- as.data.frame(VarCorr(m))
  v <- setNames(vc$vcov, vc$grp)
  nl <- lme(y ~ group, random = ~ 1 | block/group, d, method = "REML",
    control = lmeControl(maxIter = 500, msMaxIter = 500, opt = "optim", returnObject = TRUE))
  rows[[id]] <- data.frame(case = id, group = d$group, block = d$block, y = d$y)
  comp[[id]] <- data.frame(case = id, block = v[["block"]], cell = v[["cell"]], well = v[["Residual"]],
    reml = as.numeric(logLik(m, REML = TRUE)), reml_nlme = as.numeric(logLik(nl)))
  ans[[id]] <- data.frame(case = id, group = 2:g, effect = s[, "Estimate"], se = s[, "Std. Error"], df = s[, "df"],
    t = s[, "t value"], p = s[, "Pr(>|t|)"], effect_nlme = unname(fixef(nl)[2:g]), se_nlme = unname(sqrt(diag(vcov(nl)))[2:g])) }
w(do.call(rbind, rows), "mixed_input.csv"); w(do.call(rbind, ans), "mixed_expected.csv"); w(do.call(rbind, comp), "mixed_components.csv")
cat("done\n")
