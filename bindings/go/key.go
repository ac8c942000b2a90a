// SPDX-License-Identifier: Apache-2.0

package askels4

/*
#include <stdlib.h>
#include <askel_s4.h>

int askelGoWrap(void *, const uint8_t *, size_t, const uint8_t *, size_t, askel_s4_sink *);
int askelGoUnwrap(void *, const uint8_t *, size_t, const uint8_t *, size_t, askel_s4_sink *);
void askelGoFree(void *);

static void askel_go_service(askel_s4_key *key, void *userdata) {
  key->wrap = askelGoWrap;
  key->unwrap = askelGoUnwrap;
  key->userdata = userdata;
  key->free_fn = askelGoFree;
}
*/
import "C"

import (
	"runtime/cgo"
	"time"
	"unsafe"
)

// Key is a key-encryption key: KeyFile, KeyBytes, Passphrase or ServiceKey. Instances may share it.
type Key interface {
	fill(taken *taken, key *C.askel_s4_key)
}

// KeyFile is a file with mode 0600 or 0400 of 32 raw bytes or 64 hexadecimal digits; CreateKeyFile makes one.
type KeyFile struct {
	Path string
	// AllowShared admits a file that others may read, as read-only secret volumes of containers have them.
	AllowShared bool
}

// KeyBytes is the key itself: 32 random bytes. The product wipes its own copy.
type KeyBytes []byte

// Passphrase has 8 to 1024 bytes of UTF-8; scrypt stretches it, which takes half a second and 128 MiB. The product
// wipes its own copy.
type Passphrase []byte

// ServiceKey is a key that never leaves its key management service (KMS).
//
// Wrap encrypts a key of at most 1 KiB there, Unwrap decrypts what Wrap gave, at most 16 KiB. The service must bind
// associatedData, at most 512 bytes and not secret, to the wrapped key and demand it again ("encryption context",
// "additional authenticated data"). Both run inside calls of the product, several at once, and may take their time: one
// Unwrap for each connection that is opened, not for each request. They must not use the instance that they run for.
// Their error ends the call with ErrVaultKeyRefused, which wraps it, or with ErrVaultUnavailable where it
// is that or context.DeadlineExceeded: the service is down; a panic is a refusal. What they are given and what they
// give is wiped when they have returned.
type ServiceKey struct {
	// Name is what the key is called there, 1 to 512 bytes; it stands in the vault, in clear, to tell keys apart.
	Name         string
	Wrap, Unwrap func(data, associatedData []byte) ([]byte, error)
	// DataKeyTTL is for how long an unwrapped key is kept in locked memory, so that opening a connection again asks
	// nothing; 0 is 5 minutes; negative: not at all.
	DataKeyTTL time.Duration
}

func (k KeyFile) fill(taken *taken, key *C.askel_s4_key) {
	key.kind = C.ASKEL_S4_KEY_FILE
	key.file = taken.given("Path", k.Path)
	key.allow_shared_file = flag(k.AllowShared)
}

func (k KeyBytes) fill(taken *taken, key *C.askel_s4_key) {
	key.kind = C.ASKEL_S4_KEY_BYTES
	key.bytes, key.size = taken.copied(k)
}

func (k Passphrase) fill(taken *taken, key *C.askel_s4_key) {
	key.kind = C.ASKEL_S4_KEY_PASSPHRASE
	key.bytes, key.size = taken.copied(k)
}

func (k ServiceKey) fill(taken *taken, key *C.askel_s4_key) {
	if k.Wrap == nil || k.Unwrap == nil {
		taken.err = invalidArgument("a ServiceKey needs both Wrap and Unwrap")
		return
	}
	key.kind = C.ASKEL_S4_KEY_SERVICE
	key.name = taken.given("Name", k.Name)
	key.data_key_ttl_ms = milliseconds(k.DataKeyTTL)
	if k.DataKeyTTL < 0 {
		// Also where it is less than a millisecond.
		key.data_key_ttl_ms = -1
	}
	C.askel_go_service(key, taken.hold(k))
}

// taken is an arena of a call that takes keys or a store, which the library frees when it needs them no more.
type taken struct {
	arena
	handles []unsafe.Pointer
	called  bool
}

// key gives the struct of a key; NULL for nil.
func (t *taken) key(key Key) *C.askel_s4_key {
	if key == nil {
		return nil
	}
	memory := (*C.askel_s4_key)(t.bytes(C.sizeof_askel_s4_key))
	memory.struct_size = C.sizeof_askel_s4_key
	key.fill(t, memory)
	return memory
}

func (t *taken) copied(data []byte) (*C.uint8_t, C.size_t) {
	memory := t.bytes(len(data))
	copy(unsafe.Slice((*byte)(memory), len(data)), data)
	return (*C.uint8_t)(memory), C.size_t(len(data))
}

// hold gives the userdata of callbacks: C memory with the handle of what they belong to.
func (t *taken) hold(value any) unsafe.Pointer {
	userdata := hold(value)
	t.handles = append(t.handles, userdata)
	return userdata
}

func hold(value any) unsafe.Pointer {
	userdata := C.malloc(C.size_t(unsafe.Sizeof(cgo.Handle(0))))
	*(*cgo.Handle)(userdata) = cgo.NewHandle(value)
	return userdata
}

// release lets go of what hold held.
func release(userdata unsafe.Pointer) {
	(*(*cgo.Handle)(userdata)).Delete()
	C.free(userdata)
}

// free ends the call. What the library was never given is let go of here.
func (t *taken) free() {
	if !t.called {
		for _, each := range t.handles {
			release(each)
		}
	}
	t.arena.free()
}

func wipe(data []byte) {
	for index := range data {
		data[index] = 0
	}
}
