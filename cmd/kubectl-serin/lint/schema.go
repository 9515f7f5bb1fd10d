// Package lint checks Canaries and MetricSources without a cluster: with the schema and the rules that an API server has of them, in its own words, and with what the
// operator would say of them afterwards.
//
// It is pure but for the schemas, which are part of the program.
package lint

import (
	"context"
	"fmt"
	"io/fs"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// kind is what is known of one kind of object.
type kind struct {
	apiVersion string
	namespaced bool
	structural *schema.Structural
	validator  validation.SchemaValidator
	rules      *cel.Validator
}

// kindsIn reads the CustomResourceDefinitions of a folder, by kind.
func kindsIn(crds fs.FS) (map[string]kind, error) {
	files, err := fs.Glob(crds, "bases/*.yaml")
	if err != nil {
		return nil, err
	}
	kinds := map[string]kind{}
	for _, name := range files {
		text, err := fs.ReadFile(crds, name)
		if err != nil {
			return nil, err
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.Unmarshal(text, crd); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if kinds[crd.Spec.Names.Kind], err = kindOf(crd); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return kinds, nil
}

// kindOf makes the validators that an API server makes of a CustomResourceDefinition.
func kindOf(crd *apiextensionsv1.CustomResourceDefinition) (kind, error) {
	version := crd.Spec.Versions[0]
	k := kind{apiVersion: crd.Spec.Group + "/" + version.Name, namespaced: crd.Spec.Scope == apiextensionsv1.NamespaceScoped}
	props := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, props, nil); err != nil {
		return k, err
	}
	var err error
	if k.structural, err = schema.NewStructural(props); err != nil {
		return k, err
	}
	if k.validator, _, err = validation.NewSchemaValidator(props); err != nil {
		return k, err
	}
	k.rules = cel.NewValidator(k.structural, true, celconfig.PerCallLimit)
	return k, nil
}

// check says what an API server would say of a new object, and fills in its defaults as one does. unknown are fields that it would refuse to drop in silence.
func (k kind) check(object map[string]any) (unknown []string, errs field.ErrorList) {
	malformed, unknown := objectmeta.CoerceWithOptions(nil, object, k.structural, true, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	unknown = append(unknown, pruning.PruneWithOptions(object, k.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	if malformed != nil {
		return unknown, field.ErrorList{malformed}
	}
	delete(object, "status") // nobody but the operator writes it
	defaulting.PruneNonNullableNullsWithoutDefaults(object, k.structural)
	defaulting.Default(object, k.structural)
	errs = append(errs, k.checkMeta(object)...)
	errs = append(errs, validation.ValidateCustomResource(nil, object, k.validator)...)
	errs = append(errs, objectmeta.Validate(context.Background(), nil, object, k.structural, false)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, k.structural, object)...)
	for _, err := range errs {
		switch err.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return unknown, append(errs, field.Invalid(nil, nil, "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"))
		default:
		}
	}
	broken, _ := k.rules.Validate(context.Background(), nil, k.structural, object, nil, celconfig.RuntimeCELCostBudget)
	return unknown, append(errs, broken...)
}

// checkMeta checks what all objects have in common. A namespace that is left out is that of whoever applies it.
func (k kind) checkMeta(object map[string]any) field.ErrorList {
	read := struct {
		Metadata metav1.ObjectMeta `json:"metadata"`
	}{}
	metadata, _ := object["metadata"].(map[string]any)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(map[string]any{"metadata": orEmpty(metadata)}, &read); err != nil {
		return field.ErrorList{field.Invalid(field.NewPath("metadata"), nil, err.Error())}
	}
	if k.namespaced && read.Metadata.Namespace == "" {
		read.Metadata.Namespace = metav1.NamespaceDefault
	}
	return metavalidation.ValidateObjectMeta(&read.Metadata, k.namespaced, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
