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
)

// Instance is the library as one product process uses it: a vault, an HTTP engine, an event queue. Goroutines may
// share it.
type Instance struct {
	mu      sync.RWMutex
	pointer *C.askel_s4_instance
	// closing is closed by Close: who waits for an event then ends.
	closing chan struct{}
}

// InstanceOptions say how to open an instance. Exactly one of Vault and Store, and of KeyFile, Key and VaultKey, is
// given.
type InstanceOptions struct {
	// Vault is the path of the vault, a file; made where absent.
	Vault string
	// KeyFile is the path of the key-encryption key, a file with mode 0600; CreateKeyFile makes one.
	KeyFile string
	// Key is the key-encryption key itself: 32 random bytes.
	Key []byte
	// VaultKey is the key-encryption key, of any kind. A new vault is sealed under it.
	VaultKey Key
	// OtherKey is a second key that may open the vault: the new one before it is rotated to, or the old one until that
	// has ended.
	OtherKey Key
	// Store is the product's own database in place of Vault.
	Store Store
	// ReadOnly writes nothing, as for a vault on a read-only mount: states and audit entries are not kept, and what
	// would change the vault is refused.
	ReadOnly bool
	// Check looks through the whole file first.
	Check bool
	// EventCapacity is how many events are kept for NextEvent; 0 is 1024.
	EventCapacity uint32
	// MintsPerSecond is how many token requests go to one endpoint in any second, over all clients; 0 is 50, a negative
	// number as many as are asked for.
	MintsPerSecond int32
	// LogLevel says which log records come as events; 0 is none.
	LogLevel LogLevel
}

// LogLevel says which log records are wanted; each brings those before it too.
type LogLevel int32

const (
	// LogError: requests that got no answer.
	LogError LogLevel = C.ASKEL_S4_LOG_ERROR
	// LogWarning: answers that refuse or fail.
	LogWarning LogLevel = C.ASKEL_S4_LOG_WARNING
	// LogInfo: every other request to the API.
	LogInfo LogLevel = C.ASKEL_S4_LOG_INFO
	// LogDebug: token requests that were answered, and what was cancelled.
	LogDebug LogLevel = C.ASKEL_S4_LOG_DEBUG
)

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
	var memory taken
	defer memory.free()
	o := C.askel_s4_instance_options{
		struct_size:    C.sizeof_askel_s4_instance_options,
		vault_path:     memory.text("Vault", options.Vault),
		key_file:       memory.text("KeyFile", options.KeyFile),
		event_capacity: C.uint32_t(options.EventCapacity),
		vault_key:      memory.key(options.VaultKey),
		other_key:      memory.key(options.OtherKey),
		store:          memory.store(options.Store),

		mints_per_second: C.int32_t(options.MintsPerSecond),
		log_level:        C.int32_t(options.LogLevel),
	}
	if options.Key != nil {
		o.key, o.key_size = memory.copied(options.Key)
	}
	if options.ReadOnly {
		o.vault_flags |= C.ASKEL_S4_VAULT_READ_ONLY
	}
	if options.Check {
		o.vault_flags |= C.ASKEL_S4_VAULT_CHECK
	}
	if memory.err != nil {
		return nil, memory.err
	}
	var pointer *C.askel_s4_instance
	err := called(func(object **C.askel_s4_error) C.askel_s4_status {
		memory.called = true
		return C.askel_s4_instance_open(&o, &pointer, object)
	})
	if err != nil {
		return nil, err
	}
	instance := &Instance{pointer: pointer, closing: make(chan struct{})}
	runtime.SetFinalizer(instance, (*Instance).Close)
	return instance, nil
}

// Close cancels what still runs and wipes the keys. Clients and cursors that are still there answer ErrClosed.
func (i *Instance) Close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.pointer == nil {
		return nil
	}
	C.askel_s4_instance_close(i.pointer)
	i.pointer = nil
	close(i.closing)
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
	return called(func(object **C.askel_s4_error) C.askel_s4_status { return call(i.pointer, object) })
}

// Status is how an instance stands.
type Status struct {
	// Version of the library.
	Version string
	VaultID string `json:"vault_id"`
	// Connections that the vault holds.
	Connections int
	// Wiping is "full", or "partial" where the process had initialised libcurl before this library, so that libcurl's
	// own copies of headers are freed without being wiped.
	Wiping string
	// Curl and TLS are the versions of libcurl and of its TLS library.
	Curl, TLS string
	// Mints and Requests are the tokens minted and the requests sent by this instance.
	Mints, Requests uint64
	// EventsDropped is how many events nobody took in time.
	EventsDropped uint64 `json:"events_dropped"`
	// MemoryLocked is false where the limit on locked memory (RLIMIT_MEMLOCK) has no room: secrets are then wiped all
	// the same, but may reach the swap.
	MemoryLocked bool `json:"memory_locked"`
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
