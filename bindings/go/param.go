// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"fmt"
	"time"
	"unsafe"
)

// Types of parameters that Go has no type for. A parameter may also be nil, a string, an int, an int64, a bool, or a
// time.Time, which is a point in time.
type (
	// Decimal is an exact decimal number: "-12.50".
	Decimal string
	// Date is a calendar date: "2026-11-23".
	Date string
	// TimeOfDay is "09:30:00".
	TimeOfDay string
	// GUID is "25fae728-0000-0000-0000-00000000abcd".
	GUID string
)

// params copies parameters, in the order of the `?`.
func (a *arena) params(values []any) (*C.askel_s4_param, C.size_t) {
	if len(values) == 0 {
		return nil, 0
	}
	memory := (*C.askel_s4_param)(a.bytes(len(values) * C.sizeof_askel_s4_param))
	for position, each := range unsafe.Slice(memory, len(values)) {
		name := fmt.Sprintf("parameter %d", position+1)
		switch value := values[position].(type) {
		case nil:
			each._type = C.ASKEL_S4_PARAM_NULL
		case string:
			each._type, each.text = C.ASKEL_S4_PARAM_TEXT, a.given(name, value)
		case int:
			each._type, each.integer = C.ASKEL_S4_PARAM_INTEGER, C.int64_t(value)
		case int64:
			each._type, each.integer = C.ASKEL_S4_PARAM_INTEGER, C.int64_t(value)
		case bool:
			each._type, each.integer = C.ASKEL_S4_PARAM_BOOLEAN, C.int64_t(flag(value))
		case Decimal:
			each._type, each.text = C.ASKEL_S4_PARAM_DECIMAL, a.given(name, string(value))
		case Date:
			each._type, each.text = C.ASKEL_S4_PARAM_DATE, a.given(name, string(value))
		case time.Time:
			text := value.UTC().Format("2006-01-02T15:04:05.9999999Z")
			each._type, each.text = C.ASKEL_S4_PARAM_DATE_TIME, a.given(name, text)
		case TimeOfDay:
			each._type, each.text = C.ASKEL_S4_PARAM_TIME, a.given(name, string(value))
		case GUID:
			each._type, each.text = C.ASKEL_S4_PARAM_GUID, a.given(name, string(value))
		case float32, float64:
			a.err = invalidArgument(fmt.Sprintf(
				`%s is the %T %v, which is not exact: use Decimal, as in askels4.Decimal("12.50")`, name, value, value))
		default:
			a.err = invalidArgument(fmt.Sprintf("%s is of type %T: no parameter can be made of it", name, value))
		}
		unsafe.Slice(memory, len(values))[position] = each
	}
	return memory, C.size_t(len(values))
}
