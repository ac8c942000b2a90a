// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"context"
	"encoding/json"
	"time"
)

// SettleOptions say which Create, that ended with ErrUnknownOutcome, is to be settled.
type SettleOptions struct {
	Service, EntitySet string
	// Field is a property whose value the product made unique for each write: "PurchaseOrderByCustomer".
	Field string
	// Reference is its value in this write.
	Reference string
	// Quiet is for how long no such document must come before none is to be expected; 0 is a minute.
	Quiet time.Duration
	// Timeout; 0 is Quiet and a minute more.
	Timeout time.Duration
	// Traceparent is the W3C Trace Context header for the requests of this operation; "": none.
	Traceparent string
}

// Settled is what became of a write.
type Settled struct {
	// Outcome is "created", "not_created" (none came for all of Quiet) or "unknown" (the time was over before).
	Outcome string `json:"outcome"`
	// Documents are the keys of all that have the reference, at most 100: "SalesOrder='4711'".
	Documents []string `json:"documents"`
	// Looks is how often was looked.
	Looks int `json:"looks"`
}

// Settle reads back by a reference until the document is there, or Quiet is over.
func (c *Client) Settle(ctx context.Context, options SettleOptions) (Settled, error) {
	var found Settled
	var memory arena
	defer memory.free()
	o := C.askel_s4_settle_options{
		struct_size: C.sizeof_askel_s4_settle_options,
		service:     memory.text("Service", options.Service),
		entity_set:  memory.text("EntitySet", options.EntitySet),
		field:       memory.text("Field", options.Field),
		reference:   memory.text("Reference", options.Reference),
		quiet_ms:    milliseconds(options.Quiet),
		timeout_ms:  milliseconds(options.Timeout),
		traceparent: memory.text("Traceparent", options.Traceparent),
	}
	if memory.err != nil {
		return found, memory.err
	}
	var call *C.askel_s4_call
	err := c.with(func(p *C.askel_s4_client, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_client_settle(p, &o, &call, object)
	})
	if err != nil {
		return found, err
	}
	return found, finish(ctx, call, func(call *C.askel_s4_call) error {
		var text *C.char
		err := called(func(object **C.askel_s4_error) C.askel_s4_status {
			return C.askel_s4_call_take_text(call, &text, object)
		})
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(takeText(text)), &found)
	})
}
