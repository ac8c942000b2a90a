// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"context"
	"strings"
	"time"
)

// Argument is one argument of an operation. Value is as a parameter's.
type Argument struct {
	Name  string
	Value any
}

// InvokeOptions say which operation of a service to call: a function import of OData V2, a function or an action of V4.
type InvokeOptions struct {
	Service string
	// Operation is "releaseApprovalRequest"; of a bound one with or without its namespace.
	Operation string
	// EntitySet, of V4, is what it is bound to, with the Key of a document (as in GetOptions) or without.
	EntitySet string
	Key       string
	Params    []any
	// Arguments, in this order. Those of an action of V4 are members of its Body.
	Arguments []Argument
	// Body, for an action of V4, as in WriteOptions; nil: none.
	Body any
	// ETag of the document that it changes, or AnyETag in its place, where the service wants it.
	ETag    string
	AnyETag bool
	// Repeatable as in WriteOptions.
	Repeatable bool
	// Timeout; 0 is the client's.
	Timeout time.Duration
	// Traceparent is the W3C Trace Context header for the requests of this operation; "": none.
	Traceparent string
}

// Invoke calls an operation and gives what it gave back; of OData V2 without the wrapping under its name. One that the
// service has not is ErrNotFound. One that $metadata declares with POST may change something and goes out once, as
// Create does: where no answer proves what became of it, that is ErrUnknownOutcome. All others are reads.
func (c *Client) Invoke(ctx context.Context, options InvokeOptions) (*Document, error) {
	body, err := bodyText(options.Body, options.Service)
	if err != nil {
		return nil, err
	}
	names, values := make([]string, len(options.Arguments)), make([]any, len(options.Arguments))
	for position, argument := range options.Arguments {
		names[position], values[position] = argument.Name+"=?", argument.Value
	}
	var memory arena
	defer memory.free()
	params, count := memory.params(options.Params)
	arguments, argumentCount := memory.params(values)
	o := C.askel_s4_invoke_options{
		struct_size:          C.sizeof_askel_s4_invoke_options,
		service:              memory.text("Service", options.Service),
		operation:            memory.text("Operation", options.Operation),
		entity_set:           memory.text("EntitySet", options.EntitySet),
		key:                  memory.text("Key", options.Key),
		params:               params,
		param_count:          count,
		arguments:            memory.text("Arguments", strings.Join(names, ",")),
		argument_params:      arguments,
		argument_param_count: argumentCount,
		etag:                 memory.text("ETag", options.ETag),
		any_etag:             flag(options.AnyETag),
		repeatable:           flag(options.Repeatable),
		timeout_ms:           milliseconds(options.Timeout),
		traceparent:          memory.text("Traceparent", options.Traceparent),
	}
	if body != nil {
		o.body, o.body_size = memory.body(body)
	}
	if memory.err != nil {
		return nil, memory.err
	}
	if err := notBegun(ctx, "call"); err != nil {
		return nil, err
	}
	return c.document(ctx, func(
		p *C.askel_s4_client, call **C.askel_s4_call, object **C.askel_s4_error,
	) C.askel_s4_status {
		return C.askel_s4_client_invoke(p, &o, call, object)
	})
}
