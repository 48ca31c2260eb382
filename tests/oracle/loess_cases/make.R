# Loess surfaces of plates that are harder than one full plate: small span, low degree, missing wells, other formats,
# few scattered controls, columns that do not determine the polynomial. R 4.2.2; predictors in the order column, row upward.
# Also row and column loess, written out as the formula of sights normLoess (apply over rows and columns, defaults of loess).
set.seed(384)
options(digits = 17)
plate <- function(rows, columns) {
  row <- rep(seq_len(rows), each = columns); column <- rep(seq_len(columns), rows)
  x <- (column - 0.5) / columns; y <- (row - 0.5) / rows
  signal <- 11 + 0.8 * x * y - 0.5 * (x - 0.4)^2 + 0.3 * sin(5 * y) + rnorm(rows * columns, sd = 0.2)
  low <- sample(rows * columns, rows * columns %/% 24); signal[low] <- signal[low] - 3
  data.frame(row, column, signal = round(signal, 4))
}
cases <- list()
fits <- function(name, D, fitted, span, degree, surfaces = c("direct", "interpolate"), normalize = TRUE) {
  out <- data.frame(case = name, rows = max(D$row), columns = max(D$column), span, degree, normalize,
                    row = D$row, column = D$column, signal = D$signal, fitted = fitted)
  D$x <- D$column - (max(D$column) + 1) / 2; D$y <- (max(D$row) + 1) / 2 - D$row
  S <- D[fitted & !is.na(D$signal), ]
  for (surface in c("direct", "interpolate")) for (family in c("gaussian", "symmetric")) {
    p <- rep(NA_real_, nrow(D))
    if (surface %in% surfaces) {
      m <- suppressWarnings(loess(signal ~ x + y, S, span = span, degree = degree, family = family, normalize = normalize,
                 control = loess.control(surface = surface)))
      p <- suppressWarnings(predict(m, D))
    }
    out[[paste0(surface, "_", family)]] <- as.vector(p)
  }
  cases[[length(cases) + 1]] <<- out
}
drop <- function(D, share) { D$signal[sample(nrow(D), round(share * nrow(D)))] <- NA; D }
D <- plate(16, 24); inner <- D$column > 2 & D$column < 23
fits("small span", D, inner, 0.3, 2)
fits("small span, missing", drop(D, 0.1), inner, 0.3, 2)
fits("degree 1", drop(D, 0.03), inner, 0.5, 1)
fits("degree 0", D, inner, 0.3, 0)
fits("not normalized", drop(D, 0.03), inner, 0.6, 2, normalize = FALSE)
fits("span above 1", D, inner, 1.4, 2)
E <- D; E$signal[E$row > 12 & E$column > 17] <- NA
fits("missing corner", E, inner, 0.7, 2)
E <- D; E$signal[E$row %in% c(7, 8)] <- NA
fits("missing rows", E, inner, 0.4, 2)
fits("scattered controls", D, (D$row * 5 + D$column * 3) %% 11 == 0, 0.9, 1)
fits("two control columns", D, D$column %in% c(2, 23), 1, 2, surfaces = "direct")
G <- plate(8, 12)
fits("96 wells", G, rep(TRUE, 96), 0.6, 2)
fits("96 wells, missing", drop(G, 0.1), G$column < 12, 0.3, 2)
fits("96 wells, degree 1", drop(G, 0.05), rep(TRUE, 96), 0.75, 1)
H <- plate(4, 6)
fits("24 wells", H, rep(TRUE, 24), 0.75, 1)
write.csv(do.call(rbind, cases), "surfaces.csv", row.names = FALSE)

line_loess <- function(v) { p <- rep(NA_real_, length(v)); i <- seq_along(v)
  p[!is.na(v)] <- suppressWarnings(loess(v ~ i, family = "symmetric"))$fitted; p }
lines <- list()
for (name in c("384 wells", "96 wells", "missing")) {
  L <- if (name == "96 wells") plate(8, 12) else plate(16, 24)
  if (name == "missing") L <- drop(L, 0.05)
  X <- matrix(2^L$signal, nrow = max(L$row), byrow = TRUE)
  f <- t(apply(X, 1, line_loess)); g <- apply(X, 2, line_loess)
  factor <- (rowMeans(f, na.rm = TRUE) / f) * t(colMeans(g, na.rm = TRUE) / t(g))
  lines[[name]] <- data.frame(case = name, L[c("row", "column")], signal = as.vector(t(X)), factor = as.vector(t(factor)))
}
write.csv(do.call(rbind, lines), "row_column.csv", row.names = FALSE)
