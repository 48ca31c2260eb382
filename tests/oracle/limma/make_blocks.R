suppressMessages(library(limma)); set.seed(20210701)
w <- function(x,f){ num<-sapply(x,is.numeric); x[num]<-lapply(x[num],function(v) ifelse(is.na(v),"NA",sprintf("%.17g",v))); write.csv(x,f,row.names=FALSE,quote=FALSE)}
# four arms x three replicates with blocks, readings missing, variance following the mean, rows without residual df
g <- 500; mu <- runif(g,-2,2); s <- exp(.4*mu)*sqrt(6*.05/rchisq(g,6)); y <- matrix(rnorm(g*12),g)*s+mu
y[1:30,4:6] <- y[1:30,4:6]-1; y[sample(length(y),250)] <- NA
y[1,] <- NA; y[1,c(1,4,7,10)] <- c(.1,.2,.3,.4)
arm <- rep(1:4,each=3); rep <- rep(1:3,4); d <- model.matrix(~factor(arm)+factor(rep))
full <- rowSums(is.na(y))==0
for (trend in c(FALSE,TRUE)) { f <- suppressWarnings(lmFit(y,d)); f$Amean <- rowMeans(y,na.rm=TRUE); e <- eBayes(f,trend=trend)
 h <- qt(.975,e$df.total)*sqrt(e$s2.post)*e$stdev.unscaled[,2]
 w(data.frame(effect=f$coefficients[,2],unscaled=f$stdev.unscaled[,2],sigma=f$sigma,df=f$df.residual,s2_post=e$s2.post,t=e$t[,2],df_total=e$df.total,p=e$p.value[,2],low=e$coefficients[,2]-h,high=e$coefficients[,2]+h,df_prior=e$df.prior,s2_prior=e$s2.prior),sprintf("blocks_%s_expected.csv",ifelse(trend,"trend","plain"))) }
w(as.data.frame(y),"blocks_input.csv")
