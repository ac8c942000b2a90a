// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// Cursor is one read: its rows, and the receipt over all of them. One goroutine at a time.
//
//	for cursor.Next(ctx) {
//		fmt.Println(cursor.Text("SalesOrder"), cursor.Text("TotalNetAmount"))
//	}
//	if err := cursor.Err(); err != nil { ... }
type Cursor struct {
	// The client, and with it the instance, stays open while this cursor is there.
	client  *Client
	mu      sync.Mutex
	pointer *C.askel_s4_cursor
	row     C.size_t
	rows    C.size_t
	done    bool
	err     error
}

func (c *Client) cursor(
	prepare func(*C.askel_s4_client, **C.askel_s4_cursor, **C.askel_s4_error) C.askel_s4_status,
) (*Cursor, error) {
	var pointer *C.askel_s4_cursor
	err := c.with(func(p *C.askel_s4_client, object **C.askel_s4_error) C.askel_s4_status {
		return prepare(p, &pointer, object)
	})
	if err != nil {
		return nil, err
	}
	cursor := &Cursor{client: c, pointer: pointer}
	runtime.SetFinalizer(cursor, (*Cursor).Close)
	return cursor, nil
}

// Close frees the read. Do not call it while Next runs: end that through its context.
func (c *Cursor) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	C.askel_s4_cursor_free(c.pointer)
	c.pointer, c.rows = nil, 0
	runtime.SetFinalizer(c, nil)
	return nil
}

// Next goes to the next row and fetches its page where that is needed. It gives false at the end and on an error: Err
// tells them apart. A read that was cancelled or cut off goes on with the same page when Next is called again.
func (c *Cursor) Next(ctx context.Context) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.row+1 < c.rows {
		c.row++
		return true
	}
	c.row, c.rows, c.err = 0, 0, nil
	for c.rows == 0 && !c.done && c.err == nil {
		c.err = c.fetch(ctx)
	}
	return c.rows > 0
}

// Err gives what ended the read, or nil where it came to its end.
func (c *Cursor) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *Cursor) fetch(ctx context.Context) error {
	if c.pointer == nil {
		return closed("cursor")
	}
	var call *C.askel_s4_call
	err := called(func(object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_cursor_next(c.pointer, &call, object)
	})
	if err != nil {
		return err
	}
	return finish(ctx, call, func(call *C.askel_s4_call) error {
		var hasPage C.int32_t
		err := called(func(object **C.askel_s4_error) C.askel_s4_status {
			return C.askel_s4_call_take_page(call, &hasPage, object)
		})
		if err != nil {
			return err
		}
		c.done = hasPage == 0
		if !c.done {
			c.rows = C.askel_s4_cursor_row_count(c.pointer)
		}
		return nil
	})
}

// Field gives a member of the row that Next went to.
func (c *Cursor) Field(name string) (Field, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pointer == nil {
		return Field{}, closed("cursor")
	}
	return field(name, func(text *C.char, out *C.askel_s4_field, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_cursor_field(c.pointer, c.row, text, out, object)
	})
}

// Text gives a member of the row as text; "" where it is absent or null.
func (c *Cursor) Text(name string) string {
	found, err := c.Field(name)
	if err != nil {
		return ""
	}
	return found.Text
}

// JSON gives the row as the object that SAP sent, byte for byte.
func (c *Cursor) JSON() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pointer == nil {
		return "", closed("cursor")
	}
	var view C.askel_s4_view
	var object *C.askel_s4_error
	if err := result(C.askel_s4_cursor_row(c.pointer, c.row, &view, &object), object); err != nil {
		return "", err
	}
	return copyView(view), nil
}

// Verdict is what was proven about the rows of a read.
type Verdict int32

const (
	// VerdictReading: more pages may come.
	VerdictReading Verdict = C.ASKEL_S4_VERDICT_READING
	// VerdictCompleteCounted: the server's count was met by an unbroken chain of pages without a doubled key.
	VerdictCompleteCounted Verdict = C.ASKEL_S4_VERDICT_COMPLETE_COUNTED
	// VerdictChainUnbroken: the chain of pages is unbroken to its end; there is no count to hold it against.
	VerdictChainUnbroken Verdict = C.ASKEL_S4_VERDICT_CHAIN_UNBROKEN
	// VerdictFailed: the read ended with an error.
	VerdictFailed Verdict = C.ASKEL_S4_VERDICT_FAILED
)

// Receipt of a read; final when its verdict is not VerdictReading. The header describes each member.
type Receipt struct {
	Verdict            Verdict
	Pages              uint32
	Rows               uint64
	Requests           uint64
	Mints, MintsUnused uint64
	Retries            uint64
	BytesWire, Bytes   uint64
	// ServerCount is the server's own count, or -1.
	ServerCount       int64
	Duplicates        uint64
	DuplicateWindow   uint64
	Elapsed           time.Duration
	FirstKey, LastKey string
	// Text is one sentence: what was proven and what could not be.
	Text string
}

// Receipt gives the receipt as it stands.
func (c *Cursor) Receipt() (Receipt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pointer == nil {
		return Receipt{}, closed("cursor")
	}
	r := C.askel_s4_receipt{struct_size: C.sizeof_askel_s4_receipt}
	var object *C.askel_s4_error
	if err := result(C.askel_s4_cursor_receipt(c.pointer, &r, &object), object); err != nil {
		return Receipt{}, err
	}
	return Receipt{
		Verdict:         Verdict(r.verdict),
		Pages:           uint32(r.pages),
		Rows:            uint64(r.rows),
		Requests:        uint64(r.requests),
		Mints:           uint64(r.mints),
		MintsUnused:     uint64(r.mints_unused),
		Retries:         uint64(r.retries),
		BytesWire:       uint64(r.bytes_wire),
		Bytes:           uint64(r.bytes),
		ServerCount:     int64(r.server_count),
		Duplicates:      uint64(r.duplicates),
		DuplicateWindow: uint64(r.duplicate_window),
		Elapsed:         time.Duration(r.elapsed_ms) * time.Millisecond,
		FirstKey:        copyView(r.first_key),
		LastKey:         copyView(r.last_key),
		Text:            copyView(r.text),
	}, nil
}
