// SPDX-License-Identifier: Apache-2.0

package askels4

/*
#include <askel_s4.h>

int askelGoProgress(void *, uint64_t, uint64_t);

static void askel_go_progress(askel_s4_rotate_options *options, void *userdata) {
  options->progress = askelGoProgress;
  options->userdata = userdata;
}
*/
import "C"

import (
	"context"
	"encoding/json"
	"errors"
)

// VaultStatus is how a vault stands.
type VaultStatus struct {
	VaultID string `json:"vault_id"`
	// Storage is "sqlite" or "store".
	Storage string
	// Format of its records.
	Format   int
	ReadOnly bool `json:"read_only"`
	// ReadOnlyReason is why; "" where it is not.
	ReadOnlyReason string `json:"read_only_reason"`
	Connections    int
	// KeyVersion is how often the key was changed, plus one.
	KeyVersion int64 `json:"key_version"`
	// Key is its kind: "file", "bytes", "passphrase" or "service".
	Key string
	// FormerKeyVersion is the one that a rotation that has not ended goes away from; nil where there is none.
	FormerKeyVersion *int64 `json:"former_key_version"`
	// Rotation is what has not ended; nil where there is nothing.
	Rotation *struct {
		// Kind is "rotate" or "rekey".
		Kind        string
		Done, Total uint64
	}
	// AuditEntries is how many entries the audit trail has.
	AuditEntries int64 `json:"audit_entries"`
}

// VaultStatus tells how the vault stands.
func (i *Instance) VaultStatus() (VaultStatus, error) {
	var status VaultStatus
	var text *C.char
	err := i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_vault_status(p, &text, object)
	})
	if err != nil {
		return status, err
	}
	return status, json.Unmarshal([]byte(takeText(text)), &status)
}

// AddKey gives a running instance a second key, so that it goes on when another process rotates to it: give the new key
// to every process first, rotate in one, then take the old key away.
func (i *Instance) AddKey(key Key) error {
	var memory taken
	defer memory.free()
	given := memory.key(key)
	if memory.err != nil {
		return memory.err
	}
	return i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		memory.called = true
		return C.askel_s4_vault_add_key(p, given, object)
	})
}

// RotateOptions say how to rotate or to rekey.
type RotateOptions struct {
	// Actor is who does it, for the audit trail; "" names nobody.
	Actor string
	// Progress is told now and then how many are done of how many. It must not use the instance.
	Progress func(done, total uint64)
}

// RotateKey replaces the key-encryption key, connection by connection, while this and other processes go on. After the
// last one the old key is refused. When the context ended it (ErrCancelled), or the process was killed, the same call
// with the same key goes on where it ended. ErrConflict: a rotation to another key, or a rekey, has not ended. After
// a leak of the old key together with a copy of the vault, Rekey follows.
func (i *Instance) RotateKey(ctx context.Context, newKey Key, options RotateOptions) error {
	var memory taken
	defer memory.free()
	given := memory.key(newKey)
	return i.move(ctx, &memory, given, options, func(
		p *C.askel_s4_instance, o *C.askel_s4_rotate_options, object **C.askel_s4_error,
	) C.askel_s4_status {
		return C.askel_s4_vault_rotate_key(p, o, object)
	})
}

// Rekey replaces every key below the key-encryption key and seals all anew. For after a leak, following RotateKey; the
// credentials that leaked are to be changed at the tenants all the same. Online and resumable like a rotation.
func (i *Instance) Rekey(ctx context.Context, options RotateOptions) error {
	var memory taken
	defer memory.free()
	return i.move(ctx, &memory, nil, options, func(
		p *C.askel_s4_instance, o *C.askel_s4_rotate_options, object **C.askel_s4_error,
	) C.askel_s4_status {
		return C.askel_s4_vault_rekey(p, o, object)
	})
}

func (i *Instance) move(
	ctx context.Context, memory *taken, key *C.askel_s4_key, options RotateOptions,
	function func(*C.askel_s4_instance, *C.askel_s4_rotate_options, **C.askel_s4_error) C.askel_s4_status,
) error {
	o := C.askel_s4_rotate_options{
		struct_size: C.sizeof_askel_s4_rotate_options,
		new_key:     key,
		actor:       memory.text("Actor", options.Actor),
	}
	if memory.err != nil {
		return memory.err
	}
	if err := ctx.Err(); err != nil {
		return &Error{Code: ErrCancelled, Message: "the context had ended before", RetryAfter: -1, cause: err}
	}
	telling := &progress{ctx: ctx, tellMore: options.Progress}
	userdata := hold(telling)
	defer release(userdata)
	C.askel_go_progress(&o, userdata)
	err := i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		memory.called = true
		return function(p, &o, object)
	})
	if telling.panicked {
		panic(telling.panicValue)
	}
	var found *Error
	if errors.As(err, &found) && found.Code == ErrCancelled {
		found.cause = ctx.Err()
	}
	return err
}

// progress of one call.
type progress struct {
	ctx      context.Context
	tellMore func(done, total uint64)
	// A panic must not pass through the library: it goes on after the call.
	panicked   bool
	panicValue any
}

// tell says whether the work is to go on.
func (p *progress) tell(done, total uint64) bool {
	defer func() {
		if p.panicked {
			p.panicValue = recover()
		}
	}()
	if p.tellMore != nil {
		p.panicked = true
		p.tellMore(done, total)
		p.panicked = false
	}
	return p.ctx.Err() == nil
}

// CheckVault looks through the whole vault: the file's structure, and that every record proves genuine. ErrVaultCorrupt
// names the first finding.
func (i *Instance) CheckVault() error {
	return i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_vault_check(p, object)
	})
}

// Discard takes away a record that is no connection's of this vault: so damaged that nobody knows whose it was, another
// vault's, or not in its place. It makes Connections, RotateKey, Rekey and every ErrNotFound an ErrVaultCorrupt, whose
// Target is the record's key. ErrConflict: a connection is found by it, and proves genuine. The actor is who does it, for
// the audit trail; "" names nobody.
func (i *Instance) Discard(record, actor string) error {
	return i.change(record, actor, func(
		p *C.askel_s4_instance, record, actor *C.char, object **C.askel_s4_error,
	) C.askel_s4_status {
		return C.askel_s4_vault_discard(p, record, actor, object)
	})
}

// Backup copies the vault's file while it is in use, to a new file of mode 0600; it opens under the same key.
func (i *Instance) Backup(path string) error {
	var memory arena
	defer memory.free()
	text := memory.given("path", path)
	if memory.err != nil {
		return memory.err
	}
	return i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_vault_backup(p, text, object)
	})
}
