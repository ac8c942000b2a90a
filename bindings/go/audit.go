// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"encoding/json"
	"strings"
	"time"
)

// AuditHead is how far the audit trail has come. Keep it outside of the vault: given to AuditVerify later, it shows
// that entries, or the whole vault, were put back to an earlier state.
type AuditHead struct {
	VaultID string `json:"vault_id"`
	// Count of entries.
	Count uint64 `json:"count"`
	// Hash covers the last entry and all before it.
	Hash string `json:"hash"`
	// Generation rises with each change of credentials or keys.
	Generation uint64 `json:"generation"`
}

// AuditHead tells how far the audit trail has come.
func (i *Instance) AuditHead() (AuditHead, error) {
	var head AuditHead
	var text *C.char
	err := i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_vault_audit_head(p, &text, object)
	})
	if err != nil {
		return head, err
	}
	return head, json.Unmarshal([]byte(takeText(text)), &head)
}

// AuditReport is what a verification of the audit trail came to.
type AuditReport struct {
	Intact bool
	// Entries that proved genuine.
	Entries uint64
	// FirstBroken is the number of the first entry that does not prove genuine; nil where it is not an entry.
	FirstBroken *uint64 `json:"first_broken"`
	// Finding says what was found; "" for a trail that is intact.
	Finding string
	// Head of the trail; nil where it is missing or does not prove genuine.
	Head *AuditHead
}

// AuditVerify verifies the audit trail from its first entry to its last, and the connections against it. What is wrong
// is in the report and no error. The head is an earlier one, or nil.
func (i *Instance) AuditVerify(head *AuditHead) (AuditReport, error) {
	var report AuditReport
	var memory arena
	defer memory.free()
	var earlier *C.char
	if head != nil {
		encoded, err := json.Marshal(head)
		if err != nil {
			return report, err
		}
		earlier = memory.given("head", string(encoded))
	}
	var text *C.char
	err := i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_vault_audit_verify(p, earlier, &text, object)
	})
	if err != nil {
		return report, err
	}
	return report, json.Unmarshal([]byte(takeText(text)), &report)
}

// AuditEntry is one entry of the audit trail. No secret is in it.
type AuditEntry struct {
	// Number is 1 for the first entry.
	Number uint64 `json:"entry"`
	At     time.Time
	// Actor is who did it, as it was passed; "" where nobody was named.
	Actor string
	// Action is "put", "stage", "promote", "retire", "delete", "discard", "check", "rejected", "recovered", "fall_over",
	// "vault_created", "rotate_started", "rotate_ended", "rekey_started", "rekey_ended" or "migrated".
	Action string
	// Connection is the connection's ID; "" for what concerns the whole vault.
	Connection string
	// Generation of the credential that it is about.
	Generation uint64
	// Result is "ok", or the code of what went wrong.
	Result string
}

// AuditFilter says which entries to give.
type AuditFilter struct {
	// Connection picks the entries of one connection; "" is all.
	Connection string
	// From and To pick the entries from the one moment on and before the other; the zero time is no bound.
	From, To time.Time
	// After is the number of an entry that was given before: the ones behind it are picked.
	After uint64
	// Limit is the most entries to give; 0 is 1000, and 100000 is the most.
	Limit uint32
}

// AuditEntries gives entries of the audit trail, oldest first. Where there may be more than Limit, ask again with After
// set to the last one's Number until none come.
func (i *Instance) AuditEntries(filter AuditFilter) ([]AuditEntry, error) {
	var memory arena
	defer memory.free()
	o := C.askel_s4_audit_options{
		struct_size: C.sizeof_askel_s4_audit_options,
		connection:  memory.text("Connection", filter.Connection),
		from:        memory.moment("From", filter.From),
		to:          memory.moment("To", filter.To),
		after:       C.uint64_t(filter.After),
		limit:       C.uint32_t(filter.Limit),
	}
	if memory.err != nil {
		return nil, memory.err
	}
	var text *C.char
	err := i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_vault_audit_export(p, &o, &text, object)
	})
	if err != nil {
		return nil, err
	}
	var entries []AuditEntry
	for decoder := json.NewDecoder(strings.NewReader(takeText(text))); decoder.More(); {
		var entry AuditEntry
		if err := decoder.Decode(&entry); err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}
