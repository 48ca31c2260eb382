# Rscript make.R, in this folder, after make.py. R 4.2.2; the counting rules of clusterProfiler and fgsea, written out.
lines <- strsplit(readLines("sets.gmt"), "\t"); sets <- setNames(lapply(lines, function(l) l[-(1:2)]), sapply(lines, `[`, 1))
query <- readLines("query.txt"); background <- readLines("background.txt")
w <- function(x, f) write.csv(format(x, digits = 17, trim = TRUE), f, row.names = FALSE, quote = FALSE)
# clusterProfiler enricher(): genes without annotation are no genes; sizes 10 to 500; sets with a hit are tests
all <- intersect(unique(unlist(sets)), background); q <- intersect(query, all); inside <- lapply(sets, intersect, all)
inside <- inside[lengths(inside) >= 10 & lengths(inside) <= 500]; x <- sapply(inside, function(s) length(intersect(s, q))); inside <- inside[x > 0]; x <- x[x > 0]
p <- phyper(x - 1, lengths(inside), length(all) - lengths(inside), length(q), lower.tail = FALSE)
w(data.frame(gene_set = names(inside), x = x, K = lengths(inside), n = length(q), N = length(all), p = p, q = p.adjust(p, "BH")), "clusterprofiler.csv")
# fgsea fora(): everything within the universe; every set is a test
q <- intersect(query, background); inside <- lapply(sets, intersect, background); inside <- inside[lengths(inside) >= 1]
x <- sapply(inside, function(s) length(intersect(s, q)))
p <- phyper(x - 1, lengths(inside), length(background) - lengths(inside), length(q), lower.tail = FALSE)
w(data.frame(gene_set = names(inside), x = x, K = lengths(inside), n = length(q), N = length(background), p = p, q = p.adjust(p, "BH")), "fora.csv")
