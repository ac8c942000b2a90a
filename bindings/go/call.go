// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// finish waits for a call through Go's poller, so that the goroutine holds no thread, and lets take have its result.
// When the context ends, the call is cancelled and its end awaited. The call is freed.
func finish(ctx context.Context, call *C.askel_s4_call, take func(*C.askel_s4_call) error) error {
	defer C.askel_s4_call_free(call)
	if err := wait(ctx, call); err != nil {
		return err
	}
	err := take(call)
	var found *Error
	if errors.As(err, &found) && found.Code == ErrCancelled {
		found.cause = ctx.Err()
	}
	return err
}

func wait(ctx context.Context, call *C.askel_s4_call) error {
	stop := cancelWith(ctx, call)
	defer stop()
	// A descriptor of our own: the poller's must not be closed by anybody else, and the call's belongs to the call.
	descriptor, _, errno := syscall.Syscall(
		syscall.SYS_FCNTL, uintptr(C.askel_s4_call_fd(call)), syscall.F_DUPFD_CLOEXEC, 0)
	if errno != 0 {
		return fmt.Errorf("no descriptor for a call: %w", errno)
	}
	// Only a descriptor that does not block goes to the poller.
	if err := syscall.SetNonblock(int(descriptor), true); err != nil {
		syscall.Close(int(descriptor))
		return err
	}
	file := os.NewFile(descriptor, "askel_s4 call")
	defer file.Close()
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	// The poller calls this whenever the descriptor may have become readable. Nothing is read from it.
	return raw.Read(func(uintptr) bool {
		return C.askel_s4_call_wait(call, 0, nil) != C.ASKEL_S4_PENDING
	})
}

// cancelWith cancels the call when the context ends, until the function that it gives is called.
func cancelWith(ctx context.Context, call *C.askel_s4_call) func() {
	if ctx.Done() == nil {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-ctx.Done():
			C.askel_s4_call_cancel(call)
		case <-stop:
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}
