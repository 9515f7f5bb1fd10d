package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/test/docs"
)

// documentation are the journeys of people who do what the pages say: one of their own for those pages that work in a namespace of their own, and one for
// all others, whose app is the same.
func documentation() []journey {
	return []journey{
		{"documentation", "every command and every object of the pages is taken", allPages},
		{"documentation", "a page that works in a namespace of its own can be pasted from top to bottom", ownPages},
	}
}

func allPages(t *testing.T, c *cluster) {
	pages, files := readPages(t)
	r := newReader(t, c, shop)
	r.tidiesUp(&corev1.SecretList{}, operatorNamespace)
	r.do("making the namespace", c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: shop}}))
	for _, page := range pages {
		if own(page) == "" {
			r.read(page, files)
		}
	}
	results.note("%s", docs.Told(pages))
}

func ownPages(t *testing.T, c *cluster) {
	pages, files := readPages(t)
	for _, page := range pages {
		if namespace := own(page); namespace != "" {
			newReader(t, c, namespace).read(page, files)
		}
	}
}

// readPages answers them with the files that they name. What a page does not show itself it takes from the first page that does.
func readPages(t *testing.T) (pages []docs.Page, files map[string]string) {
	t.Helper()
	pages, err := docs.Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	for _, page := range pages {
		for _, b := range page.Blocks {
			if _, found := files[b.File]; b.File != "" && !found {
				files[b.File] = b.Text
			}
		}
	}
	return pages, files
}

// own is the namespace of a page that works in one of its own.
func own(page docs.Page) string {
	for _, b := range page.Blocks {
		if namespace, is := b.Scene.OwnNamespace(); is {
			return namespace
		}
	}
	return ""
}
