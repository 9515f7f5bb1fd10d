package argocd

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
	luajson "layeh.com/gopher-json"
	"sigs.k8s.io/yaml"
)

// scripts is the folder that is laid out like the resource_customizations of Argo CD.
const scripts = "../../config/argocd/serin.dev"

// object is one as Argo CD gives it to a script.
type object = map[string]any

// script reads one of a kind.
func script(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(scripts, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// run answers what a script returns. It is given what Argo CD gives to the scripts in argocd-cm: tables and the basic functions, neither strings nor numbers nor any
// part of the system, and a second. (The time of day, which Argo CD would tell, is kept from them: the same object must give the same answer.)
func run(t *testing.T, script string, obj object) (object, error) {
	t.Helper()
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		if err := l.CallByParam(lua.P{Fn: l.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	l.SetContext(ctx)
	l.SetGlobal("obj", luajson.DecodeValue(l, plain(t, obj)))
	if err := l.DoString(script); err != nil {
		return nil, err
	}
	raw, err := luajson.Encode(l.Get(-1))
	if err != nil {
		t.Fatalf("what the script returns is no object: %v", err)
	}
	answer := object{}
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatalf("what the script returns is no object: %v: %s", err, raw)
	}
	return answer, nil
}

// plain is anything as decoded from JSON.
func plain(t *testing.T, from any) object {
	t.Helper()
	raw, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	into := object{}
	if err := json.Unmarshal(raw, &into); err != nil {
		t.Fatal(err)
	}
	return into
}

// read parses a file below a kind's folder.
func read[T any](t *testing.T, path ...string) T {
	t.Helper()
	var into T
	text, err := os.ReadFile(filepath.Join(append([]string{scripts}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, &into); err != nil {
		t.Fatalf("%s: %v", filepath.Join(path...), err)
	}
	return into
}

func TestTheEngineOfTheseTestsIsAsPoorAsThatOfArgoCD(t *testing.T) {
	for _, name := range []string{"io", "os", "string", "math", "debug", "coroutine", "channel"} {
		if answer, err := run(t, "return { found = "+name+" ~= nil }", object{}); err != nil || answer["found"] != false {
			t.Errorf("a script reaches %s: %v, %v", name, answer, err)
		}
	}
}
