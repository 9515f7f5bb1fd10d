package chart

import (
	"io"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v4/pkg/action"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/release"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// What the tests install, by the name and in the namespace that config/ has too.
const (
	folder    = "../../charts/serin"
	name      = "serin"
	namespace = "serin-system"
)

// objects are what a chart or a folder of config/ consists of.
type objects []client.Object

// render answers what the chart installs with these values, written as YAML, or why it can't.
func render(t *testing.T, values string) (objects, error) {
	t.Helper()
	rendered, err := dryRun(t, values)
	if err != nil {
		return nil, err
	}
	return decode(t, rendered.Manifest()), nil
}

// tests are what helm test makes with these values.
func tests(t *testing.T, values string) objects {
	t.Helper()
	rendered, err := dryRun(t, values)
	if err != nil {
		t.Fatalf("rendering with %q: %v", values, err)
	}
	var found objects
	for _, hook := range rendered.Hooks() {
		accessor, err := release.NewHookAccessor(hook)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, decode(t, accessor.Manifest())...)
	}
	return found
}

func dryRun(t *testing.T, values string) (release.Accessor, error) {
	t.Helper()
	install := action.NewInstall(action.NewConfiguration(action.ConfigurationSetLogger(slog.NewTextHandler(io.Discard, nil))))
	install.DryRunStrategy, install.ReleaseName, install.Namespace = action.DryRunClient, name, namespace
	rendered, err := install.Run(load(t), parse(t, values))
	if err != nil {
		return nil, err
	}
	return release.NewAccessor(rendered)
}

func mustRender(t *testing.T, values string) objects {
	t.Helper()
	o, err := render(t, values)
	if err != nil {
		t.Fatalf("rendering with %q: %v", values, err)
	}
	return o
}

func load(t *testing.T) *chartv2.Chart {
	t.Helper()
	loaded, err := loader.LoadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func parse(t *testing.T, values string) map[string]any {
	t.Helper()
	parsed := map[string]any{}
	if err := yaml.Unmarshal([]byte(values), &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}

// decode reads objects as the API server would: a field that their type does not have is an error.
func decode(t *testing.T, manifest string) objects {
	t.Helper()
	known := newScheme(t)
	var all objects
	for _, document := range strings.Split("\n"+manifest, "\n---") {
		var kind runtime.TypeMeta
		if err := yaml.Unmarshal([]byte(document), &kind); err != nil {
			t.Fatalf("%v in:\n%s", err, document)
		}
		if kind.Kind == "" {
			continue
		}
		made, err := known.New(schema.FromAPIVersionAndKind(kind.APIVersion, kind.Kind))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict([]byte(document), made); err != nil {
			t.Fatalf("%v in:\n%s", err, document)
		}
		all = append(all, made.(client.Object))
	}
	return all
}

func newScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	known := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, monitoringv1.AddToScheme} {
		if err := add(known); err != nil {
			t.Fatal(err)
		}
	}
	return known
}

// all are the objects of one type.
func all[T client.Object](o objects) []T {
	var found []T
	for _, object := range o {
		if typed, ok := object.(T); ok {
			found = append(found, typed)
		}
	}
	return found
}

// one is the only object of a type.
func one[T client.Object](t *testing.T, o objects) T {
	t.Helper()
	found := all[T](o)
	if len(found) != 1 {
		t.Fatalf("%d objects of type %s, want 1", len(found), reflect.TypeFor[T]())
	}
	return found[0]
}

func kinds(o objects) map[string]int {
	counts := map[string]int{}
	for _, object := range o {
		counts[object.GetObjectKind().GroupVersionKind().Kind]++
	}
	return counts
}

// config reads the objects of files below config/.
func config(t *testing.T, patterns ...string) objects {
	t.Helper()
	var found objects
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join("../../config", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files (%v)", pattern, len(files), err)
		}
		for _, file := range files {
			found = append(found, decode(t, read(t, file))...)
		}
	}
	return found
}
