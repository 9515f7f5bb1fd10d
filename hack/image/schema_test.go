package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemas loads CycloneDX's own schemas from where their Go module was unpacked.
type schemas string

func (s schemas) Load(url string) (any, error) {
	file := strings.TrimPrefix(url, "http://cyclonedx.org/schema/")
	if file == "jsf-0.82.schema.json" {
		file = "jsf-0.82.schemax.json" // as it is called there
	}
	text, err := os.ReadFile(filepath.Join(string(s), file))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(text))
}

func cycloneDX(t *testing.T) *jsonschema.Schema {
	t.Helper()
	folder, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.UseLoader(schemas(filepath.Join(strings.TrimSpace(string(folder)), "schema")))
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func fitsTheSchema(t *testing.T, text []byte) {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := cycloneDX(t).Validate(document); err != nil {
		t.Error(err)
	}
}

func TestTheSchemaRefusesWhatIsNoBillOfMaterials(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(`{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "typeless"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if cycloneDX(t).Validate(document) == nil {
		t.Error("a component without a type was accepted")
	}
}
