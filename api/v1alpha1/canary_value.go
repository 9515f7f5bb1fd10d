package v1alpha1

// WorseDirection says in which direction a value gets worse.
//
// +kubebuilder:validation:Enum=Higher;Lower
type WorseDirection string

// The directions in which a value gets worse.
const (
	// WorseHigher is that of a queue's lag.
	WorseHigher WorseDirection = "Higher"
	// WorseLower is that of the share of orders that are paid.
	WorseLower WorseDirection = "Lower"
)

// ValueMetric bounds a number that a query yields for each arm, once an interval. Numbers are written as strings, without a unit.
//
// +kubebuilder:validation:XValidation:rule=`has(self.maxChange) || has(self.limit)`,message="value needs maxChange or limit: write what may not get worse, such as maxChange: {relative: 20%} or limit: \"10000\""
type ValueMetric struct {
	// query yields one number for an arm, in the source's own language; "$arm" stands for the matchers that select the arm. Where it yields
	// nothing there is no evidence, and the weight is held: so let it not make up a number where nothing was measured.
	// Example: max(records_lag_max{group="orders",$arm})
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule=`self.contains('$arm')`,message="value.query must contain $arm, which stands for the matchers that select baseline or candidate, such as max(records_lag_max{$arm})"
	Query string `json:"query"`
	// worse is the direction in which the number gets worse: Higher (a queue's lag) or Lower (the share of orders that are paid).
	//
	// +required
	Worse WorseDirection `json:"worse"`
	// maxChange is the tolerated change for the worse from the baseline; the larger of relative and absolute counts.
	//
	// +optional
	MaxChange *ValueChange `json:"maxChange,omitempty"`
	// limit is what the candidate may not exceed where Higher is worse, and not fall below where Lower is, whatever the baseline does. A number above 0 without a unit.
	// Example: "10000"
	//
	// +optional
	// +kubebuilder:validation:MaxLength=25
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[0-9]{1,15}([.][0-9]{1,9})?$') && self.matches('[1-9]')`,message="value.limit must be a number above 0, without a unit and in quotes, such as \"10000\" or \"0.95\""
	Limit string `json:"limit,omitempty"`
}

// ValueChange is a tolerated change of a value for the worse.
//
// +kubebuilder:validation:XValidation:rule=`has(self.relative) || has(self.absolute)`,message="maxChange needs relative or absolute: write relative: 20%, absolute: \"500\", or both"
type ValueChange struct {
	// relative change from the baseline's value, above 0% and at most 1000%. Of a value that may be 0 it tolerates nothing: write absolute, too.
	// Example: 20%, by which a lag of 1000 may become 1200
	//
	// +optional
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:XValidation:rule=`self.matches('^(1000([.]0{1,4})?|[0-9]{1,3}([.][0-9]{1,4})?)%$') && self.matches('[1-9]')`,message="maxChange.relative must be a percentage above 0% and at most 1000%, such as 20%"
	Relative string `json:"relative,omitempty"`
	// absolute change, a number above 0 without a unit. Example: "500", by which a lag of 1000 may become 1500
	//
	// +optional
	// +kubebuilder:validation:MaxLength=25
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[0-9]{1,15}([.][0-9]{1,9})?$') && self.matches('[1-9]')`,message="maxChange.absolute must be a number above 0, without a unit and in quotes, such as \"500\" or \"0.02\""
	Absolute string `json:"absolute,omitempty"`
}
