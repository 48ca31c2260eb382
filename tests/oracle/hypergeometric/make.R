# Rscript make.R, in this folder. R 4.2.2.
h <- data.frame(N = c(20000, 20000, 20000, 60000, 25000, 1000, 20, 7), K = c(300, 800, 5000, 2000, 400, 990, 20, 2), n = c(300, 900, 6000, 2500, 800, 500, 5, 5), x = c(250, 700, 4800, 1900, 28, 500, 5, 2))
h$log_p <- phyper(h$x - 1, h$K, h$N - h$K, h$n, lower.tail = FALSE, log.p = TRUE)
h$p_two_sided <- mapply(function(N, K, n, x) fisher.test(matrix(c(x, K - x, n - x, N - K - n + x), 2))$p.value, h$N, h$K, h$n, h$x)
write.csv(format(h, digits = 17, trim = TRUE), "far_expected.csv", row.names = FALSE, quote = FALSE)
