// Package argocd holds Serin to what it promises to Argo CD, Flux and Helm: the scripts in config/argocd, run as Argo CD runs them, and the verdict of kstatus.
package argocd
