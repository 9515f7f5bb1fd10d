package lint_test

import (
	"testing"

	"github.com/serin-dev/serin/cmd/kubectl-serin/lint"
	"github.com/serin-dev/serin/config/crd"
)

// FuzzLint finds files that end the program.
func FuzzLint(f *testing.F) {
	const canary = "apiVersion: serin.dev/v1alpha1\nkind: Canary\nmetadata: {name: read-api}\nspec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: read-api}}\n"
	for _, text := range []string{
		canary, canary + "---\n" + canary,
		"apiVersion: serin.dev/v1alpha1\nkind: Canary\nmetadata: 1\nspec: []\n",
		"apiVersion: serin.dev/v1alpha1\nkind: MetricSource\nmetadata: {name: a}\nspec: {type: prometheus, address: 'http://a', default: true}\n",
		"items: [1, {kind: Canary, apiVersion: serin.dev/v1alpha1}]\nkind: List\n---\n\x00",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := lint.New(crd.Bases, lint.Sources{})
		if err != nil {
			t.Fatal(err)
		}
		l.File("file.yaml", text)
		for _, found := range l.Findings() {
			if found.Message == "" || found.File == "" {
				t.Errorf("%+v", found)
			}
		}
	})
}
