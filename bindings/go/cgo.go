// SPDX-License-Identifier: Apache-2.0

package askels4

/*
#cgo pkg-config: askel_s4
#include <stdlib.h>
#include <string.h>
#include <askel_s4.h>
*/
import "C"

import (
	"strings"
	"time"
	"unsafe"
)

// arena holds the C memory of one call's arguments. A secret may be among them, so all of it is wiped before it is
// freed.
type arena struct {
	pieces []piece
	err    error
}

type piece struct {
	memory unsafe.Pointer
	size   C.size_t
}

// bytes gives zeroed memory, one byte longer than asked for: the NUL of a text.
func (a *arena) bytes(size int) unsafe.Pointer {
	memory := C.calloc(1, C.size_t(size)+1)
	a.pieces = append(a.pieces, piece{memory, C.size_t(size)})
	return memory
}

// text copies a string. "" becomes NULL, which is the default of every text member.
func (a *arena) text(name, value string) *C.char {
	if value == "" {
		return nil
	}
	return a.given(name, value)
}

// given copies a string that may be "".
func (a *arena) given(name, value string) *C.char {
	if strings.IndexByte(value, 0) >= 0 {
		a.err = invalidArgument(name + " contains a NUL byte")
		return nil
	}
	memory := a.bytes(len(value))
	copy(unsafe.Slice((*byte)(memory), len(value)), value)
	return (*C.char)(memory)
}

// body copies bytes; also none have an address.
func (a *arena) body(value []byte) (*C.char, C.size_t) {
	memory := a.bytes(len(value))
	copy(unsafe.Slice((*byte)(memory), len(value)), value)
	return (*C.char)(memory), C.size_t(len(value))
}

// texts copies a list of strings; an empty one becomes NULL.
func (a *arena) texts(name string, values []string) (**C.char, C.size_t) {
	if len(values) == 0 {
		return nil, 0
	}
	memory := (**C.char)(a.bytes(len(values) * int(unsafe.Sizeof((*C.char)(nil)))))
	for i, value := range values {
		unsafe.Slice(memory, len(values))[i] = a.given(name, value)
	}
	return memory, C.size_t(len(values))
}

// tokenParams copies names and values; nil becomes NULL, and an empty list does not.
func (a *arena) tokenParams(values []TokenParam) (*C.askel_s4_token_param, C.size_t) {
	if values == nil {
		return nil, 0
	}
	memory := (*C.askel_s4_token_param)(a.bytes(len(values) * C.sizeof_askel_s4_token_param))
	for i, value := range values {
		each := &unsafe.Slice(memory, len(values))[i]
		each.name, each.value = a.given("TokenParams", value.Name), a.given("TokenParams", value.Value)
	}
	return memory, C.size_t(len(values))
}

// moment copies a point in time; zero becomes NULL.
func (a *arena) moment(name string, value time.Time) *C.char {
	if value.IsZero() {
		return nil
	}
	return a.given(name, value.UTC().Format(time.RFC3339Nano))
}

func (a *arena) free() {
	for _, each := range a.pieces {
		C.memset(each.memory, 0, each.size)
		C.free(each.memory)
	}
	a.pieces = nil
}

// copyView copies what the library lends.
func copyView(view C.askel_s4_view) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(view.data)), int(view.size)))
}

// takeText copies and frees text that a function gave as `char **out_...`.
func takeText(text *C.char) string {
	defer C.askel_s4_string_free(text)
	return C.GoString(text)
}

// milliseconds of a timeout; 0 is the default, and what is less than a millisecond is one.
func milliseconds(timeout time.Duration) C.int64_t {
	if timeout > 0 && timeout < time.Millisecond {
		return 1
	}
	return C.int64_t(timeout.Milliseconds())
}

func flag(set bool) C.int32_t {
	if set {
		return 1
	}
	return 0
}

// Version gives the version of the loaded library.
func Version() string {
	return C.GoString(C.askel_s4_version())
}

// SalesOrderStatusText says in English what a status code of a sales order means; "" for a property or code that is
// not known.
func SalesOrderStatusText(property, code string) string {
	var memory arena
	defer memory.free()
	p, c := memory.given("property", property), memory.given("code", code)
	if memory.err != nil {
		return ""
	}
	return C.GoString(C.askel_s4_sales_order_status_text(p, c))
}
