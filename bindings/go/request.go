// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"context"
	"net/http"
	"time"
	"unsafe"
)

// Request is one of the product's own making, for what the other methods have no form for: a REST service, an OData V4
// action, a $batch. It goes to the connection's host with the connection's credential, and nowhere else.
type Request struct {
	// Method is GET, HEAD, POST, PUT, PATCH, MERGE or DELETE.
	Method string
	// Path and query, percent-encoded, beginning with "/".
	Path string
	// Header: Accept is application/json where none is given, and the body's Content-Type likewise. What the library
	// sets itself is refused.
	Header http.Header
	// Body of any kind; nil: none.
	Body []byte
	// Service whose CSRF session the request carries, where it writes; "": none.
	Service string
	// Repeatable: sent twice it does what it does once, as a $batch of reads. It is sent again after a lost connection.
	Repeatable bool
	// Timeout; 0 is the client's.
	Timeout time.Duration
	// Traceparent is the W3C Trace Context header for the requests of this operation; "": none.
	Traceparent string
}

// Do sends a request and gives what was answered with 200..299 or 304: JSON of the document is its body, of whatever
// type. Every other status is an error, a redirect too: it is not followed.
func (c *Client) Do(ctx context.Context, request Request) (*Document, error) {
	var memory arena
	defer memory.free()
	o := C.askel_s4_request_options{
		struct_size: C.sizeof_askel_s4_request_options,
		method:      memory.given("Method", request.Method),
		path:        memory.given("Path", request.Path),
		service:     memory.text("Service", request.Service),
		repeatable:  flag(request.Repeatable),
		timeout_ms:  milliseconds(request.Timeout),
		traceparent: memory.text("Traceparent", request.Traceparent),
	}
	count := 0
	for _, values := range request.Header {
		count += len(values)
	}
	if count > 0 {
		list := (*C.askel_s4_header)(memory.bytes(count * C.sizeof_askel_s4_header))
		headers := unsafe.Slice(list, count)
		index := 0
		for name, values := range request.Header {
			for _, value := range values {
				headers[index].name = memory.given("Header", name)
				headers[index].value = memory.given("Header", value)
				index++
			}
		}
		o.headers, o.header_count = list, C.size_t(count)
	}
	if request.Body != nil {
		o.body, o.body_size = memory.body(request.Body)
	}
	if memory.err != nil {
		return nil, memory.err
	}
	if err := notBegun(ctx, "request"); err != nil {
		return nil, err
	}
	return c.document(ctx, func(
		p *C.askel_s4_client, call **C.askel_s4_call, object **C.askel_s4_error,
	) C.askel_s4_status {
		return C.askel_s4_client_request(p, &o, call, object)
	})
}
