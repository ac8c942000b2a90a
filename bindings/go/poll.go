// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"fmt"
	"os"
	"syscall"
)

// pollable makes a file for Go's poller of a descriptor that belongs to the library. The file has a descriptor of its
// own: the poller's must not be closed by anybody else.
func pollable(descriptor C.int, name string) (*os.File, error) {
	own, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(descriptor), syscall.F_DUPFD_CLOEXEC, 0)
	if errno != 0 {
		return nil, fmt.Errorf("no descriptor for an %s: %w", name, errno)
	}
	// Only a descriptor that does not block goes to the poller.
	if err := syscall.SetNonblock(int(own), true); err != nil {
		syscall.Close(int(own))
		return nil, err
	}
	return os.NewFile(own, name), nil
}

// await calls done now and whenever the file may have become readable, until it gives true or the file's deadline
// passes. Nothing is read from the file, and no thread is held.
func await(file *os.File, done func() bool) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Read(func(uintptr) bool { return done() })
}

// when calls act once one of two channels is closed, until the function that it gives is called. A nil channel never
// is.
func when(one, other <-chan struct{}, act func()) func() {
	if one == nil && other == nil {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-one:
			act()
		case <-other:
			act()
		case <-stop:
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}
