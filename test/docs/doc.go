// Package docs reads the pages of the documentation, and says of every block of YAML and commands on them how a test runs it.
//
// A page is Markdown, and its blocks need no marks where the rule is plain:
//
//	sh        commands. The journey of test/e2e runs them in order on a real cluster, from a copy of the repository, as a reader would paste them.
//	yaml      whole objects. The journey has the API server take them, by a dry run with strict validation.
//	console   "$ kubectl serin plan" or "replay", and the very answer. cmd/kubectl-serin runs it, and compares.
//	text      what a program says. Right below a block of commands it is compared with what those said; ... stands for what is left out,
//	          and a word with a digit for any word.
//	jsonl     a trace.
//
// What else has to be known stands in a comment of Markdown, which no reader sees:
//
//	<!-- scene: in flight -->             how the app of the page is, from here on: see [Scene]. Before the first commands of every page.
//	<!-- file: canary.yaml -->            the block below is saved under this name, for commands to use. A file that a page
//	                                      does not show itself is that of the first page that does
//	<!-- part of: Deployment spec -->     the block below is only a part of an object, which the API server takes when it is merged into the scene's
//	<!-- exit: 3 -->                      the last command of the block below ends with this status
//	<!-- until stopped -->                the block below is one command that goes on until somebody stops it
//	<!-- run by: test/argocd TestX -->    the block below is run by this function, which names the page
//	<!-- not run: it would ... -->        the block below is run by nobody, for this reason: only where nothing else is possible
//
// In commands <revision> stands for the candidate's revision, as 7b5f8c9d4f does, and 6c8d7f9b5d for the baseline's; <gateway> is the address of the gateway and
// <secret> is what no page tells.
package docs
