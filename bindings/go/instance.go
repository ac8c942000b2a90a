// SPDX-License-Identifier: Apache-2.0

// Package askels4 connects a product to its customers' SAP S/4HANA Cloud tenants. It is the Go binding of
// libaskel_s4: see the header askel_s4.h for what each operation promises.
package askels4

// #include <askel_s4.h>
import "C"

import (
	"encoding/json"
	"runtime"
	"sync"
	"unsafe"
)

// Instance is the library as one product process uses it: a vault, an HTTP engine, an event queue. Goroutines may
// share it.
type Instance struct {
	mu      sync.RWMutex
	pointer *C.askel_s4_instance
}

// InstanceOptions say how to open an instance. Exactly one of KeyFile and Key is given.
type InstanceOptions struct {
	// Vault is the path of the vault, a file; made where absent.
	Vault string
	// KeyFile is the path of the key-encryption key, a file with mode 0600; CreateKeyFile makes one.
	KeyFile string
	// Key is the key-encryption key itself: 32 random bytes.
	Key []byte
	// EventCapacity is how many events are kept for NextEvent; 0 is 1024.
	EventCapacity uint32
}

// CreateKeyFile makes a new key file of 32 random bytes with mode 0600. An existing file is left alone. Keep a copy in
// a safe place: without the key nothing in the vault opens.
func CreateKeyFile(path string) error {
	var memory arena
	defer memory.free()
	text := memory.given("path", path)
	if memory.err != nil {
		return memory.err
	}
	var object *C.askel_s4_error
	return result(C.askel_s4_key_file_create(text, &object), object)
}

// Open opens the vault under its key. Nothing is sent anywhere.
func Open(options InstanceOptions) (*Instance, error) {
	var memory arena
	defer memory.free()
	o := C.askel_s4_instance_options{
		struct_size:    C.sizeof_askel_s4_instance_options,
		vault_path:     memory.text("Vault", options.Vault),
		key_file:       memory.text("KeyFile", options.KeyFile),
		event_capacity: C.uint32_t(options.EventCapacity),
	}
	if options.Key != nil {
		key := memory.bytes(len(options.Key))
		copy(unsafe.Slice((*byte)(key), len(options.Key)), options.Key)
		o.key, o.key_size = (*C.uint8_t)(key), C.size_t(len(options.Key))
	}
	if memory.err != nil {
		return nil, memory.err
	}
	var pointer *C.askel_s4_instance
	var object *C.askel_s4_error
	if err := result(C.askel_s4_instance_open(&o, &pointer, &object), object); err != nil {
		return nil, err
	}
	instance := &Instance{pointer: pointer}
	runtime.SetFinalizer(instance, (*Instance).Close)
	return instance, nil
}

// Close cancels what still runs and wipes the keys. Clients and cursors that are still there answer ErrClosed.
func (i *Instance) Close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	C.askel_s4_instance_close(i.pointer)
	i.pointer = nil
	runtime.SetFinalizer(i, nil)
	return nil
}

// with calls a function of the library while the instance is certain to stay open.
func (i *Instance) with(call func(*C.askel_s4_instance, **C.askel_s4_error) C.askel_s4_status) error {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if i.pointer == nil {
		return closed("instance")
	}
	var object *C.askel_s4_error
	return result(call(i.pointer, &object), object)
}

// Status tells how the instance stands.
type Status struct {
	Version       string
	VaultID       string `json:"vault_id"`
	Connections   int
	Wiping        string
	Curl          string
	TLS           string
	Mints         uint64
	Requests      uint64
	EventsDropped uint64 `json:"events_dropped"`
}

// Status tells how the instance stands.
func (i *Instance) Status() (Status, error) {
	var status Status
	var text *C.char
	err := i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_instance_status(p, &text, object)
	})
	if err != nil {
		return status, err
	}
	return status, json.Unmarshal([]byte(takeText(text)), &status)
}

// Event is something that the library has to tell: Kind is "connection_state" or "events_dropped".
type Event struct {
	Kind       string `json:"event"`
	Connection string
	From, To   string
	Recovered  bool
	At         string
	Code       string
	Message    string
	Count      uint64
}

// NextEvent takes the oldest event, or gives nil where none waits. Each event goes to one caller.
func (i *Instance) NextEvent() (*Event, error) {
	var text *C.char
	err := i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_instance_next_event(p, &text, object)
	})
	if err != nil || text == nil {
		return nil, err
	}
	event := &Event{}
	return event, json.Unmarshal([]byte(takeText(text)), event)
}
