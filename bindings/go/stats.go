// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"encoding/json"
	"time"
)

// Stats counts requests since the instance was opened.
type Stats struct {
	// Connection is whose they are; "": of all connections together.
	Connection string
	Since      time.Time
	// API are the requests to the tenant's API, Token those to its token endpoint.
	API, Token RequestStats
}

// RequestStats counts the requests to one end.
type RequestStats struct {
	// Requests counts every attempt; Retries those of them that repeat one.
	Requests, Retries uint64
	// Answers counts answers by "1xx" to "5xx"; Unanswered the requests that got none.
	Answers    map[string]uint64
	Unanswered uint64
	BytesSent  uint64 `json:"bytes_sent"`
	// BytesWire counts the answers' bodies as they came, Bytes the same decompressed.
	BytesWire uint64 `json:"bytes_wire"`
	Bytes     uint64
	Latency   struct {
		Count uint64
		// Sum and Max in milliseconds.
		Sum, Max uint64
		// AtMost holds pairs: milliseconds, and how many requests took so long or less.
		AtMost [][2]uint64 `json:"le"`
	} `json:"latency_ms"`
}

// Stats counts the requests of one connection, or with "" of all together.
func (i *Instance) Stats(connection string) (Stats, error) {
	var memory arena
	defer memory.free()
	name := memory.text("connection", connection)
	var stats Stats
	if memory.err != nil {
		return stats, memory.err
	}
	var text *C.char
	err := i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_instance_stats(p, name, &text, object)
	})
	if err != nil {
		return stats, err
	}
	return stats, json.Unmarshal([]byte(takeText(text)), &stats)
}
