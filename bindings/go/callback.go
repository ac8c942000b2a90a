// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// What a failed callback returns: neither 0 nor a number that means something.
const callbackFailed = -1

// called runs a function of the library that may run callbacks, and makes an error of what it reports. Where a callback
// failed, its error is that error's cause.
func called(function func(**C.askel_s4_error) C.askel_s4_status) error {
	// A callback runs on the thread of its call.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var object *C.askel_s4_error
	status := function(&object)
	// Also after a success: the library may get over a failure.
	cause := reports.take()
	err := result(status, object)
	var found *Error
	if cause != nil && errors.As(err, &found) && (found.Code == ErrVaultKeyRefused || found.Code == ErrVaultUnavailable) {
		found.cause = cause
	}
	return err
}

// reports are the errors of callbacks whose calls go on, by their threads.
var reports reportsByThread

type reportsByThread struct {
	mu     sync.Mutex
	errors map[int]error
	count  atomic.Int64
}

func (r *reportsByThread) put(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.errors == nil {
		r.errors = map[int]error{}
	}
	r.errors[syscall.Gettid()] = err
	r.count.Store(int64(len(r.errors)))
}

func (r *reportsByThread) take() error {
	// Almost always there is none anywhere.
	if r.count.Load() == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	thread := syscall.Gettid()
	err := r.errors[thread]
	delete(r.errors, thread)
	r.count.Store(int64(len(r.errors)))
	return err
}

// answer runs the product's part of a callback. Its error is told to the library and kept for the end of the call.
func answer(sink *C.askel_s4_sink, work func() error) C.int {
	err := recovered(work)
	if err == nil {
		return 0
	}
	reports.put(err)
	var memory arena
	defer memory.free()
	C.askel_s4_sink_failure(sink, memory.given("failure", oneLine(err.Error())))
	if errors.Is(err, ErrVaultUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		return C.ASKEL_S4_VAULT_UNAVAILABLE
	}
	return callbackFailed
}

// recovered makes an error of a panic, which must not pass through the library.
func recovered(work func() error) (err error) {
	ended := false
	defer func() {
		cause := recover()
		if ended {
			return
		}
		if given, ok := cause.(error); ok {
			err = fmt.Errorf("panic: %w", given)
		} else {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	err = work()
	ended = true
	return err
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "\x00", " ")), " ")
}
