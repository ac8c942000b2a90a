// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"context"
	"runtime"
	"sync"
)

// FieldKind is what a field holds. Types come from $metadata.
type FieldKind int32

const (
	// FieldAbsent: there is no such member.
	FieldAbsent FieldKind = C.ASKEL_S4_FIELD_ABSENT
	// FieldNull is null.
	FieldNull FieldKind = C.ASKEL_S4_FIELD_NULL
	// FieldText is text.
	FieldText FieldKind = C.ASKEL_S4_FIELD_TEXT
	// FieldNumber is exact decimal text.
	FieldNumber FieldKind = C.ASKEL_S4_FIELD_NUMBER
	// FieldBoolean is "true" or "false".
	FieldBoolean FieldKind = C.ASKEL_S4_FIELD_BOOLEAN
	// FieldDateTime is RFC 3339 in UTC, to be parsed with time.RFC3339Nano.
	FieldDateTime FieldKind = C.ASKEL_S4_FIELD_DATE_TIME
	// FieldJSON is an object or array: an expanded navigation property.
	FieldJSON FieldKind = C.ASKEL_S4_FIELD_JSON
)

// Field is a member of a row or document.
type Field struct {
	Kind FieldKind
	Text string
}

func field(
	name string, find func(*C.char, *C.askel_s4_field, **C.askel_s4_error) C.askel_s4_status,
) (Field, error) {
	var memory arena
	defer memory.free()
	text := memory.given("name", name)
	if memory.err != nil {
		return Field{}, memory.err
	}
	var found C.askel_s4_field
	var object *C.askel_s4_error
	if err := result(find(text, &found, &object), object); err != nil {
		return Field{}, err
	}
	return Field{Kind: FieldKind(found.kind), Text: copyView(found.text)}, nil
}

// Document is one document that was asked for by its key, or what the tenant answered to a write.
type Document struct {
	// ETag as SAP sent it; "" where there is none.
	ETag string
	// HTTPStatus of the answer.
	HTTPStatus int
	// JSON is the object that SAP sent; "" where a write was answered without one.
	JSON    string
	mu      sync.Mutex
	pointer *C.askel_s4_reply
}

func takeDocument(call *C.askel_s4_call) (*Document, error) {
	var pointer *C.askel_s4_reply
	err := called(func(object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_call_take_reply(call, &pointer, object)
	})
	if err != nil {
		return nil, err
	}
	d := &Document{pointer: pointer}
	runtime.SetFinalizer(d, (*Document).Close)
	d.ETag = C.GoString(C.askel_s4_reply_etag(d.pointer))
	d.HTTPStatus = int(C.askel_s4_reply_http_status(d.pointer))
	d.JSON = copyView(C.askel_s4_reply_document(d.pointer))
	return d, nil
}

// document starts what ends in a document, and waits for it.
func (c *Client) document(
	ctx context.Context,
	start func(*C.askel_s4_client, **C.askel_s4_call, **C.askel_s4_error) C.askel_s4_status,
) (*Document, error) {
	var call *C.askel_s4_call
	err := c.with(func(p *C.askel_s4_client, object **C.askel_s4_error) C.askel_s4_status {
		return start(p, &call, object)
	})
	if err != nil {
		return nil, err
	}
	var document *Document
	err = finish(ctx, call, func(call *C.askel_s4_call) (err error) {
		document, err = takeDocument(call)
		return err
	})
	return document, err
}

// notBegun is why what may change something is not sent: a context that is over by now must not leave open whether
// anything was.
func notBegun(ctx context.Context, what string) error {
	if err := ctx.Err(); err != nil {
		message := "the context ended before the " + what + ": nothing was sent"
		return &Error{Code: ErrCancelled, Message: message, RetryAfter: -1, cause: err}
	}
	return nil
}

// Field gives a member of the document.
func (d *Document) Field(name string) (Field, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pointer == nil {
		return Field{}, closed("document")
	}
	return field(name, func(text *C.char, out *C.askel_s4_field, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_reply_field(d.pointer, text, out, object)
	})
}

// Header gives a header of the answer by its name, in any case: "sap-message" (warnings of SAP's as JSON), "location".
// It is "" where there is none, and after Close. Cookies and CSRF tokens are not among them.
func (d *Document) Header(name string) string {
	var memory arena
	defer memory.free()
	text := memory.given("name", name)
	d.mu.Lock()
	defer d.mu.Unlock()
	if memory.err != nil || d.pointer == nil {
		return ""
	}
	return C.GoString(C.askel_s4_reply_header(d.pointer, text))
}

// Close frees the document; its ETag, HTTPStatus and JSON stay.
func (d *Document) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	C.askel_s4_reply_free(d.pointer)
	d.pointer = nil
	runtime.SetFinalizer(d, nil)
	return nil
}
