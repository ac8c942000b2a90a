// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"time"
)

// HTTPVersion of the requests.
type HTTPVersion int32

const (
	// HTTP11 leaves no copy of a token in memory.
	HTTP11 HTTPVersion = C.ASKEL_S4_HTTP_1_1
	// HTTP2 lets many requests share one connection; copies of headers stay in its tables
	// until that closes, and are freed without being wiped.
	HTTP2 HTTPVersion = C.ASKEL_S4_HTTP_2
)

// MintPolicy is how long an access token lives in this process.
type MintPolicy int32

const (
	// MintPerRequest mints a token for each request, sends it once, and wipes it.
	MintPerRequest MintPolicy = C.ASKEL_S4_MINT_PER_REQUEST
	// MintPerCall mints one for all requests of one cursor or other call, in wiped memory: anew before its end (after 30
	// seconds where the endpoint names none) and after a 401; wiped when the cursor ends or is closed.
	MintPerCall MintPolicy = C.ASKEL_S4_MINT_PER_CALL
)

// ClientOptions say how to open a client.
type ClientOptions struct {
	// Connection is the connection's ID.
	Connection  string
	HTTPVersion HTTPVersion
	// MaxAnswerBytes is the largest answer after decompression; 0 is 256 MiB.
	MaxAnswerBytes uint64
	// Language of SAP's texts; "" is "en".
	Language string
	// Timeout of an operation that names none; 0 is 60 seconds.
	Timeout time.Duration
	// Retries is how often a read, or a token request, is sent again after a lost connection or a passing error, within
	// its time; 0 is 4, a negative number never. The receipt counts them.
	Retries int32
	// MintPolicy is MintPerRequest where it is left out.
	MintPolicy MintPolicy
}

// Client is one connection, open for work. Goroutines may share it. A token is minted for each request, used once,
// and wiped, unless MintPolicy says otherwise.
type Client struct {
	// The instance stays open while this client is there.
	instance *Instance
	mu       sync.RWMutex
	pointer  *C.askel_s4_client
}

// Client opens a connection for work. Nothing is sent.
func (i *Instance) Client(options ClientOptions) (*Client, error) {
	var memory arena
	defer memory.free()
	o := C.askel_s4_client_options{
		struct_size:      C.sizeof_askel_s4_client_options,
		connection:       memory.text("Connection", options.Connection),
		http_version:     C.int32_t(options.HTTPVersion),
		max_answer_bytes: C.uint64_t(options.MaxAnswerBytes),
		language:         memory.text("Language", options.Language),
		timeout_ms:       milliseconds(options.Timeout),
		retries:          C.int32_t(options.Retries),
		mint_policy:      C.int32_t(options.MintPolicy),
	}
	if memory.err != nil {
		return nil, memory.err
	}
	var pointer *C.askel_s4_client
	err := i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_client_open(p, &o, &pointer, object)
	})
	if err != nil {
		return nil, err
	}
	client := &Client{instance: i, pointer: pointer}
	runtime.SetFinalizer(client, (*Client).Close)
	return client, nil
}

// Close frees the client; its cursors go on. Its credential is wiped when the last of them is gone.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	C.askel_s4_client_free(c.pointer)
	c.pointer = nil
	runtime.SetFinalizer(c, nil)
	return nil
}

func (c *Client) with(call func(*C.askel_s4_client, **C.askel_s4_error) C.askel_s4_status) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.pointer == nil {
		return closed("client")
	}
	return called(func(object **C.askel_s4_error) C.askel_s4_status { return call(c.pointer, object) })
}

// ReadOptions say what to read.
type ReadOptions struct {
	// Service is a name ("API_SALES_ORDER_SRV") or a whole path that begins with "/".
	Service   string
	EntitySet string
	// Filter has a `?` for each of Params: "OverallSDProcessStatus ne ? and CreationDate ge ?".
	Filter string
	Params []any
	// Select and Expand name properties; nil selects all.
	Select, Expand []string
	// OrderBy is "CreationDate desc, SalesOrder"; "" is the key, so that pages neither overlap nor leave gaps.
	OrderBy string
	// Top is the most rows to deliver over all pages; 0 is all.
	Top uint64
	// PageSize is the rows a page to ask the server for; it may send others.
	PageSize uint32
	// Count asks for the server's own count, where it can.
	Count bool
	// Timeout of each page; 0 is the client's.
	Timeout time.Duration
	// Traceparent is the W3C Trace Context header for the requests of this operation; "": none.
	Traceparent string
}

// Read prepares a read; Cursor.Next sends the first request.
func (c *Client) Read(options ReadOptions) (*Cursor, error) {
	var memory arena
	defer memory.free()
	params, count := memory.params(options.Params)
	o := C.askel_s4_read_options{
		struct_size: C.sizeof_askel_s4_read_options,
		service:     memory.text("Service", options.Service),
		entity_set:  memory.text("EntitySet", options.EntitySet),
		filter:      memory.text("Filter", options.Filter),
		params:      params,
		param_count: count,
		_select:     memory.text("Select", strings.Join(options.Select, ",")),
		expand:      memory.text("Expand", strings.Join(options.Expand, ",")),
		orderby:     memory.text("OrderBy", options.OrderBy),
		top:         C.uint64_t(options.Top),
		page_size:   C.uint32_t(options.PageSize),
		count:       flag(options.Count),
		timeout_ms:  milliseconds(options.Timeout),
		traceparent: memory.text("Traceparent", options.Traceparent),
	}
	if memory.err != nil {
		return nil, memory.err
	}
	return c.cursor(func(p *C.askel_s4_client, out **C.askel_s4_cursor, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_client_read(p, &o, out, object)
	})
}

// GetOptions say which document to get.
type GetOptions struct {
	Service, EntitySet string
	// Key has a `?` for each of Params: "?" for a key of one property, else "SalesOrder=?,SalesOrderItem=?".
	Key            string
	Params         []any
	Select, Expand []string
	// Timeout; 0 is the client's.
	Timeout time.Duration
	// Traceparent is the W3C Trace Context header for the requests of this operation; "": none.
	Traceparent string
}

// Get gets one document. A key that does not exist is ErrNotFound.
func (c *Client) Get(ctx context.Context, options GetOptions) (*Document, error) {
	var memory arena
	defer memory.free()
	params, count := memory.params(options.Params)
	o := C.askel_s4_get_options{
		struct_size: C.sizeof_askel_s4_get_options,
		service:     memory.text("Service", options.Service),
		entity_set:  memory.text("EntitySet", options.EntitySet),
		key:         memory.text("Key", options.Key),
		params:      params,
		param_count: count,
		_select:     memory.text("Select", strings.Join(options.Select, ",")),
		expand:      memory.text("Expand", strings.Join(options.Expand, ",")),
		timeout_ms:  milliseconds(options.Timeout),
		traceparent: memory.text("Traceparent", options.Traceparent),
	}
	if memory.err != nil {
		return nil, memory.err
	}
	return c.document(ctx, func(
		p *C.askel_s4_client, call **C.askel_s4_call, object **C.askel_s4_error,
	) C.askel_s4_status {
		return C.askel_s4_client_get(p, &o, call, object)
	})
}

// Delivery is which sales orders, by how far their delivery has come.
type Delivery int32

const (
	// DeliveryAny is every order.
	DeliveryAny Delivery = C.ASKEL_S4_DELIVERY_ANY
	// DeliveryNotStarted is status A.
	DeliveryNotStarted Delivery = C.ASKEL_S4_DELIVERY_NOT_STARTED
	// DeliveryPartial is status B.
	DeliveryPartial Delivery = C.ASKEL_S4_DELIVERY_PARTIAL
)

// SalesOrderOptions say which sales orders to read: by default all open ones.
type SalesOrderOptions struct {
	// CreatedFrom is the first creation date: "2026-10-24".
	CreatedFrom      Date
	Delivery         Delivery
	IncludeCompleted bool
	// WithItems gives each order its items and their schedule lines (to_Item, to_ScheduleLine).
	WithItems bool
	// PageSize, Count, Timeout and Traceparent as in ReadOptions.
	PageSize    uint32
	Count       bool
	Timeout     time.Duration
	Traceparent string
}

// SalesOrders prepares a read of sales orders with the fields that an order list shows.
func (c *Client) SalesOrders(options SalesOrderOptions) (*Cursor, error) {
	var memory arena
	defer memory.free()
	o := C.askel_s4_sales_order_options{
		struct_size:       C.sizeof_askel_s4_sales_order_options,
		created_from:      memory.text("CreatedFrom", string(options.CreatedFrom)),
		delivery:          C.int32_t(options.Delivery),
		include_completed: flag(options.IncludeCompleted),
		with_items:        flag(options.WithItems),
		page_size:         C.uint32_t(options.PageSize),
		count:             flag(options.Count),
		timeout_ms:        milliseconds(options.Timeout),
		traceparent:       memory.text("Traceparent", options.Traceparent),
	}
	if memory.err != nil {
		return nil, memory.err
	}
	return c.cursor(func(p *C.askel_s4_client, out **C.askel_s4_cursor, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_sales_order_read(p, &o, out, object)
	})
}
