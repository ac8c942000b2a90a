// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"encoding/json"
	"fmt"
	"time"
)

// Code is a status code of the library. It is an error itself, to be looked for with errors.Is:
//
//	if errors.Is(err, askels4.ErrCredentialExpired) { ... }
type Code int32

// The names say what the caller does next; the header describes each.
const (
	ErrInvalidArgument      Code = C.ASKEL_S4_INVALID_ARGUMENT
	ErrClosed               Code = C.ASKEL_S4_CLOSED
	ErrForked               Code = C.ASKEL_S4_FORKED
	ErrCancelled            Code = C.ASKEL_S4_CANCELLED
	ErrTimedOut             Code = C.ASKEL_S4_TIMED_OUT
	ErrNotFound             Code = C.ASKEL_S4_NOT_FOUND
	ErrConflict             Code = C.ASKEL_S4_CONFLICT
	ErrVaultUnavailable     Code = C.ASKEL_S4_VAULT_UNAVAILABLE
	ErrVaultKeyRefused      Code = C.ASKEL_S4_VAULT_KEY_REFUSED
	ErrVaultCorrupt         Code = C.ASKEL_S4_VAULT_CORRUPT
	ErrHostRefused          Code = C.ASKEL_S4_HOST_REFUSED
	ErrOriginRefused        Code = C.ASKEL_S4_ORIGIN_REFUSED
	ErrCredentialExpired    Code = C.ASKEL_S4_CREDENTIAL_EXPIRED
	ErrUnauthorised         Code = C.ASKEL_S4_UNAUTHORISED
	ErrUnreachable          Code = C.ASKEL_S4_UNREACHABLE
	ErrTLSRefused           Code = C.ASKEL_S4_TLS_REFUSED
	ErrThrottled            Code = C.ASKEL_S4_THROTTLED
	ErrUnknownOutcome       Code = C.ASKEL_S4_UNKNOWN_OUTCOME
	ErrServiceError         Code = C.ASKEL_S4_SERVICE_ERROR
	ErrNotOData             Code = C.ASKEL_S4_NOT_ODATA
	ErrMalformedAnswer      Code = C.ASKEL_S4_MALFORMED_ANSWER
	ErrReadInconsistent     Code = C.ASKEL_S4_READ_INCONSISTENT
	ErrTooLarge             Code = C.ASKEL_S4_TOO_LARGE
	ErrPreconditionFailed   Code = C.ASKEL_S4_PRECONDITION_FAILED
	ErrPreconditionRequired Code = C.ASKEL_S4_PRECONDITION_REQUIRED
	ErrHostUnfit            Code = C.ASKEL_S4_HOST_UNFIT
	ErrInternal             Code = C.ASKEL_S4_INTERNAL
)

func (c Code) Error() string {
	return fmt.Sprintf("askel_s4 status %d", int32(c))
}

// Outcome is what became of an operation at the tenant when it failed.
type Outcome int32

const (
	// OutcomeNotSent: nothing was sent.
	OutcomeNotSent Outcome = C.ASKEL_S4_OUTCOME_NOT_SENT
	// OutcomeNotProcessed: it was sent, and the answer proves that it was not carried out.
	OutcomeNotProcessed Outcome = C.ASKEL_S4_OUTCOME_NOT_PROCESSED
	// OutcomeProcessed: it was carried out, and something went wrong afterwards.
	OutcomeProcessed Outcome = C.ASKEL_S4_OUTCOME_PROCESSED
	// OutcomeUnknown: it was sent, and nothing proves whether it was carried out. Harmless for a read.
	OutcomeUnknown Outcome = C.ASKEL_S4_OUTCOME_UNKNOWN
)

// Error is why an operation did not come to its end. It never holds a secret or a token.
type Error struct {
	Code    Code
	Message string
	// SAPCode is SAP's code or the token endpoint's ("invalid_client"). Decide on this and not on the message.
	SAPCode    string
	HTTPStatus int
	Outcome    Outcome
	// Retryable says whether the same call may succeed later without any change.
	Retryable bool
	// RetryAfter is how long the tenant asked to wait; negative where it said nothing.
	RetryAfter time.Duration
	// Target is what the error is about: an argument's name, a property, a service path.
	Target    string
	RequestID string
	Details   []Detail
	cause     error
}

// Detail is a further message of SAP.
type Detail struct {
	Code, Message, Severity, Target string
}

func (e *Error) Error() string {
	return e.Message
}

// Is says whether target is this error's code.
func (e *Error) Is(target error) bool {
	return target == e.Code
}

// Unwrap gives what ended the operation where that is none of the library: the context's error, or a callback's.
func (e *Error) Unwrap() error {
	return e.cause
}

func invalidArgument(message string) error {
	return &Error{Code: ErrInvalidArgument, Message: message, RetryAfter: -1}
}

func closed(what string) error {
	return &Error{Code: ErrClosed, Message: "this " + what + " was closed: open a new one", RetryAfter: -1}
}

// result makes an error of a status and the library's error object, which it frees.
func result(status C.askel_s4_status, object *C.askel_s4_error) error {
	if status == C.ASKEL_S4_OK {
		return nil
	}
	defer C.askel_s4_error_free(object)
	seconds := C.askel_s4_error_retry_after_s(object)
	found := &Error{
		Code:       Code(status),
		Message:    C.GoString(C.askel_s4_error_message(object)),
		SAPCode:    C.GoString(C.askel_s4_error_sap_code(object)),
		HTTPStatus: int(C.askel_s4_error_http_status(object)),
		Outcome:    Outcome(C.askel_s4_error_outcome(object)),
		Retryable:  C.askel_s4_error_retryable(object) != 0,
		RetryAfter: time.Duration(seconds) * time.Second,
		Target:     C.GoString(C.askel_s4_error_target(object)),
		RequestID:  C.GoString(C.askel_s4_error_request_id(object)),
	}
	if err := json.Unmarshal([]byte(C.GoString(C.askel_s4_error_details(object))), &found.Details); err != nil {
		return fmt.Errorf("%w (its details are no JSON: %v)", found, err)
	}
	return found
}
