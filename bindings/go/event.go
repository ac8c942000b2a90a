// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"context"
	"encoding/json"
	"os"
	"time"
)

// Kinds of events.
const (
	// EventConnectionState: Connection went From one state To another At a time. Recovered says whether it works again
	// after a failure; Code and Message say why it does not.
	EventConnectionState = "connection_state"
	// EventStateNotSaved: the vault could not be written, for the reason in Message, so other processes do not know that
	// Connection went To that state At that time.
	EventStateNotSaved = "state_not_saved"
	// EventCredentialSwitched: Connection's live credential, of FromGeneration, was rejected with Code, and the proven
	// one that stood beside it, ToGeneration, took over At that time.
	EventCredentialSwitched = "credential_switched"
	// EventDropped: Count events were dropped, because more waited than EventCapacity.
	EventDropped = "events_dropped"
	// EventLog: a request ended; see LogRecord.
	EventLog = "log"
	// EventLogDropped: Count log records were dropped. They have room of their own.
	EventLogDropped = "log_dropped"
)

// Event is something that the library has to tell. Its Kind says which members are set.
type Event struct {
	// Kind is an Event constant; one that is none of them comes from a later library.
	Kind string `json:"event"`
	// Connection is the connection's ID.
	Connection string
	// From and To are "new", "active", "expiring", "expired", "unauthorised" or "unreachable".
	From, To       string
	FromGeneration uint64 `json:"from_generation"`
	ToGeneration   uint64 `json:"to_generation"`
	Recovered      bool
	At             time.Time
	// Code is the token endpoint's or SAP's ("invalid_client"); "" for a success.
	Code    string
	Message string
	Count   uint64
	LogRecord
}

// LogRecord tells of a request that ended, with Connection, At and Message of its Event.
type LogRecord struct {
	// Level is "error", "warning", "info" or "debug".
	Level string
	// What is "request" or "token_request".
	What        string
	RequestID   string `json:"request_id"`
	Traceparent string
	// Attempt is 1 for the first.
	Attempt      int
	Method, Host string
	// Path without query and keys.
	Path         string
	Milliseconds int64 `json:"ms"`
	// HTTPStatus of the answer; 0: none came, for the reason in Status and Message.
	HTTPStatus int `json:"http_status"`
	Bytes      uint64
	Status     Code
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

// WaitEvent takes the oldest event, and waits for one where none is there, until the context ends or the instance is
// closed (ErrClosed). No thread is held. Each event goes to one caller.
func (i *Instance) WaitEvent(ctx context.Context) (*Event, error) {
	file, err := i.eventFile()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	// A deadline that has passed ends the wait.
	stop := when(ctx.Done(), i.closing, func() { file.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var event *Event
	late := await(file, func() bool {
		event, err = i.NextEvent()
		return event != nil || err != nil
	})
	if event != nil || err != nil {
		return event, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// Nothing else sets a deadline, so the instance was closed; NextEvent says so.
	if event, err = i.NextEvent(); event != nil || err != nil {
		return event, err
	}
	return nil, late
}

// eventFile gives a file that is readable while events wait.
func (i *Instance) eventFile() (*os.File, error) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if i.pointer == nil {
		return nil, closed("instance")
	}
	return pollable(C.askel_s4_instance_event_fd(i.pointer), "askel_s4 event queue")
}
