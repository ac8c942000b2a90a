// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"context"
	"errors"
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
	file, err := pollable(C.askel_s4_call_fd(call), "askel_s4 call")
	if err != nil {
		return err
	}
	defer file.Close()
	stop := when(ctx.Done(), nil, func() { C.askel_s4_call_cancel(call) })
	defer stop()
	return await(file, func() bool {
		return C.askel_s4_call_wait(call, 0, nil) != C.ASKEL_S4_PENDING
	})
}
