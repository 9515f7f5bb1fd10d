package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"runtime/debug"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/package-url/packageurl-go"
)

// materials lists what an image holds, as CycloneDX: the modules as the linker noted them in the program, the standard library, and the
// certificates. Nothing is taken from go.mod, which also names what is not linked.
func materials(from source, p program) ([]byte, error) {
	operator := cdx.Component{
		BOMRef: "serin", Type: cdx.ComponentTypeApplication, Name: "serin", Version: from.version,
		PackageURL: goPackage(p.info.Main.Path, from.version),
		Hashes:     hash(p.content),
		Licenses:   &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}},
		Properties: &[]cdx.Property{
			{Name: "org.opencontainers.image.revision", Value: from.revision},
			{Name: "platform", Value: p.platform.String()},
		},
	}
	library := goPackage("stdlib", strings.TrimPrefix(p.info.GoVersion, "go"))
	parts := []cdx.Component{
		{BOMRef: rootsFile, Type: cdx.ComponentTypeData, Name: "/" + rootsFile, Hashes: hash(roots()), Description: "Mozilla's roots for TLS"},
		{BOMRef: library, Type: cdx.ComponentTypeLibrary, Name: "stdlib", Version: p.info.GoVersion, PackageURL: library},
	}
	for _, module := range p.info.Deps {
		parts = append(parts, component(module))
	}
	refs := make([]string, len(parts))
	for i, part := range parts {
		refs[i] = part.BOMRef
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Timestamp: from.created.Format(time.RFC3339), Component: &operator}
	bom.Components = &parts
	bom.Dependencies = &[]cdx.Dependency{{Ref: operator.BOMRef, Dependencies: &refs}}

	var text bytes.Buffer
	encoder := cdx.NewBOMEncoder(&text, cdx.BOMFileFormatJSON).SetPretty(true)
	err := encoder.EncodeVersion(bom, cdx.SpecVersion1_6)
	return text.Bytes(), err
}

// component is a module as it was linked: a replacement where there is one.
func component(module *debug.Module) cdx.Component {
	if module.Replace != nil {
		module = module.Replace
	}
	url := goPackage(module.Path, module.Version)
	c := cdx.Component{BOMRef: url, Type: cdx.ComponentTypeLibrary, Name: module.Path, Version: module.Version, PackageURL: url}
	if module.Sum != "" {
		c.Properties = &[]cdx.Property{{Name: "go.sum", Value: module.Sum}}
	}
	return c
}

// goPackage is a module's package URL.
func goPackage(module, version string) string {
	namespace, name := "", module
	if slash := strings.LastIndex(module, "/"); slash >= 0 {
		namespace, name = module[:slash], module[slash+1:]
	}
	return packageurl.NewPackageURL(packageurl.TypeGolang, namespace, name, version, nil, "").ToString()
}

func hash(content []byte) *[]cdx.Hash {
	sum := sha256.Sum256(content)
	return &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}}
}
