// SPDX-License-Identifier: Apache-2.0

package askels4

/*
#include <askel_s4.h>

int askelGoGet(void *, const char *, askel_s4_sink *);
int askelGoList(void *, const char *, const char *, size_t, askel_s4_sink *);
int askelGoCommit(void *, const askel_s4_store_change *, size_t, askel_s4_sink *);
void askelGoFree(void *);

static void askel_go_store(askel_s4_store *store, void *userdata) {
  store->get = askelGoGet;
  store->list = askelGoList;
  store->commit = askelGoCommit;
  store->userdata = userdata;
  store->free_fn = askelGoFree;
}
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Store is a product's own database in place of the vault's file. It keeps (key, version, value) and is never shown
// a secret: all values are sealed. Where it is a fmt.Stringer, messages call it so.
//
// Its methods run inside calls of the product, several at once; they may take their time, and must not use the instance
// that they run for. Their error ends the call with ErrVaultUnavailable, which wraps it; so does a panic.
type Store interface {
	// Get gives the record of this key as it was last committed; nil where there is none.
	Get(key string) (*Record, error)
	// List gives the records whose keys begin with prefix and come after that key ("": from the first on), in the order
	// of the keys' bytes, at most limit.
	List(prefix, after string, limit int) ([]Record, error)
	// Commit carries out all of the changes, durably, or none. Where a record is not at its expected version it gives
	// ErrConflict: the library reads again and comes back.
	Commit(changes []StoreChange) error
}

// Record of a store.
type Record struct {
	// Key is ASCII, 1 to 128 bytes.
	Key string
	// Version is at least 1.
	Version int64
	// Value has at most 3 MiB.
	Value []byte
}

// StoreAction is what is to happen to a record.
type StoreAction int32

const (
	// StorePut makes it, or gives it a new value and version.
	StorePut StoreAction = C.ASKEL_S4_CHANGE_PUT
	// StoreDelete deletes it.
	StoreDelete StoreAction = C.ASKEL_S4_CHANGE_DELETE
	// StoreKeep leaves it: only that it is still at the expected version counts.
	StoreKeep StoreAction = C.ASKEL_S4_CHANGE_KEEP
)

// StoreChange is one record's part in a change that comes whole or not at all.
type StoreChange struct {
	Action StoreAction
	Key    string
	// ExpectedVersion is the one that the record has now; 0: there is no such record. Anything else is a conflict.
	ExpectedVersion int64
	// Version to keep with the new Value, for StorePut.
	Version int64
	Value   []byte
}

// store gives the struct of a store; NULL for nil.
func (t *taken) store(store Store) *C.askel_s4_store {
	if store == nil {
		return nil
	}
	memory := (*C.askel_s4_store)(t.bytes(C.sizeof_askel_s4_store))
	memory.struct_size = C.sizeof_askel_s4_store
	if named, ok := store.(fmt.Stringer); ok {
		memory.title = t.text("the store's name", named.String())
	}
	C.askel_go_store(memory, t.hold(store))
	return memory
}

func give(sink *C.askel_s4_sink, record Record) error {
	var memory arena
	defer memory.free()
	key := memory.given("the record's key", record.Key)
	if memory.err != nil {
		return memory.err
	}
	var value unsafe.Pointer
	if len(record.Value) > 0 {
		value = unsafe.Pointer(&record.Value[0])
	}
	C.askel_s4_sink_record(sink, key, C.int64_t(record.Version), value, C.size_t(len(record.Value)))
	return nil
}
