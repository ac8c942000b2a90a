// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// WriteOptions say which document to write, and what.
type WriteOptions struct {
	Service, EntitySet string
	// Key as in GetOptions; for Create "", or the key of the document that Below belongs to.
	Key    string
	Params []any
	// Below, for Create, is the navigation property of that document to create one below: "to_Item".
	Below string
	// Body is an object in SAP's spelling: whatever json.Marshal makes one of, or a json.RawMessage, which goes out as
	// it is. In a map[string]any, and in the maps and slices in it, Date, time.Time and Decimal take the form of OData
	// V2, or of V4 where the Service is a path with "/odata4/" in it. None for Delete.
	Body any
	// ETag as it was read with the document: one that was changed since then is left alone (ErrPreconditionFailed). Not
	// for Create.
	ETag string
	// AnyETag, in place of ETag, overwrites what others changed.
	AnyETag bool
	// Merge lets Update use the verb MERGE instead of PATCH, for services that know that alone.
	Merge bool
	// Repeatable: the service knows repeatable requests (RequestID, RepeatabilityCreation). The tenant carries the write
	// out once however often it comes, and it is sent again after a lost answer. A service that was asked again and does
	// not say that it knows them is ErrUnknownOutcome: it may have written twice.
	Repeatable bool
	// Timeout; 0 is the client's.
	Timeout time.Duration
	// Traceparent is the W3C Trace Context header for the requests of this operation; "": none.
	Traceparent string
}

// Create creates a document, with the documents below it that the body holds, and gives it as the tenant answered it.
//
// A write goes out once; it is sent again only where the tenant's answer proves that it was not processed. Where no
// answer proves what became of it, that is ErrUnknownOutcome, or ErrCancelled with OutcomeUnknown where the context
// ended it: read the document back before you write it again.
func (c *Client) Create(ctx context.Context, options WriteOptions) (*Document, error) {
	return c.write(ctx, C.ASKEL_S4_WRITE_CREATE, options)
}

// Update changes the properties that the body holds. What the tenant answers is mostly empty.
func (c *Client) Update(ctx context.Context, options WriteOptions) (*Document, error) {
	if options.Merge {
		options.Merge = false
		return c.write(ctx, C.ASKEL_S4_WRITE_MERGE, options)
	}
	return c.write(ctx, C.ASKEL_S4_WRITE_UPDATE, options)
}

// Replace makes a document what the body says; properties left out go back to their defaults.
func (c *Client) Replace(ctx context.Context, options WriteOptions) (*Document, error) {
	return c.write(ctx, C.ASKEL_S4_WRITE_REPLACE, options)
}

// Delete deletes a document.
func (c *Client) Delete(ctx context.Context, options WriteOptions) error {
	document, err := c.write(ctx, C.ASKEL_S4_WRITE_DELETE, options)
	if err != nil {
		return err
	}
	return document.Close()
}

func (c *Client) write(ctx context.Context, kind C.int32_t, options WriteOptions) (*Document, error) {
	if options.Merge {
		return nil, invalidArgument("Merge is for Update: leave it away")
	}
	body, err := bodyText(options.Body, options.Service)
	if err != nil {
		return nil, err
	}
	var memory arena
	defer memory.free()
	params, count := memory.params(options.Params)
	o := C.askel_s4_write_options{
		struct_size: C.sizeof_askel_s4_write_options,
		kind:        kind,
		service:     memory.text("Service", options.Service),
		entity_set:  memory.text("EntitySet", options.EntitySet),
		key:         memory.text("Key", options.Key),
		params:      params,
		param_count: count,
		navigation:  memory.text("Below", options.Below),
		etag:        memory.text("ETag", options.ETag),
		any_etag:    flag(options.AnyETag),
		repeatable:  flag(options.Repeatable),
		timeout_ms:  milliseconds(options.Timeout),
		traceparent: memory.text("Traceparent", options.Traceparent),
	}
	if len(body) > 0 {
		o.body, o.body_size = memory.body(body)
	}
	if memory.err != nil {
		return nil, memory.err
	}
	if err := notBegun(ctx, "write"); err != nil {
		return nil, err
	}
	return c.document(ctx, func(
		p *C.askel_s4_client, call **C.askel_s4_call, object **C.askel_s4_error,
	) C.askel_s4_status {
		return C.askel_s4_client_write(p, &o, call, object)
	})
}

// bodyText gives the JSON of a body; none for nil.
func bodyText(body any, service string) ([]byte, error) {
	switch given := body.(type) {
	case nil:
		return nil, nil
	case json.RawMessage:
		return given, nil
	}
	converted, err := bodyValue(body, strings.Contains(service, "/odata4/"))
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(converted)
	if err != nil {
		return nil, &Error{Code: ErrInvalidArgument, Message: "Body: " + err.Error(), RetryAfter: -1, cause: err}
	}
	return text, nil
}

// bodyValue gives dates, points in time and decimals, also those in maps and slices, the form of their version.
// Source: OData V2 JSON Format section 4; OData V4 JSON Format section 7.1.
func bodyValue(value any, isV4 bool) (any, error) {
	switch given := value.(type) {
	case Date:
		day, err := time.Parse("2006-01-02", string(given))
		if err != nil {
			return nil, invalidArgument(fmt.Sprintf(`Body: %q is no date such as "2026-11-23"`, string(given)))
		}
		if isV4 {
			return given, nil
		}
		return bodyValue(day, isV4)
	case time.Time:
		if isV4 {
			return given.UTC(), nil
		}
		return fmt.Sprintf("/Date(%d)/", given.UnixMilli()), nil
	case Decimal:
		if isV4 {
			return json.Number(given), nil
		}
	case map[string]any:
		converted := make(map[string]any, len(given))
		for name, each := range given {
			found, err := bodyValue(each, isV4)
			if err != nil {
				return nil, err
			}
			converted[name] = found
		}
		return converted, nil
	case []any:
		return bodyValues(given, isV4)
	case []map[string]any:
		return bodyValues(given, isV4)
	}
	return value, nil
}

func bodyValues[T any](values []T, isV4 bool) (any, error) {
	converted := make([]any, len(values))
	for position, each := range values {
		found, err := bodyValue(each, isV4)
		if err != nil {
			return nil, err
		}
		converted[position] = found
	}
	return converted, nil
}
